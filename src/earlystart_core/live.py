"""Live rows: what new entries change in finished views, worked out by refolding the keys that they touch.

A row is never patched: its key's facts are read again by tag and folded, so a late entry, a mark and a mark of a
mark need no rule of their own, and a row can only be what a rebuild would make of it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.entry import Recorded
from earlystart_core.event import Event, kind_of_field
from earlystart_core.marks import struck
from earlystart_core.projection import Key, Projection, Row
from earlystart_core.registry import Registry
from earlystart_core.words.correction import MarkedInError

AT_ONCE = 40  # keys asked for in one query


class Past(Protocol):
    """The log as one transaction sees it."""

    def find(self, query: DCBQuery) -> Iterable[Recorded]:
        """The entries that match."""

    def at(self, position: int) -> Recorded:
        """The entry at a position that exists."""


class Tables(Protocol):
    """The finished rows of the views, in one transaction."""

    def rows(self, view: str, column: str, values: Collection[str]) -> list[Row]:
        """The rows that hold one of the values in that column."""

    def put(self, view: str, keys: Collection[Key], rows: Sequence[Row]) -> None:
        """Replaces the rows of those keys by these."""


def advance(
    projections: Sequence[Projection], registry: Registry, new: Iterable[Recorded], past: Past, tables: Tables
) -> None:
    """Brings the tables from just before `new` to its last entry. `past` already holds the new entries.

    projections: one that counts another's rows stands after it.
    """
    events = [event for recorded in new for event in _with_targets(registry, recorded, past)]
    moved: dict[str, set[str]] = {}  # for `counting.column`: the keys named by rows that changed
    for projection in projections:
        keys = {key for event in events for key in projection.keys_of(event)}
        for count in projection.counts.values():
            keys |= {(key,) for key in moved.get(f"{count.projection}.{count.by}", ())}
        if not keys:
            continue
        before = _named(projection, projections, tables, keys)
        parts = projection.fold(_facts(projection, registry, keys, past))
        counted = {
            count.projection: tables.rows(count.projection, count.by, [key[0] for key in keys])
            for count in projection.counts.values()
        }
        rows = projection.finish({key: parts[key] for key in keys if key in parts}, counted)
        tables.put(projection.name, keys, rows)
        for column, values in before.items():
            moved[f"{projection.name}.{column}"] = values | {row[column] for row in rows}


def _with_targets(registry: Registry, recorded: Recorded, past: Past) -> Iterator[Event]:
    """The event, and for a mark the event that it strikes, or lets stand again through other marks."""
    event = registry.event(recorded)
    while isinstance(event, MarkedInError):
        event = registry.event(past.at(event.target))
    yield event


def _named(
    projection: Projection, projections: Sequence[Projection], tables: Tables, keys: Collection[Key]
) -> dict[str, set[str]]:
    """What the rows as they stand name in the columns by which other projections count them."""
    columns = {
        count.by for other in projections for count in other.counts.values() if count.projection == projection.name
    }
    if not columns:
        return {}
    rows = tables.rows(projection.name, projection.keys[0], [key[0] for key in keys])
    return {column: {row[column] for row in rows} for column in columns}


def _facts(
    projection: Projection, registry: Registry, keys: Collection[Key], past: Past
) -> Iterator[tuple[int, Event]]:
    """The standing facts of those keys; some bear on other keys too."""
    types = [*(event.__name__ for event in projection.events), MarkedInError.__name__]
    fields = projection.key_fields[projection.exists]
    ids = [kind_of_field(projection.exists, name) is not None for name in fields]
    found: dict[int, Event] = {}
    for some in _some(sorted(keys), AT_ONCE):
        items = [DCBQueryItem(types, [part for part, is_id in zip(key, ids, strict=True) if is_id]) for key in some]
        for recorded in past.find(DCBQuery(items)):
            found[recorded.position] = registry.event(recorded)
    out = struck(found.items())
    return ((position, event) for position, event in found.items() if position not in out)


def _some(keys: Iterable[Key], size: int) -> Iterator[list[Key]]:
    rest = iter(keys)
    while some := list(islice(rest, size)):
        yield some
