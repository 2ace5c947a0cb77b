"""Allocation: the practitioner who delivers a package, and for which team.

One allocation ends before the next one of the same package starts.
"""

from typing import Annotated

import msgspec

from earlystart_core.event import Event
from earlystart_core.types import AllocationEnd, CaseId, Label, MeetingId, PackageId, PractitionerId, TeamId


class PackageAllocated(Event, frozen=True):
    package: PackageId
    case: CaseId
    practitioner: PractitionerId
    team: TeamId
    meeting: MeetingId | None = None
    skills: Annotated[tuple[Label, ...], msgspec.Meta(max_length=50)] = ()


class AllocationEnded(Event, frozen=True):
    package: PackageId
    case: CaseId
    practitioner: PractitionerId
    reason: AllocationEnd
