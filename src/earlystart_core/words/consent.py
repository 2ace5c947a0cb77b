"""Consent: what a family agreed to receive, and what it agreed may be shared, with whom, for what, until when.

Agreement to a service and consent to share are two things, and neither follows from the other.
A refusal or a withdrawal is a fact like any other: nothing here deletes.
"""

from earlystart_core.event import Event
from earlystart_core.types import CaseId, Day, Decision, Label, OrgId, PersonId


class ServiceAgreementRecorded(Event, frozen=True):
    case: CaseId
    person: PersonId
    capacity: Label
    decision: Decision


class SharingConsentRecorded(Event, frozen=True):
    case: CaseId
    person: PersonId
    capacity: Label
    recipient: OrgId
    purpose: Label
    decision: Decision
    wording: Label  # the id of the text that the person saw
    until: Day | None = None  # inclusive
