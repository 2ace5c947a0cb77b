"""Closing: a case ends on the fifth birthday, on a move, a death, a refusal of everything, or an error of record.

No case closes over a package: every package ends at or before that time. The event is the case's.
"""

from collections.abc import Mapping
from typing import assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Fact, Facts, Word, facts, latest
from earlystart_core.errors import Refused
from earlystart_core.event import Event
from earlystart_core.types import CaseId, CloseReason, PackageId
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
from earlystart_core.words.package import COURSE, Course, CourseEvent, PackageEnded, PackageStarted


class CloseCase(Command):
    case: CaseId
    reason: CloseReason


class Closing(msgspec.Struct, frozen=True):
    life: Life = Life()
    passed: tuple[ResponsibilityPassed, ...] = ()
    packages: Mapping[PackageId, Course] = {}


def boundary(command: CloseCase) -> Facts:
    # the whole course of each package: where its start was corrected, its end may stand under another case
    return facts(([*LIFE, ResponsibilityPassed], [command.case]), Fact(COURSE, (command.case,), "package"))


def evolve(state: Closing, event: LifeEvent | ResponsibilityPassed | CourseEvent) -> Closing:
    match event:
        case CaseOpened() | CaseClosed() | CaseReopened():
            return replace(state, life=state.life.after(event))
        case ResponsibilityPassed():
            return replace(state, passed=(*state.passed, event))
        case PackageStarted() | PackageEnded():
            course = state.packages.get(event.package, Course()).after(event)
            return replace(state, packages={**state.packages, event.package: course})
        case _:
            assert_never(event)


def decide(command: CloseCase, state: Closing) -> tuple[Event, ...]:
    last = latest(state.life.changes, command.at)
    if isinstance(last, CaseClosed) and command.says(last):
        return ()
    state.life.expect_open(command, command.case)
    expect_newest(command, command.case, [*state.life.changes, *state.passed])
    for package, course in state.packages.items():
        if course.case == command.case and not course.ended_by(command.at):
            raise Refused(
                "case.package_active",
                f"{command.case} cannot close: expected every package to have ended by then, {package} had not",
            )
    return (command.ordered(CaseClosed),)


WORD = Word(boundary, Closing(), evolve, decide)
