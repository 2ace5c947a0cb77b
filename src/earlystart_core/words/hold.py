"""Hold: an inquiry or a court orders that a record be kept; until it is lifted, nothing that it covers is erased.

A hold names a case, a person, or neither; then it covers the whole record. It stops erasing and nothing else.
Someone who can be named places it, and lifts it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.checking import NOBODY
from earlystart_core.command import Command, Facts, Word, facts
from earlystart_core.entry import Practitioner
from earlystart_core.errors import Refused
from earlystart_core.event import Event
from earlystart_core.types import CaseId, HoldId, Label, PersonId
from earlystart_core.words.case import CaseOpened, Life


class LegalHoldPlaced(Event, frozen=True):
    hold: HoldId
    authority: Label  # who ordered it, and its reference
    case: CaseId | None = None
    person: PersonId | None = None


class LegalHoldLifted(Event, frozen=True):
    hold: HoldId
    authority: Label
    case: CaseId | None = None  # where neither is named, the hold ends for everyone
    person: PersonId | None = None


class PlaceLegalHold(Command):
    hold: HoldId
    authority: Label
    case: CaseId | None = None
    person: PersonId | None = None


class LiftLegalHold(Command):
    hold: HoldId
    authority: Label
    case: CaseId | None = None
    person: PersonId | None = None


Change = LegalHoldPlaced | LegalHoldLifted
CHANGES = (LegalHoldPlaced, LegalHoldLifted)


def standing_holds(changes: Iterable[Change], at: datetime) -> tuple[LegalHoldPlaced, ...]:
    """The placements that no lift has ended by that instant, as a question asks. changes: in effective order."""
    found: dict[tuple[str, str | None, str | None], LegalHoldPlaced] = {}
    for change in changes:
        if change.occurred_at > at:
            continue
        match change:
            case LegalHoldPlaced():
                found[change.hold, change.case, change.person] = change
            case LegalHoldLifted():
                whole = change.case is None and change.person is None
                ended = [key for key in found if key[0] == change.hold and (whole or key == _key(change))]
                for key in ended:
                    del found[key]
            case _:
                assert_never(change)
    return tuple(found.values())


def binding_holds(changes: Iterable[Change], at: datetime) -> list[LegalHoldPlaced]:
    """The placements that stand in an erasure's way at that instant. changes: in the order of their recording.

    A placement counts from when it is recorded, by whatever clock it was dated. A lift counts from its instant on, and
    ends what was recorded before it and dated no later.
    """
    found: list[LegalHoldPlaced] = []
    for change in changes:
        match change:
            case LegalHoldPlaced():
                found.append(change)
            case LegalHoldLifted():
                if change.occurred_at <= at:
                    found = [placed for placed in found if not _ends(change, placed)]
            case _:
                assert_never(change)
    return found


def _ends(lift: LegalHoldLifted, placed: LegalHoldPlaced) -> bool:
    as_placed = (lift.case is None and lift.person is None) or _key(lift) == _key(placed)
    return lift.hold == placed.hold and as_placed and placed.occurred_at <= lift.occurred_at


def covers(placed: LegalHoldPlaced, ids: Iterable[str]) -> bool:
    """Whether a placement covers any of those cases and persons."""
    everyone = placed.case is None and placed.person is None
    return everyone or not {placed.case, placed.person}.isdisjoint(ids)


class Holds(msgspec.Struct, frozen=True):
    changes: tuple[Change, ...] = ()  # in the order of their recording
    life: Life = Life()
    by: str = ""  # the practitioner who gives the order


def boundary(command: PlaceLegalHold | LiftLegalHold) -> Facts:
    about = (CHANGES, [command.hold])
    if isinstance(command, LiftLegalHold) or command.case is None:
        return facts(about)
    return facts(about, ([CaseOpened], [command.case]))


def evolve(state: Holds, event: Change | CaseOpened) -> Holds:
    if isinstance(event, CaseOpened):
        return replace(state, life=state.life.after(event))
    return replace(state, changes=(*state.changes, event))


def decide(command: PlaceLegalHold | LiftLegalHold, state: Holds) -> tuple[Event, ...]:
    if state.by in NOBODY:
        raise Refused("hold.nobody_named", f"expected a practitioner who can be named, got {state.by}")
    match command:
        case PlaceLegalHold():
            return _place(command, state)
        case LiftLegalHold():
            return _lift(command, state)
        case _:
            assert_never(command)


def _place(command: PlaceLegalHold, state: Holds) -> tuple[Event, ...]:
    if command.case is not None:
        state.life.expect_known(command.case)  # a mistyped case would be held in vain; one opened in error is there
    at = max([command.at, *(change.occurred_at for change in state.changes)])
    standing = standing_holds(_effective(state), at)
    for placed in binding_holds(state.changes, at):  # what a lift has ended meanwhile is to be placed again
        as_then = placed.occurred_at == command.at
        if command.says(placed) and (as_then or (placed in standing and placed.occurred_at <= command.at)):
            return ()
    return (command.ordered(LegalHoldPlaced),)


def _lift(command: LiftLegalHold, state: Holds) -> tuple[Event, ...]:
    binding = [placed for placed in binding_holds(state.changes, command.at) if placed.occurred_at <= command.at]
    standing = [*standing_holds(_effective(state), command.at), *binding]
    whole = command.case is None and command.person is None
    if any(whole or _key(command) == _key(placed) for placed in standing):
        return (command.ordered(LegalHoldLifted),)
    if any(isinstance(change, LegalHoldLifted) and command.says(change) for change in state.changes):
        return ()
    raise Refused("hold.not_placed", f"{command.hold} was not placed so: expected a hold that stood at that time")


def _key(one: Change | LiftLegalHold) -> tuple[str, str | None, str | None]:
    return one.hold, one.case, one.person


def _effective(state: Holds) -> list[Change]:
    return sorted(state.changes, key=lambda change: change.occurred_at)


def asked_by(state: Holds, by: Practitioner) -> Holds:
    """The state with whoever gives the order: a hold stands, and ends, on someone's word."""
    return replace(state, by=by.practitioner)


WORD = Word(boundary, Holds(), evolve, decide, asked_by, as_recorded=True, even_struck=(CaseOpened,))
