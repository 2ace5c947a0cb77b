"""Closing: a case ends on the fifth birthday, on a move, a death, a refusal of everything, or an error of record.

No case closes over a package: every package ends at or before that time. The event is the case's.
"""

from typing import assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word, facts, latest
from earlystart_core.errors import Refused
from earlystart_core.event import Event
from earlystart_core.types import CaseId, CloseReason
from earlystart_core.words.case import (
    LIFE,
    CaseClosed,
    CaseOpened,
    CaseReopened,
    Life,
    LifeEvent,
    ResponsibilityPassed,
    expect_newest,
)
from earlystart_core.words.package import PackageEnded, PackageStarted


class CloseCase(Command):
    case: CaseId
    reason: CloseReason


class Closing(msgspec.Struct, frozen=True):
    life: Life = Life()
    passed: tuple[ResponsibilityPassed, ...] = ()
    started: tuple[PackageStarted, ...] = ()
    ended: tuple[PackageEnded, ...] = ()


def boundary(command: CloseCase) -> Facts:
    return facts(([*LIFE, ResponsibilityPassed, PackageStarted, PackageEnded], [command.case]))


def evolve(state: Closing, event: LifeEvent | ResponsibilityPassed | PackageStarted | PackageEnded) -> Closing:
    match event:
        case CaseOpened() | CaseClosed() | CaseReopened():
            return replace(state, life=state.life.after(event))
        case ResponsibilityPassed():
            return replace(state, passed=(*state.passed, event))
        case PackageStarted():
            return replace(state, started=(*state.started, event))
        case PackageEnded():
            return replace(state, ended=(*state.ended, event))
        case _:
            assert_never(event)


def decide(command: CloseCase, state: Closing) -> tuple[Event, ...]:
    last = latest(state.life.changes, command.at)
    if isinstance(last, CaseClosed) and command.says(last):
        return ()
    state.life.expect_open(command, command.case)
    expect_newest(command, command.case, [*state.life.changes, *state.passed])
    ended = {end.package for end in state.ended if end.occurred_at <= command.at}
    for start in state.started:
        if start.package not in ended:
            raise Refused(
                "case.package_active",
                f"{command.case} cannot close: expected every package to have ended by then, {start.package} had not",
            )
    return (command.ordered(CaseClosed),)


WORD = Word(boundary, Closing(), evolve, decide)
