"""Meeting: the weekly allocation meeting of one team, held or cancelled.

It considers every request that waits, and decides who has the best skills for each.
"""

from typing import Annotated

import msgspec

from earlystart_core.event import Event, Personal
from earlystart_core.types import Day, MeetingId, PractitionerId, TeamId


class MeetingHeld(Event, frozen=True):
    meeting: MeetingId
    team: TeamId
    held_on: Day
    attendees: Annotated[tuple[PractitionerId, ...], msgspec.Meta(max_length=100)] = ()


class MeetingCancelled(Event, frozen=True):
    meeting: MeetingId
    team: TeamId
    planned_on: Day
    reason: Personal | None = None
