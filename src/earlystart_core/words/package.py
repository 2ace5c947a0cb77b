"""Package: support agreed with a family under one pathway, for a time or ongoing.

It is active from its start until it is ended, whatever becomes of the case. What it takes to start one is decided
in `starting`.
"""

from datetime import datetime
from typing import assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word, facts
from earlystart_core.errors import Refused
from earlystart_core.event import Event
from earlystart_core.types import (
    CaseId,
    Day,
    Duration,
    Need,
    PackageId,
    PackageOutcome,
    RequestId,
    ReviewDays,
    ReviewOutcome,
    london_date,
)


class PackageStarted(Event, frozen=True):
    package: PackageId
    case: CaseId
    pathway: Need
    duration: Duration
    request: RequestId | None = None
    planned_end_on: Day | None = None
    review_every_days: ReviewDays | None = None


class PackageReviewed(Event, frozen=True):
    package: PackageId
    case: CaseId
    outcome: ReviewOutcome
    planned_end_on: Day | None = None
    next_review_on: Day | None = None


class PackageEnded(Event, frozen=True):
    package: PackageId
    case: CaseId
    outcome: PackageOutcome


class ReviewPackage(Command):
    package: PackageId
    case: CaseId
    outcome: ReviewOutcome
    planned_end_on: Day | None = None
    next_review_on: Day | None = None


class EndPackage(Command):
    package: PackageId
    case: CaseId
    outcome: PackageOutcome


CourseEvent = PackageStarted | PackageEnded
COURSE = (PackageStarted, PackageEnded)


class Course(msgspec.Struct, frozen=True):
    """The course of one package, in effective order."""

    started: tuple[PackageStarted, ...] = ()
    ended: tuple[PackageEnded, ...] = ()

    def after(self, event: CourseEvent) -> "Course":
        if isinstance(event, PackageStarted):
            return replace(self, started=(*self.started, event))
        return replace(self, ended=(*self.ended, event))

    @property
    def case(self) -> CaseId | None:
        """The case that it is for, as its earliest start has it; None before that."""
        return self.started[0].case if self.started else None

    def ended_by(self, at: datetime) -> bool:
        """Whether it had ended by that instant."""
        return any(end.occurred_at <= at for end in self.ended)

    def expect_started(self, command: Command, package: PackageId, case: CaseId) -> None:
        """Raises: Refused: `package.unknown`, `package.other_case`; `package.not_started` at the command's instant."""
        if not self.started:
            raise Refused("package.unknown", f"{package} is not known: expected a package that was started")
        start = self.started[0]
        if start.case != case:
            raise Refused("package.other_case", f"{package} is for {start.case}, expected that, got {case}")
        if start.occurred_at > command.at:
            raise Refused("package.not_started", f"{package}: expected a time at or after its start")

    def expect_active(self, command: Command, package: PackageId, case: CaseId) -> None:
        """Raises: Refused: as `expect_started`; `package.ended` by the command's instant."""
        self.expect_started(command, package, case)
        if self.ended_by(command.at):
            raise Refused("package.ended", f"{package} had ended: expected an active package")


class Package(msgspec.Struct, frozen=True):
    course: Course = Course()
    reviews: tuple[PackageReviewed, ...] = ()


def boundary(command: ReviewPackage | EndPackage) -> Facts:
    match command:
        case ReviewPackage():
            return facts(([*COURSE, PackageReviewed], [command.package]))
        case EndPackage():
            return facts((COURSE, [command.package]))
        case _:
            assert_never(command)


def evolve(state: Package, event: CourseEvent | PackageReviewed) -> Package:
    match event:
        case PackageStarted() | PackageEnded():
            return replace(state, course=state.course.after(event))
        case PackageReviewed():
            return replace(state, reviews=(*state.reviews, event))
        case _:
            assert_never(event)


def decide(command: ReviewPackage | EndPackage, state: Package) -> tuple[Event, ...]:
    match command:
        case ReviewPackage():
            return _review(command, state)
        case EndPackage():
            return _end(command, state.course)
        case _:
            assert_never(command)


def _review(command: ReviewPackage, state: Package) -> tuple[Event, ...]:
    state.course.expect_active(command, command.package, command.case)
    for day in (command.planned_end_on, command.next_review_on):
        expect_ahead(command, command.package, day)
    reviewed = command.ordered(PackageReviewed)
    return () if reviewed in state.reviews else (reviewed,)


def _end(command: EndPackage, course: Course) -> tuple[Event, ...]:
    course.expect_started(command, command.package, command.case)
    if any(command.repeats(end) for end in course.ended):
        return ()
    if course.ended:
        raise Refused("package.ended", f"{command.package} has ended, as {course.ended[-1].outcome}")
    return (command.ordered(PackageEnded),)


def expect_ahead(command: Command, package: PackageId, day: Day | None) -> None:
    """Raises: Refused: `package.day_past`, a planned day lies before the command's own."""
    if day is not None and day < london_date(command.at):
        raise Refused("package.day_past", f"{package}: expected a planned day that is not past by then")


WORD = Word(boundary, Package(), evolve, decide)
