"""Sharing: what was told to another organisation about a family, and on which basis it stood.

Nothing leaves without consent that covers it, an agreement in force, an override for danger of harm, or a legal duty:
the sharing policy says which, by name and version.
"""

from typing import assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Fact, Facts, Named, Stated, Word, facts
from earlystart_core.entry import Practitioner
from earlystart_core.errors import Refused
from earlystart_core.event import Event, Personal
from earlystart_core.types import Basis, CaseId, Label, OrgId, Position, PractitionerId, Text
from earlystart_core.words.agreement import (
    AGREEMENT,
    AgreementEnded,
    AgreementEvent,
    AgreementReviewed,
    AgreementSigned,
    Items,
)
from earlystart_core.words.case import CaseOpened, Life
from earlystart_core.words.consent import SharingConsentRecorded
from earlystart_core.words.policy import SENTENCES, Grounds, Wanted, policy_at


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
    items: Items
    basis: Basis
    basis_position: Position | None = None  # the entry that the sharing relied on


class DisclosureRefused(Event, frozen=True):
    case: CaseId
    requester: OrgId
    purpose: Label
    reason: Personal | None = None


class OverrideSharing(Command):
    case: CaseId
    recipient: OrgId
    harm: Stated
    authorised_by: Named
    family_told: bool
    if_not_why: Stated | None = None


class ShareInformation(Command):
    case: CaseId
    recipient: OrgId
    purpose: Label
    items: Items
    basis: Basis
    basis_position: Position | None = None


class RefuseDisclosure(Command):
    case: CaseId
    requester: OrgId
    purpose: Label
    reason: Text | None = None


SharingCommand = OverrideSharing | ShareInformation | RefuseDisclosure
SharingEvent = (
    CaseOpened | SharingConsentRecorded | SharingOverridden | AgreementEvent | InformationShared | DisclosureRefused
)


class Sharing(msgspec.Struct, frozen=True):
    """What was decided and done about one case and one organisation."""

    life: Life = Life()
    grounds: Grounds = Grounds()
    employer: OrgId | None = None  # of whoever shares
    done: tuple[SharingOverridden | InformationShared | DisclosureRefused, ...] = ()


def boundary(command: SharingCommand) -> Facts:
    case = ([CaseOpened], [command.case])
    match command:
        case OverrideSharing():
            return facts(case, ([SharingOverridden], [command.case, command.recipient]))
        case RefuseDisclosure():
            return facts(case, ([DisclosureRefused], [command.case, command.requester]))
        case ShareInformation():
            bases: dict[Basis, list[type[Event]]] = {
                "consent": [SharingConsentRecorded],
                "override": [SharingOverridden],
            }
            bearing: list[type[Event]] = [InformationShared, *bases.get(command.basis, [])]
            # the whole course of each: an entry of it that names other parties may end it
            agreed = [Fact(AGREEMENT, (command.recipient,), "agreement")] if command.basis == "agreement" else []
            return facts(case, (bearing, [command.case, command.recipient]), *agreed)
        case _:
            assert_never(command)


def evolve(state: Sharing, event: SharingEvent) -> Sharing:
    match event:
        case CaseOpened():
            return replace(state, life=state.life.after(event))
        case SharingConsentRecorded() | AgreementSigned() | AgreementReviewed() | AgreementEnded():
            return replace(state, grounds=state.grounds.after(event))
        case SharingOverridden():
            return replace(state, grounds=state.grounds.overridden(event), done=(*state.done, event))
        case InformationShared() | DisclosureRefused():
            return replace(state, done=(*state.done, event))
        case _:
            assert_never(event)


def decide(command: SharingCommand, state: Sharing) -> tuple[Event, ...]:
    # Each act has no id but its instant: the same said again of another instant is another act.
    state.life.expect_known(command.case)
    match command:
        case OverrideSharing():
            if not command.family_told and command.if_not_why is None:
                raise Refused(
                    "sharing.family_not_told", f"{command.case}: expected the reason why the family was not told"
                )
            return () if _done(command, state, SharingOverridden) else (command.ordered(SharingOverridden),)
        case RefuseDisclosure():
            return () if _done(command, state, DisclosureRefused) else (command.ordered(DisclosureRefused),)
        case ShareInformation():
            if _done(command, state, InformationShared):
                return ()
            policy = policy_at(command.at)
            lacking = policy.lack(wanted(command, state.employer), state.grounds)
            if lacking is not None:
                said = f"{command.recipient}, about {command.case}: {SENTENCES[lacking]} ({policy})"
                raise Refused(f"sharing.{lacking}", said)
            return (command.ordered(InformationShared),)
        case _:
            assert_never(command)


def _done(command: SharingCommand, state: Sharing, act: type[Event]) -> bool:
    return any(type(done) is act and done.occurred_at == command.at and command.says(done) for done in state.done)


def wanted(sharing: ShareInformation | InformationShared, employer: OrgId | None) -> Wanted:
    """What the policy is asked of a sharing. employer: of whoever shares."""
    at = sharing.occurred_at
    assert at is not None
    return Wanted(employer, sharing.recipient, sharing.purpose, sharing.items, sharing.basis, at)


def asked_by(state: Sharing, by: Practitioner) -> Sharing:
    """The state with the employer of whoever gives the order: an agreement covers only what its parties share."""
    return replace(state, employer=by.employer)


WORD = Word(boundary, Sharing(), evolve, decide, asked_by)
