"""Specs of words: `given(*history).when(command).then(*events)`, `.refused(code)` or `.nothing()`.

The history stands at positions 1, 2, 3, … and is read as the shell reads it. A spec fails when it gives an event
that its command would never see, unless it says so with `irrelevant(event)`; then it fails when the command sees it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import pytest
from eventsourcing.dcb.api import DCBQuery

from earlystart_core.command import Command
from earlystart_core.decide import courses, query_of, standing
from earlystart_core.entry import Entry, Practitioner, Recorded
from earlystart_core.errors import Refused
from earlystart_core.event import Event, tags_of
from earlystart_core.log import matches
from earlystart_core.words import WORDS
from earlystart_core.words.correction import MarkedInError

AnyCommand = TypeVar("AnyCommand", bound=Command)

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
BY = Practitioner("practitioner:" + "0" * 26, "health_visitor", "org:lch")


@dataclass(frozen=True)
class Irrelevant:
    event: Event


def irrelevant(event: Event) -> Irrelevant:
    """An event that stands in the log and that the command does not see: it can never conflict with it."""
    return Irrelevant(event)


def history(events: list[Event]) -> list[Recorded]:
    """Those events as entries at positions 1, 2, 3 and so on."""
    found: list[Recorded] = []
    for position, event in enumerate(events, 1):
        tags = found[event.target - 1].event.tags if isinstance(event, MarkedInError) else tags_of(event)
        entry = Entry(type(event).__name__, b"{}", tags, recorded_by=BY, occurred_at=event.occurred_at)
        found.append(Recorded(entry, position, NOW))
    return found


def seen(command: Command, events: list[Event]) -> tuple[Recorded | None, list[int]]:
    """The target that the command asks for, and the positions of the events that it sees."""
    entries = history(events)
    bearing = WORDS[type(command)].boundary(command)
    at_target = [entry for entry in entries if entry.position == bearing.target]
    target = at_target[0] if at_target else None
    query = query_of(bearing, target)
    if not query.items:
        return target, []
    near = [entry.event for entry in entries if matches(query, entry.event.type, entry.event.tags)]
    query = DCBQuery([*query.items, *courses(bearing, near)])
    return target, [entry.position for entry in entries if matches(query, entry.event.type, entry.event.tags)]


def decided(command: Command, events: list[Event], by: Practitioner = BY) -> tuple[Event, ...]:
    """What the command's word decides on those events, as the shell would have it."""
    word = WORDS[type(command)]
    target, positions = seen(command, events)
    state: Any = word.initial
    if target is not None:
        state = word.evolve(state, target)
    found = [(position, events[position - 1]) for position in positions]
    for event in standing(found, marks=target is not None, as_recorded=word.as_recorded, even_struck=word.even_struck):
        state = word.evolve(state, event)
    return word.judge(command, state, by)


@dataclass(frozen=True)
class When:
    events: list[Event]
    command: Command

    def then(self, *expected: Event) -> None:
        assert decided(self.command, self.events) == expected

    def nothing(self) -> None:
        """It is already so."""
        assert decided(self.command, self.events) == ()

    def refused(self, code: str) -> None:
        with pytest.raises(Refused) as refusal:
            decided(self.command, self.events)
        assert refusal.value.code == code


@dataclass(frozen=True)
class Given:
    parts: tuple[Event | Irrelevant, ...]

    def when(self, command: Command, now: datetime = NOW) -> When:
        events = [part.event if isinstance(part, Irrelevant) else part for part in self.parts]
        dated = command.dated(now)
        target, positions = seen(dated, events)
        for position, part in enumerate(self.parts, 1):
            is_seen = position in positions or (target is not None and target.position == position)
            if isinstance(part, Irrelevant):
                assert not is_seen, f"{type(part.event).__name__} at {position} bears on {type(command).__name__}"
            else:
                assert is_seen, f"{type(part).__name__} at {position} does not bear on {type(command).__name__}"
        return When(events, dated)


def given(*parts: Event | Irrelevant) -> Given:
    """What has happened, in the order in which it was recorded."""
    return Given(parts)


def but(event: Any, **changes: Any) -> Any:
    """The same event with some fields changed."""
    return msgspec.structs.replace(event, **changes)


def order(command: type[AnyCommand], event: Event, **changes: Any) -> AnyCommand:
    """The command that orders that event, with some fields changed. `occurred_at=None`: leaves its instant out."""
    fields = {**msgspec.structs.asdict(event), **changes}
    return command(**{name: value for name, value in fields.items() if value is not None})
