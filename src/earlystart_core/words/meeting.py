"""Meeting: the weekly allocation meeting of one team, held or cancelled.

It considers every request that waits, and decides who has the best skills for each.
"""

from typing import Annotated, assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word, facts, several
from earlystart_core.errors import Refused
from earlystart_core.event import Event, Personal
from earlystart_core.types import Day, MeetingId, PractitionerId, TeamId, Text, london_date

Attendees = Annotated[tuple[PractitionerId, ...], *several(0, 100)]


class MeetingHeld(Event, frozen=True):
    meeting: MeetingId
    team: TeamId
    held_on: Day
    attendees: Attendees = ()


class MeetingCancelled(Event, frozen=True):
    meeting: MeetingId
    team: TeamId
    planned_on: Day
    reason: Personal | None = None


class HoldMeeting(Command):
    meeting: MeetingId
    team: TeamId
    held_on: Day
    attendees: Attendees = ()


class CancelMeeting(Command):
    meeting: MeetingId
    team: TeamId
    planned_on: Day
    reason: Text | None = None


class Meeting(msgspec.Struct, frozen=True):
    held: tuple[MeetingHeld, ...] = ()
    cancelled: tuple[MeetingCancelled, ...] = ()


def boundary(command: HoldMeeting | CancelMeeting) -> Facts:
    return facts(([MeetingHeld, MeetingCancelled], [command.meeting]))


def evolve(state: Meeting, event: MeetingHeld | MeetingCancelled) -> Meeting:
    match event:
        case MeetingHeld():
            return replace(state, held=(*state.held, event))
        case MeetingCancelled():
            return replace(state, cancelled=(*state.cancelled, event))
        case _:
            assert_never(event)


def decide(command: HoldMeeting | CancelMeeting, state: Meeting) -> tuple[Event, ...]:
    match command:
        case HoldMeeting():
            return _hold(command, state)
        case CancelMeeting():
            return _cancel(command, state)
        case _:
            assert_never(command)


def _hold(command: HoldMeeting, state: Meeting) -> tuple[Event, ...]:
    if state.cancelled:
        raise Refused("meeting.cancelled", f"{command.meeting} was cancelled: expected a meeting that was not")
    if any(command.repeats(meeting) for meeting in state.held):
        return ()
    if state.held:
        raise Refused("meeting.other_content", f"{command.meeting} was recorded before, with other content")
    if command.held_on > london_date(command.at):
        raise Refused("meeting.not_yet_held", f"{command.meeting}: expected a day that has come, got a later one")
    return (command.ordered(MeetingHeld),)


def _cancel(command: CancelMeeting, state: Meeting) -> tuple[Event, ...]:
    if state.held:
        raise Refused("meeting.held", f"{command.meeting} was held: expected a meeting that was not")
    if any(command.repeats(meeting) for meeting in state.cancelled):
        return ()
    if state.cancelled:
        raise Refused("meeting.other_content", f"{command.meeting} was cancelled before, with other content")
    return (command.ordered(MeetingCancelled),)


WORD = Word(boundary, Meeting(), evolve, decide)
