"""Consent: what a family agreed to receive, and what it agreed may be shared, with whom, for what, until when.

Agreement to a service and consent to share are two things, and neither follows from the other.
A refusal or a withdrawal is a fact like any other: nothing here deletes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeVar, assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word, facts, latest
from earlystart_core.errors import Refused
from earlystart_core.event import Event
from earlystart_core.types import CaseId, Day, Decision, Label, OrgId, PersonId, london_date
from earlystart_core.words.case import CaseOpened, Life


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


class RecordServiceAgreement(Command):
    case: CaseId
    person: PersonId
    capacity: Label
    decision: Decision


class RecordSharingConsent(Command):
    case: CaseId
    person: PersonId
    capacity: Label
    recipient: OrgId
    purpose: Label
    decision: Decision
    wording: Label
    until: Day | None = None


class Consents(msgspec.Struct, frozen=True):
    """What one person decided about one case, and about one recipient."""

    life: Life = Life()
    agreements: tuple[ServiceAgreementRecorded, ...] = ()
    consents: tuple[SharingConsentRecorded, ...] = ()


def boundary(command: RecordServiceAgreement | RecordSharingConsent) -> Facts:
    case = ([CaseOpened], [command.case])
    match command:
        case RecordServiceAgreement():
            return facts(case, ([ServiceAgreementRecorded], [command.case, command.person]))
        case RecordSharingConsent():
            return facts(case, ([SharingConsentRecorded], [command.case, command.person, command.recipient]))
        case _:
            assert_never(command)


def evolve(state: Consents, event: CaseOpened | ServiceAgreementRecorded | SharingConsentRecorded) -> Consents:
    match event:
        case CaseOpened():
            return replace(state, life=state.life.after(event))
        case ServiceAgreementRecorded():
            return replace(state, agreements=(*state.agreements, event))
        case SharingConsentRecorded():
            return replace(state, consents=(*state.consents, event))
        case _:
            assert_never(event)


def decide(command: RecordServiceAgreement | RecordSharingConsent, state: Consents) -> tuple[Event, ...]:
    # A case need not be open: what a family decides, above all a withdrawal, counts at any time. What someone gave
    # still covers after the opening was marked in error, so it can be taken back then too.
    if command.decision == "given" or not (state.agreements or state.consents):
        state.life.expect_known(command.case)
    match command:
        case RecordServiceAgreement():
            return _record(command, state.agreements, ServiceAgreementRecorded)
        case RecordSharingConsent():
            if command.until is not None and command.until < london_date(command.at):
                raise Refused("consent.ends_before_start", "until: expected a day not before the decision's own")
            same = [consent for consent in state.consents if consent.purpose == command.purpose]
            return _record(command, same, SharingConsentRecorded)
        case _:
            assert_never(command)


Decided = TypeVar("Decided", ServiceAgreementRecorded, SharingConsentRecorded)


def _record(
    command: RecordServiceAgreement | RecordSharingConsent, decisions: Sequence[Decided], event: type[Decided]
) -> tuple[Event, ...]:
    if command.says(latest(decisions, command.at)):
        return ()
    given = [past for past in decisions if past.decision == "given" and past.occurred_at <= command.at]
    if command.decision == "withdrawn" and not given:
        raise Refused("consent.never_given", f"{command.person} never gave what is withdrawn: record a refusal instead")
    return (command.ordered(event),)


Lack = Literal["nobody_asked", "not_given", "past"]


def live(decisions: Sequence[Decided], at: datetime) -> list[Decided]:
    """Each person's latest of those decisions, in effective order, that was made by that instant."""
    people = {decision.person: decision for decision in decisions if decision.occurred_at <= at}
    return list(people.values())


def lack_of_agreement(decisions: Sequence[Decided], at: datetime) -> Lack | None:
    """What one matter lacks to be agreed at that instant; None when at least one person decided, and all gave."""
    standing = live(decisions, at)
    if not standing:
        return "nobody_asked"
    return None if all(decision.decision == "given" for decision in standing) else "not_given"


def lack_of_consent(decisions: Sequence[SharingConsentRecorded], at: datetime) -> Lack | None:
    """As `lack_of_agreement`, for one case, recipient and purpose; `past`: an `until` lies before that London day."""
    day = london_date(at)
    past = any(decision.until is not None and decision.until < day for decision in live(decisions, at))
    return lack_of_agreement(decisions, at) or ("past" if past else None)


WORD = Word(boundary, Consents(), evolve, decide)
