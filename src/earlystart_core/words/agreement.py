"""Agreement: what organisations agreed to share with each other, for which purposes, which items, from when to when.

It is between organisations: a family's agreement to the service, and its consent to share, are the word `consent`.
Its lawful basis is why they may process the data at all; what a sharing rests on is that sharing's own `basis`.
"""

from datetime import date, datetime
from typing import Annotated, assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word, facts, latest, several
from earlystart_core.errors import Refused
from earlystart_core.event import Event
from earlystart_core.types import (
    AgreementEnd,
    AgreementId,
    AgreementReview,
    Day,
    Label,
    LawfulBasis,
    OrgId,
    SpecialCategory,
    london_date,
)

Parties = Annotated[tuple[OrgId, ...], *several(2, 100)]
Purposes = Annotated[tuple[Label, ...], *several(1, 100)]
Items = Annotated[tuple[Label, ...], *several(1, 100)]


class AgreementSigned(Event, frozen=True):
    agreement: AgreementId
    parties: Parties
    purposes: Purposes
    items: Items  # the most that a sharing under it may hold
    lawful_basis: LawfulBasis
    starts_on: Day
    wording: Label  # the id of the text that was signed
    special_category: SpecialCategory | None = None
    ends_on: Day | None = None  # inclusive; the latest one told stands
    next_review_on: Day | None = None


class AgreementReviewed(Event, frozen=True):
    agreement: AgreementId
    parties: Parties  # those of the agreement
    outcome: AgreementReview
    ends_on: Day | None = None  # inclusive
    next_review_on: Day | None = None


class AgreementEnded(Event, frozen=True):
    agreement: AgreementId
    parties: Parties  # those of the agreement
    reason: AgreementEnd


class SignAgreement(Command):
    agreement: AgreementId
    parties: Parties
    purposes: Purposes
    items: Items
    lawful_basis: LawfulBasis
    starts_on: Day
    wording: Label
    special_category: SpecialCategory | None = None
    ends_on: Day | None = None
    next_review_on: Day | None = None


class ReviewAgreement(Command):
    agreement: AgreementId
    parties: Parties
    outcome: AgreementReview
    ends_on: Day | None = None
    next_review_on: Day | None = None


class EndAgreement(Command):
    agreement: AgreementId
    parties: Parties
    reason: AgreementEnd


AgreementCommand = SignAgreement | ReviewAgreement | EndAgreement
AgreementEvent = AgreementSigned | AgreementReviewed | AgreementEnded
AGREEMENT = (AgreementSigned, AgreementReviewed, AgreementEnded)


class Agreement(msgspec.Struct, frozen=True):
    """The course of one agreement, in effective order."""

    signed: tuple[AgreementSigned, ...] = ()
    reviewed: tuple[AgreementReviewed, ...] = ()
    ended: tuple[AgreementEnded, ...] = ()
    ends: tuple[AgreementSigned | AgreementReviewed, ...] = ()  # those that tell a last day

    def after(self, event: AgreementEvent) -> "Agreement":
        """The course with one more event."""
        match event:
            case AgreementSigned():
                return replace(self, signed=(*self.signed, event), ends=(*self.ends, event))
            case AgreementReviewed():
                return replace(self, reviewed=(*self.reviewed, event), ends=(*self.ends, event))
            case AgreementEnded():
                return replace(self, ended=(*self.ended, event))
            case _:
                assert_never(event)

    def signed_by(self, at: datetime) -> AgreementSigned | None:
        """What had been signed by that instant, None where nothing had."""
        return latest(self.signed, at)

    def in_force(self, at: datetime) -> bool:
        """Whether it holds at an instant: signed, begun, not ended, its last day not past; a late review ends none."""
        signed, day = self.signed_by(at), london_date(at)
        if signed is None or signed.starts_on > day or latest(self.ended, at) is not None:
            return False
        last = latest([told for told in self.ends if told.ends_on is not None], at)
        return last is None or last.ends_on is None or last.ends_on >= day


def boundary(command: AgreementCommand) -> Facts:
    return facts((AGREEMENT, [command.agreement]))


def evolve(state: Agreement, event: AgreementEvent) -> Agreement:
    return state.after(event)


def decide(command: AgreementCommand, state: Agreement) -> tuple[Event, ...]:
    match command:
        case SignAgreement():
            return _sign(command, state)
        case ReviewAgreement():
            return _review(command, state)
        case EndAgreement():
            return _end(command, state)
        case _:
            assert_never(command)


def _sign(command: SignAgreement, state: Agreement) -> tuple[Event, ...]:
    if any(command.repeats(signed) for signed in state.signed):
        return ()
    if state.signed:
        raise Refused("agreement.other_content", f"{command.agreement} was signed before, with other content")
    if len(set(command.parties)) < 2:
        raise Refused("agreement.one_party", f"{command.agreement}: expected at least two different parties")
    if command.ends_on is not None and command.ends_on < command.starts_on:
        raise Refused("agreement.ends_before_start", "ends_on: expected a day not before the agreement starts")
    _expect_ahead(command, command.next_review_on)
    return (command.ordered(AgreementSigned),)


def _review(command: ReviewAgreement, state: Agreement) -> tuple[Event, ...]:
    _expect_signed(command, state)
    reviewed = command.ordered(AgreementReviewed)
    if reviewed in state.reviewed:
        return ()
    if latest(state.ended, command.at) is not None:
        raise Refused("agreement.ended", f"{command.agreement} had ended: expected an agreement that had not")
    for day in (command.ends_on, command.next_review_on):
        _expect_ahead(command, day)
    return (reviewed,)


def _end(command: EndAgreement, state: Agreement) -> tuple[Event, ...]:
    _expect_signed(command, state)
    if any(command.repeats(ended) for ended in state.ended):
        return ()
    if state.ended:
        raise Refused("agreement.ended", f"{command.agreement} has ended, as {state.ended[-1].reason}")
    return (command.ordered(AgreementEnded),)


def _expect_signed(command: ReviewAgreement | EndAgreement, state: Agreement) -> None:
    if not state.signed:
        raise Refused("agreement.unknown", f"{command.agreement} is not known: expected an agreement that was signed")
    signed = state.signed_by(command.at)
    if signed is None:
        raise Refused("agreement.not_yet_signed", f"{command.agreement}: expected a time at or after it was signed")
    if set(signed.parties) != set(command.parties):
        raise Refused("agreement.other_parties", f"{command.agreement}: expected the parties that signed it")


def _expect_ahead(command: SignAgreement | ReviewAgreement, day: date | None) -> None:
    if day is not None and day < london_date(command.at):
        raise Refused("agreement.day_past", f"{command.agreement}: expected a day that is not past by then")


WORD = Word(boundary, Agreement(), evolve, decide)
