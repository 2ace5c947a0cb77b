"""A large log straight into segments: a city told many times over, sealed as ever, its rows left out.

Every position of the log is in a sealed run, with all fields that a segment holds; of the rows there is only what the
runs are bound to, the last entry of each. So it can be folded as any sealed log can, and cannot be read in any other
way. The tiles are those of `tile`: fresh ids, entry by entry in turns.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from benchmarks.city import City, Progress
from benchmarks.tile import Tile
from earlystart_core.entry import canonical, frame_of, leaf_of, micros, stored_data
from earlystart_core.event import Event
from earlystart_core.log import Log
from earlystart_core.replay.columns import NULL, Facts, of_numbers
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.loading import facts_of_rows
from earlystart_core.replay.segments import Segment, layout_of_all, names_of, seal
from earlystart_core.sources import type_of
from earlystart_core.types import ULID_KINDS
from earlystart_core.words import EVENTS
from earlystart_sql.insert import insert as insert_rows
from earlystart_sql.segment_tables import bound_to, insert, make
from earlystart_sql.segment_texts import digests_of, number_texts, seal_ids
from earlystart_sql.segments import LENGTH
from earlystart_sql.store import SqlStore, open_store

LAYOUT = f"{layout_of_all(EVENTS.classes.values())}/{LENGTH}"
POSITIONS = ("target", "basis_position")
UNREAD = ("contact",)  # ids that no view names: only the last of them has its row
MANY = 100_000  # ids written at once


@dataclass
class _Source:
    """The city's facts in columns, and what their numbers mean."""

    log: Log
    head: int
    facts: dict[type[Event], Facts]
    dictionaries: Dictionaries


def make_straight(city: City, path: Path, tiles: int, say: Progress) -> None:
    """A store of so many tiles of the city."""
    with city.record() as record, open_store(str(path), keys=":memory:") as store:
        log, head = record.store.log, record.store.log.head()
        known = Dictionaries()
        wanted = {event: names_of(event) for event in EVENTS.classes.values()}
        facts = facts_of_rows(log, EVENTS, wanted, known, (0, head))
        source = _Source(log, head, facts, known)
        _write_dictionaries(store, source, tiles)
        length = LENGTH
        for first in range(1, head * tiles + 1, length):
            _write_run(store, source, tiles, first, min(first + length - 1, head * tiles))
            if first // length % 50 == 0:
                say(f"sealing straight, from position {first:,} of {head * tiles:,}")


def _write_run(store: SqlStore, source: _Source, tiles: int, first: int, last: int) -> None:
    held: dict[str, Segment] = {}
    blobs: list[tuple[Any, ...]] = []
    for event, facts in source.facts.items():
        tiled = _tiled(event, facts, tiles, first, last)
        if len(tiled.positions):
            held[event.__name__], packed = seal(event, tiled, first, {})
            blobs += [(event.__name__, name, first, data) for name, data in packed.items()]
    texts = source.dictionaries["text"].texts[1:]
    with store.log.writing() as connection:
        leaf = _write_last(store, connection, source, tiles, last)
        row = (first, last, LAYOUT, len(texts), msgspec.json.encode(held).decode())
        insert(connection, "segment_run", (*row, bound_to(leaf, digests_of(texts)[-1], *row)))
        insert(connection, "segment", *blobs)


def _tiled(event: type[Event], facts: Facts, tiles: int, first: int, last: int) -> Facts:
    """The facts of all tiles that lie between two positions."""
    begin, end = np.searchsorted(facts.positions, [(first - 1) // tiles + 1, (last - 1) // tiles + 2])
    places = np.repeat(np.arange(begin, end), tiles)
    tile = np.tile(np.arange(tiles), end - begin)
    positions = (facts.positions[places] - 1) * tiles + tile + 1
    inside = (positions >= first) & (positions <= last)
    places, tile, positions = places[inside], tile[inside], positions[inside]
    found = facts.keep(places)
    found.positions = positions
    for name, column in found.fields.items():
        held = type_of(event, name)
        if held not in ULID_KINDS and name not in POSITIONS:
            continue
        values = column.whole()
        of = np.repeat(tile, found.sizes[name]) if name in found.sizes else tile
        there = values > 0 if held in ULID_KINDS else values != NULL
        found.fields[name] = of_numbers(np.where(there, (values - 1) * tiles + of + 1, values), held)
    return found


def _write_last(store: SqlStore, connection: Any, source: _Source, tiles: int, position: int) -> bytes:
    """The row of an entry, and what the proof is built on; gives its leaf."""
    place, tile = divmod(position - 1, tiles)
    recorded = next(source.log.read(after=place, limit=1).entries())
    entry = Tile(tile, tile, tiles).entry(recorded.event)
    data = stored_data(entry.data)
    frame = frame_of(entry, position, recorded.recorded_at)
    leaf = leaf_of(canonical(frame, data))
    numbers = store.log.numbers(connection)
    shape = numbers.shape((entry.type, entry.version))
    insert_rows(connection, "shape", numbers.new_shapes)
    assert entry.occurred_at is not None
    insert_rows(connection, "fact", [(shape, position, micros(entry.occurred_at), data)])
    insert_rows(
        connection, "entry", [(position, shape, micros(recorded.recorded_at), frame, leaf)]
    )  # last: behind an entry the guards take nothing about it
    return leaf


def _write_dictionaries(store: SqlStore, source: _Source, tiles: int) -> None:
    """What the numbers in the segments mean, by the rows that say so and sealed."""
    known = source.dictionaries
    with store.log.writing() as connection:
        for guard in ("entry_no_replace", "tag_no_replace"):  # keep a log from gaps, and cost time
            connection.exec_driver_sql(f"DROP TRIGGER {guard}")
        make(connection)
        number_texts(connection, known["text"].texts[1:])
        tags = 0
        for kind in (kind for kind in known.kinds if kind != "text"):
            own = known[kind].series().slice(1)
            texts = _tiled_texts(own, tiles) if kind in ULID_KINDS else own
            after = len(texts) - 1 if kind in UNREAD else 0
            for start in range(after, len(texts), MANY):
                some = texts[start : start + MANY].to_list()
                insert_rows(connection, "tag", [(tags + n, kind, start + n, text) for n, text in enumerate(some, 1)])
                tags += len(some)
            if kind not in UNREAD:
                seal_ids(connection, kind)


def _tiled_texts(own: pl.Series, tiles: int) -> pl.Series:
    """The texts of every tile, by their numbers."""
    told = pl.concat([Tile(number, 0).renamed(own) for number in range(tiles)], rechunk=True)
    return told.gather((np.arange(len(own))[:, None] + np.arange(tiles) * len(own)).ravel())
