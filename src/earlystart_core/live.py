"""Live rows: what new entries change in finished views, worked out by refolding the keys that they touch.

A row is never patched: its key's facts are read again by tag and folded, so a late entry, a mark and a mark of a
mark need no rule of their own, and a row can only be what a rebuild would make of it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol

from earlystart_core.entry import Recorded
from earlystart_core.event import Event, kind_of_field
from earlystart_core.marks import struck
from earlystart_core.projection import Key, Projection, Row
from earlystart_core.registry import Registry
from earlystart_core.words.correction import MarkedInError


class Past(Protocol):
    """The log as one transaction sees it."""

    def facts(self, types: Sequence[str], tags: Sequence[str], after: int) -> list[tuple[int, Event]]:
        """The events of those types that carry all of those tags, after a position, each with its own."""

    def at(self, position: int) -> Recorded:
        """The entry at a position that exists."""


class Tables(Protocol):
    """The finished rows of the views, in one transaction."""

    def rows(self, view: str, column: str, values: Collection[str], names: Sequence[str]) -> list[Row]:
        """Those columns of the rows that hold one of the values in that column."""

    def put(self, view: str, keys: Collection[Key], rows: Sequence[Row]) -> None:
        """Replaces the rows of those keys by these."""


class Kept:
    """Partial results of keys that were folded lately: at most `limit`, each up to a position that was committed.

    An entry never changes, so what is kept is never wrong, only behind. Used under the append lock.
    """

    def __init__(self, limit: int = 5_000) -> None:
        self._limit = limit
        self._states: dict[tuple[str, Key], tuple[int, list[Any]]] = {}

    def take(self, view: str, key: Key) -> tuple[int, list[Any] | None]:
        """Up to which position the key was folded, and its state; 0 and None for one that is not kept."""
        return self._states.pop((view, key), (0, None))

    def keep(self, view: str, key: Key, upto: int, state: list[Any]) -> None:
        """Keeps the state of a key, forgetting the longest kept where there are too many."""
        while len(self._states) >= self._limit:
            del self._states[next(iter(self._states))]
        self._states[view, key] = (upto, state)


def advance(
    projections: Sequence[Projection],
    registry: Registry,
    new: Iterable[Recorded],
    past: Past,
    tables: Tables,
    kept: Kept | None = None,
) -> None:
    """Brings the tables from just before `new` to its last entry. `past` already holds the new entries.

    projections: one that counts another's rows stands after it. kept: spares reading a key's facts from the start.
    """
    new = list(new)
    read = {cls.__name__ for projection in projections for cls in projection.events} | {MarkedInError.__name__}
    events = [event for recorded in new for event in _with_targets(registry, recorded, past, read)]
    before = new[0].position - 1
    moved: dict[str, set[str]] = {}  # for `counting.column`: the keys named by rows that changed
    for projection in projections:
        keys = {key for event in events for key in projection.keys_of(event)}
        for count in projection.counts.values():
            keys |= {(key,) for key in moved.get(f"{count.projection}.{count.by}", ())}
        if not keys:
            continue
        named = _named(projection, projections, tables, keys)
        states = {key: _state(projection, key, past, before, kept) for key in sorted(keys)}
        counted = {
            count.projection: tables.rows(
                count.projection, count.by, [key[0] for key in keys], [count.by, count.without]
            )
            for count in projection.counts.values()
        }
        rows = projection.finish({key: state for key, state in states.items() if state is not None}, counted)
        tables.put(projection.name, keys, rows)
        for column, values in named.items():
            moved[f"{projection.name}.{column}"] = values | {row[column] for row in rows}


def _with_targets(registry: Registry, recorded: Recorded, past: Past, read: Collection[str]) -> Iterator[Event]:
    """The event, and for a mark the event that it strikes, or lets stand again through other marks.

    read: the types that views are made of, and marks. Others are passed over, as a rebuild passes them over: a log may
    hold what this library does not know.
    """
    while recorded.event.type in read:
        event = registry.event(recorded)
        if not isinstance(event, MarkedInError):
            yield event
            return
        recorded = past.at(event.target)


def _named(
    projection: Projection, projections: Sequence[Projection], tables: Tables, keys: Collection[Key]
) -> dict[str, set[str]]:
    """What the rows as they stand name in the columns by which other projections count them."""
    columns = {
        count.by for other in projections for count in other.counts.values() if count.projection == projection.name
    }
    if not columns:
        return {}
    rows = tables.rows(projection.name, projection.keys[0], [key[0] for key in keys], sorted(columns))
    return {column: {row[column] for row in rows} for column in columns}


def _state(projection: Projection, key: Key, past: Past, before: int, kept: Kept | None) -> list[Any] | None:
    """The partial result of a key, read on from what is kept of it."""
    upto, state = (0, None) if kept is None else kept.take(projection.name, key)
    found = _facts(projection, key, past, upto)
    if state is not None and any(isinstance(event, MarkedInError) for _, event in found):
        upto, state = 0, None  # a mark may strike what was folded: from the start
        found = _facts(projection, key, past, 0)
    out = struck(found)
    standing = [fact for fact in found if fact[0] not in out]
    old = _merged(projection, key, state, [fact for fact in standing if fact[0] <= before])
    if kept is not None and old is not None and not _marked_after(found, before):
        kept.keep(projection.name, key, before, old)
    return _merged(projection, key, old, [fact for fact in standing if fact[0] > before])


def _merged(
    projection: Projection, key: Key, state: list[Any] | None, facts: list[tuple[int, Event]]
) -> list[Any] | None:
    more = projection.fold(facts).get(key)
    if state is None or more is None:
        return more if state is None else state
    return projection.merge({key: state}, {key: more})[key]


def _marked_after(found: list[tuple[int, Event]], before: int) -> bool:
    return any(position > before and isinstance(event, MarkedInError) for position, event in found)


def _facts(projection: Projection, key: Key, past: Past, after: int) -> list[tuple[int, Event]]:
    """The facts that bear on a key, and the marks on them; some bear on other keys too."""
    types = [*(event.__name__ for event in projection.events), MarkedInError.__name__]
    fields = projection.key_fields[projection.exists]
    tags = [part for part, name in zip(key, fields, strict=True) if kind_of_field(projection.exists, name) is not None]
    return past.facts(types, tags, after)
