"""The stock replay: eventsourcing's notification log on SQLite, its stock JSON mapper, a loop in batches into dicts.

What is used is what a careful user of eventsourcing would use who wants it fast: the recorder's own
`select_notifications` with the topics filtered in SQL, pages as large as pay, text originator ids (no UUID made for
each row), no cipher and no compressor, one `dict` of handlers by class. Its `ProjectionRunner` does not run on SQLite
and takes a transaction an event elsewhere, so it would be many times slower. Personal text, authors and commands are
left out of its log, though ours holds them.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, Mapper
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from eventsourcing.utils import get_topic

from benchmarks.by_hand import ByHand, Row, struck
from benchmarks.city import TYPES
from earlystart_core.entry import Recorded
from earlystart_core.event import Event, shape_of
from earlystart_core.words import EVENTS
from earlystart_core.words.correction import MarkedInError

PAGE = 5_000  # notifications; larger pages measured no faster
WRITE = 5_000
NEVER, EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Fact(DomainEvent):
    """`timestamp` is when it was so: the stock field, so that an event carries one instant only."""

    originator_id: str  # type: ignore[assignment]  # text ids, as its recorder and mapper allow

    def __post_init__(self) -> None:
        """The base class insists on a UUID here, when an event is made; never when it is read."""


def _domain_event(cls: type[Event]) -> type[Fact]:
    plain = dict.fromkeys(plain_fields(cls), Any)
    return type(cls.__name__, (Fact,), {"__annotations__": plain, "__module__": __name__})


def plain_fields(cls: type[Event]) -> tuple[str, ...]:
    """The fields of an event but its instant and its personal text."""
    shape = shape_of(cls)
    return tuple(name for name in shape.fields if name not in shape.sealed)


FACTS: dict[str, type[Fact]] = {name: _domain_event(cls) for name, cls in EVENTS.classes.items()}
globals().update(FACTS)  # a topic names its class by module and name


def plain(value: Any) -> Any:
    """A value as JSON holds it without a transcoding: a date is its text, which costs the stock decoder least."""
    return value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value


def stock_mapper() -> Mapper[str]:
    """The stock mapper: JSON, one transcoding for the instant."""
    transcoder = JSONTranscoder()
    transcoder.register(DatetimeAsISO())
    return Mapper(transcoder)


class Stock:
    """A log of eventsourcing's own, holding the facts of the city."""

    def __init__(self, path: Path) -> None:
        self.recorder = SQLiteApplicationRecorder(SQLiteDatastore(str(path), originator_id_type="text"))
        self.recorder.create_table()
        self.mapper = stock_mapper()
        self._versions: dict[str, int] = {}

    def write(self, facts: Iterable[tuple[Recorded, Event]]) -> None:
        """Every fact, in the order and under the positions of the log."""
        stored = []
        for recorded, event in facts:
            stored.append(self.mapper.to_stored_event(self._fact(recorded, event)))
            if len(stored) == WRITE:
                self.recorder.insert_events(stored)
                stored = []
        self.recorder.insert_events(stored)

    def _fact(self, recorded: Recorded, event: Event) -> Fact:
        of = recorded.event.tags[0] if recorded.event.tags else "record"
        version = self._versions[of] = self._versions.get(of, 0) + 1
        fields = {name: plain(getattr(event, name)) for name in plain_fields(type(event))}
        return FACTS[type(event).__name__](
            originator_id=of,  # type: ignore[arg-type]
            originator_version=version,
            timestamp=event.occurred_at,
            **fields,
        )

    def replay(self) -> dict[str, list[Row]]:
        """The four views, from the first notification to the last."""
        marks: list[tuple[int, int]] = []
        mark_topic = [get_topic(FACTS[MarkedInError.__name__])]
        start = 1
        while page := self.recorder.select_notifications(start, PAGE, topics=mark_topic):
            marks += [(one.id, self.mapper.to_domain_event(one).target) for one in page]  # type: ignore[attr-defined]
            start = page[-1].id + 1
        out = struck(marks)
        state = ByHand(NEVER, EVER, lambda at: at)
        steps = {FACTS[name]: step for name, step in state.steps().items()}
        topics = [get_topic(FACTS[cls.__name__]) for cls in TYPES]
        to_domain_event = self.mapper.to_domain_event
        start = 1
        while page := self.recorder.select_notifications(start, PAGE, topics=topics):
            for one in page:
                if one.id not in out:
                    event = to_domain_event(one)
                    steps[type(event)](one.id, event)  # type: ignore[index]
            start = page[-1].id + 1
        return state.views()

    def close(self) -> None:
        """Closes its file."""
        self.recorder.datastore.close()
