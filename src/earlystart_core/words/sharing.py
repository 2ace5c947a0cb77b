"""Sharing: what was told to another organisation about a family, and on which basis it stood.

Nothing leaves without consent that covers it, an override for danger of harm, or a legal duty.
"""

from typing import Annotated

import msgspec

from earlystart_core.event import Event, Personal
from earlystart_core.types import Basis, CaseId, Label, OrgId, Position, PractitionerId


class SharingOverridden(Event, frozen=True):
    case: CaseId
    recipient: OrgId
    harm: Personal
    authorised_by: PractitionerId
    family_told: bool
    if_not_why: Personal | None = None


class InformationShared(Event, frozen=True):
    case: CaseId
    recipient: OrgId
    purpose: Label
    items: Annotated[tuple[Label, ...], msgspec.Meta(min_length=1, max_length=100)]
    basis: Basis
    basis_position: Position | None = None  # the entry that the sharing relied on


class DisclosureRefused(Event, frozen=True):
    case: CaseId
    requester: OrgId
    purpose: Label
    reason: Personal | None = None
