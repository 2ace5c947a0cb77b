"""Responsibility: which team answers for a case, and whom the family can ring.

On any day a case has one responsible team, and an open case one live point of contact. Their events are the case's.
"""

from typing import assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Named, Word, facts, latest
from earlystart_core.event import Event
from earlystart_core.types import CaseId, TeamId, Text
from earlystart_core.words.case import (
    LIFE,
    CaseClosed,
    CaseOpened,
    CaseReopened,
    Life,
    LifeEvent,
    PointOfContactNamed,
    ResponsibilityPassed,
    expect_newest,
)


class PassResponsibility(Command):
    case: CaseId
    to_team: TeamId
    reason: Text | None = None


class NamePointOfContact(Command):
    case: CaseId
    practitioner: Named


TeamEvent = CaseOpened | ResponsibilityPassed | CaseReopened


class Responsibility(msgspec.Struct, frozen=True):
    life: Life = Life()
    teams: tuple[TeamEvent, ...] = ()
    points: tuple[PointOfContactNamed, ...] = ()

    def team(self, command: Command) -> TeamId | None:
        match latest(self.teams, command.at):
            case ResponsibilityPassed(to_team=team):
                return team
            case CaseOpened(team=team) | CaseReopened(team=team):
                return team
            case None:
                return None


def boundary(command: PassResponsibility | NamePointOfContact) -> Facts:
    match command:
        case PassResponsibility():
            return facts(([*LIFE, ResponsibilityPassed], [command.case]))
        case NamePointOfContact():
            return facts(([*LIFE, PointOfContactNamed], [command.case]))
        case _:
            assert_never(command)


def evolve(state: Responsibility, event: LifeEvent | ResponsibilityPassed | PointOfContactNamed) -> Responsibility:
    match event:
        case CaseOpened() | CaseReopened():
            return replace(state, life=state.life.after(event), teams=(*state.teams, event))
        case CaseClosed():
            return replace(state, life=state.life.after(event))
        case ResponsibilityPassed():
            return replace(state, teams=(*state.teams, event))
        case PointOfContactNamed():
            return replace(state, points=(*state.points, event))
        case _:
            assert_never(event)


def decide(command: PassResponsibility | NamePointOfContact, state: Responsibility) -> tuple[Event, ...]:
    state.life.expect_open(command, command.case)
    match command:
        case PassResponsibility():
            if state.team(command) == command.to_team:
                return ()
            expect_newest(command, command.case, state.teams)
            return (command.ordered(ResponsibilityPassed),)
        case NamePointOfContact():
            named = latest(state.points, command.at)
            return () if command.says(named) else (command.ordered(PointOfContactNamed),)
        case _:
            assert_never(command)


WORD = Word(boundary, Responsibility(), evolve, decide)
