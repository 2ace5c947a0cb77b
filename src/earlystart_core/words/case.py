"""Case: one child's early start record, from pregnancy to the fifth birthday, and the team responsible for it.

A case is opened once, and may be closed and reopened. Who answers for it is decided in `responsibility`, its
closing, which looks at packages too, in `closing`.
"""

from collections.abc import Iterable
from typing import assert_never

import msgspec
from msgspec.structs import replace
from pydantic import ValidationInfo, field_validator

from earlystart_core.command import Command, Facts, Word, facts, latest
from earlystart_core.errors import Refused
from earlystart_core.event import Event, Personal
from earlystart_core.types import (
    CaseId,
    CloseReason,
    Day,
    FamilyId,
    OpenReason,
    PractitionerId,
    TeamId,
    Text,
    london_date,
)


class CaseOpened(Event, frozen=True):
    case: CaseId
    family: FamilyId
    team: TeamId
    reason: OpenReason
    due_on: Day | None = None
    born_on: Day | None = None  # only with reason birth or move_in


class ChildBorn(Event, frozen=True):
    case: CaseId
    born_on: Day


class ResponsibilityPassed(Event, frozen=True):
    case: CaseId
    to_team: TeamId
    reason: Personal | None = None


class PointOfContactNamed(Event, frozen=True):
    case: CaseId
    practitioner: PractitionerId


class CaseClosed(Event, frozen=True):
    case: CaseId
    reason: CloseReason


class CaseReopened(Event, frozen=True):
    case: CaseId
    team: TeamId
    reason: Personal | None = None


class OpenCase(Command):
    case: CaseId
    family: FamilyId
    team: TeamId
    reason: OpenReason
    due_on: Day | None = None
    born_on: Day | None = None

    @field_validator("born_on")
    @classmethod
    def _born(cls, born_on: Day | None, others: ValidationInfo) -> Day | None:
        if born_on is not None and others.data.get("reason") in ("pregnancy", "late_notification"):
            raise ValueError("expected a birth date only with reason birth or move_in")
        return born_on


class RecordBirth(Command):
    case: CaseId
    born_on: Day


class ReopenCase(Command):
    case: CaseId
    team: TeamId
    reason: Text | None = None


LifeEvent = CaseOpened | CaseClosed | CaseReopened
LIFE = (CaseOpened, CaseClosed, CaseReopened)


class Life(msgspec.Struct, frozen=True):
    """When cases were open, of however many cases, in effective order.

    Whether a case was open is judged at the instant that a command speaks of: what is told late about a time when
    the case was open is welcome after it has closed.
    """

    changes: tuple[LifeEvent, ...] = ()

    def after(self, event: LifeEvent) -> "Life":
        return Life((*self.changes, event))

    def of(self, case: CaseId) -> tuple[LifeEvent, ...]:
        return tuple(change for change in self.changes if change.case == case)

    def expect_known(self, case: CaseId) -> None:
        """Raises: Refused: `case.unknown`."""
        if not any(isinstance(change, CaseOpened) for change in self.of(case)):
            raise Refused("case.unknown", f"{case} is not known: expected a case that was opened")

    def expect_open(self, command: Command, *cases: CaseId) -> None:
        """Raises: Refused: `case.unknown`; `case.not_open` at the command's instant."""
        for case in cases:
            self.expect_known(case)
            last = latest(self.of(case), command.at)
            if last is None or isinstance(last, CaseClosed):
                came = "not opened yet" if last is None else "closed"
                raise Refused("case.not_open", f"{case}: expected a case that was open at that time, it was {came}")


def expect_newest(command: Command, thing: str, changes: Iterable[Event]) -> None:
    """Raises: Refused: `case.changed_since`, a change of that kind happened after the command's instant."""
    if any(change.occurred_at > command.at for change in changes):
        raise Refused("case.changed_since", f"{thing} has changed since: expected a time after its latest change")


class Case(msgspec.Struct, frozen=True):
    life: Life = Life()
    births: tuple[CaseOpened | ChildBorn, ...] = ()  # those that say a date


def boundary(command: OpenCase | RecordBirth | ReopenCase) -> Facts:
    match command:
        case OpenCase():
            return facts(([CaseOpened], [command.case]))
        case RecordBirth():
            return facts(([CaseOpened, ChildBorn], [command.case]))
        case ReopenCase():
            return facts((LIFE, [command.case]))
        case _:
            assert_never(command)


def evolve(state: Case, event: LifeEvent | ChildBorn) -> Case:
    match event:
        case CaseOpened():
            births = state.births if event.born_on is None else (*state.births, event)
            return replace(state, life=state.life.after(event), births=births)
        case CaseClosed() | CaseReopened():
            return replace(state, life=state.life.after(event))
        case ChildBorn():
            return replace(state, births=(*state.births, event))
        case _:
            assert_never(event)


def decide(command: OpenCase | RecordBirth | ReopenCase, state: Case) -> tuple[Event, ...]:
    match command:
        case OpenCase():
            return _open(command, state)
        case RecordBirth():
            return _birth(command, state)
        case ReopenCase():
            return _reopen(command, state)
        case _:
            assert_never(command)


def _open(command: OpenCase, state: Case) -> tuple[Event, ...]:
    if any(command.repeats(change) for change in state.life.changes):
        return ()
    if state.life.changes:
        raise Refused("case.opened_before", f"{command.case} was opened before: expected a case that is new")
    _expect_born(command, command.born_on)
    return (command.ordered(CaseOpened),)


def _birth(command: RecordBirth, state: Case) -> tuple[Event, ...]:
    # Another date than before is a better one: the latest stands, as in the views.
    state.life.expect_known(command.case)
    _expect_born(command, command.born_on)
    standing = latest(state.births, command.at)
    return () if standing is not None and standing.born_on == command.born_on else (command.ordered(ChildBorn),)


def _expect_born(command: OpenCase | RecordBirth, born_on: Day | None) -> None:
    if born_on is not None and born_on > london_date(command.at):
        raise Refused("case.not_yet_born", f"{command.case}: expected a child born by then, got a later birth date")


def _reopen(command: ReopenCase, state: Case) -> tuple[Event, ...]:
    state.life.expect_known(command.case)
    last = latest(state.life.changes, command.at)
    if isinstance(last, CaseReopened) and command.says(last):
        return ()
    if not isinstance(last, CaseClosed):
        raise Refused("case.not_closed", f"{command.case}: expected a case that was closed at that time, it was not")
    expect_newest(command, command.case, state.life.changes)
    return (command.ordered(CaseReopened),)


WORD = Word(boundary, Case(), evolve, decide)
