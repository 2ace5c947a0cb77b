"""Allocation: the practitioner who delivers a package, and for which team.

One allocation ends before the next one of the same package starts.
"""

from typing import Annotated, assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Named, Word, facts, latest, several
from earlystart_core.errors import Refused
from earlystart_core.event import Event
from earlystart_core.types import AllocationEnd, CaseId, Label, MeetingId, PackageId, PractitionerId, TeamId
from earlystart_core.words.package import COURSE, Course, CourseEvent, PackageEnded, PackageStarted

Skills = Annotated[tuple[Label, ...], *several(0, 50)]


class PackageAllocated(Event, frozen=True):
    package: PackageId
    case: CaseId
    practitioner: PractitionerId
    team: TeamId
    meeting: MeetingId | None = None
    skills: Skills = ()


class AllocationEnded(Event, frozen=True):
    package: PackageId
    case: CaseId
    practitioner: PractitionerId
    reason: AllocationEnd


class AllocatePackage(Command):
    package: PackageId
    case: CaseId
    practitioner: Named
    team: TeamId
    meeting: MeetingId | None = None
    skills: Skills = ()


class EndAllocation(Command):
    package: PackageId
    case: CaseId
    practitioner: PractitionerId
    reason: AllocationEnd


class Allocation(msgspec.Struct, frozen=True):
    """Who held one package, in effective order: the last allocated, unless an end of theirs came after."""

    course: Course = Course()
    changes: tuple[PackageAllocated | AllocationEnded, ...] = ()

    def holder(self, command: Command) -> PackageAllocated | None:
        held: PackageAllocated | None = None
        for change in self.changes:
            if change.occurred_at <= command.at:
                if isinstance(change, PackageAllocated):
                    held = change
                elif held is not None and held.practitioner == change.practitioner:
                    held = None
        return held


def boundary(command: AllocatePackage | EndAllocation) -> Facts:
    return facts(([*COURSE, PackageAllocated, AllocationEnded], [command.package]))


def evolve(state: Allocation, event: CourseEvent | PackageAllocated | AllocationEnded) -> Allocation:
    match event:
        case PackageStarted() | PackageEnded():
            return replace(state, course=state.course.after(event))
        case PackageAllocated() | AllocationEnded():
            return replace(state, changes=(*state.changes, event))
        case _:
            assert_never(event)


def decide(command: AllocatePackage | EndAllocation, state: Allocation) -> tuple[Event, ...]:
    match command:
        case AllocatePackage():
            return _allocate(command, state)
        case EndAllocation():
            return _end(command, state)
        case _:
            assert_never(command)


def _allocate(command: AllocatePackage, state: Allocation) -> tuple[Event, ...]:
    state.course.expect_active(command, command.package, command.case)
    held = state.holder(command)
    if held is not None and (held.practitioner, held.team) == (command.practitioner, command.team):
        return ()
    if held is not None and held.practitioner != command.practitioner:
        raise Refused(
            "allocation.held", f"{command.package} is held by {held.practitioner}: expected nobody to hold it"
        )
    _expect_newest(command, state)
    return (command.ordered(PackageAllocated),)


def _end(command: EndAllocation, state: Allocation) -> tuple[Event, ...]:
    state.course.expect_started(command, command.package, command.case)
    held = state.holder(command)
    if held is None or held.practitioner != command.practitioner:
        last = latest(state.changes, command.at)
        if isinstance(last, AllocationEnded) and command.says(last):
            return ()
        raise Refused("allocation.not_held", f"{command.practitioner} did not hold {command.package} at that time")
    _expect_newest(command, state)
    return (command.ordered(AllocationEnded),)


def _expect_newest(command: AllocatePackage | EndAllocation, state: Allocation) -> None:
    if any(change.occurred_at > command.at for change in state.changes):
        raise Refused(
            "allocation.changed_since",
            f"{command.package} was allocated since: expected a time after its latest change",
        )


WORD = Word(boundary, Allocation(), evolve, decide)
