"""Sharing: what was told to another organisation about a family, and on which basis it stood.

Nothing leaves without consent that covers it, an override for danger of harm, or a legal duty.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Named, Stated, Word, facts, several
from earlystart_core.errors import Refused
from earlystart_core.event import Event, Personal
from earlystart_core.types import Basis, CaseId, Label, OrgId, Position, PractitionerId, Text
from earlystart_core.words import consent
from earlystart_core.words.case import CaseOpened, Life
from earlystart_core.words.consent import SharingConsentRecorded

Items = Annotated[tuple[Label, ...], *several(1, 100)]


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
SharingEvent = CaseOpened | SharingConsentRecorded | SharingOverridden | InformationShared | DisclosureRefused


class Sharing(msgspec.Struct, frozen=True):
    """What was decided and done about one case and one organisation."""

    life: Life = Life()
    consents: tuple[SharingConsentRecorded, ...] = ()
    overrides: tuple[SharingOverridden, ...] = ()
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
            return facts(case, (bearing, [command.case, command.recipient]))
        case _:
            assert_never(command)


def evolve(state: Sharing, event: SharingEvent) -> Sharing:
    match event:
        case CaseOpened():
            return replace(state, life=state.life.after(event))
        case SharingConsentRecorded():
            return replace(state, consents=(*state.consents, event))
        case SharingOverridden():
            return replace(state, overrides=(*state.overrides, event), done=(*state.done, event))
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
            lacking = lack(command.basis, command.purpose, state.consents, state.overrides, command.at)
            if lacking is not None:
                raise Refused(f"sharing.{lacking}", f"{command.recipient}, about {command.case}: {SENTENCES[lacking]}")
            return (command.ordered(InformationShared),)
        case _:
            assert_never(command)


def _done(command: SharingCommand, state: Sharing, act: type[Event]) -> bool:
    return any(type(done) is act and done.occurred_at == command.at and command.says(done) for done in state.done)


Lack = consent.Lack | Literal["no_override", "no_agreement"]
SENTENCES: dict[Lack, str] = {
    "nobody_asked": "expected consent for exactly this purpose, nobody had decided by then",
    "not_given": "expected consent of everyone who decided, someone's latest decision was not to give it",
    "past": "expected consent that runs until that day or later, someone's had ended",
    "no_override": "expected an override for this recipient, none stood at that time",
    "no_agreement": "expected an agreement in force, there are none yet",
}


def lack(
    basis: Basis,
    purpose: Label,
    consents: Iterable[SharingConsentRecorded],
    overrides: Iterable[SharingOverridden],
    at: datetime,
) -> Lack | None:
    """What a sharing lacks to be covered by its stated basis at that instant; None when it is covered.

    consents, overrides: those known of its case and recipient, standing, in effective order.
    """
    match basis:
        case "consent":
            return consent.lack_of_consent([given for given in consents if given.purpose == purpose], at)
        case "override":
            return None if any(override.occurred_at <= at for override in overrides) else "no_override"
        case "agreement":
            return "no_agreement"
        case "duty":
            return None
        case _:
            assert_never(basis)


WORD = Word(boundary, Sharing(), evolve, decide)
