"""The access log beside the record: its entries, whom each is about, and its own hash tree, in the same database.

Its appends take the log's lock, so that they too have no gaps and no instant before the last one's. A store made
before it gets its tables when someone first looks as a reader.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from earlystart_core.access.keeping import Garbled, Moved
from earlystart_core.entry import (
    Entry,
    Recorded,
    as_entries,
    canonical,
    frame_of,
    leaf_of,
    parse,
    stored_data,
)
from earlystart_core.errors import Tampered, Unreadable
from earlystart_core.proof.entries import Doubt, Rows
from earlystart_core.proof.verify import BEFORE_ALL, STRETCH, Stretch, checked
from earlystart_core.utc import Clock, utc_clock
from earlystart_sql import read_back, tree_tables
from earlystart_sql.database import Database
from earlystart_sql.insert import insert
from earlystart_sql.look_index import look_index, number_of_tag
from earlystart_sql.raw import mark, one, run, run_binary
from earlystart_sql.stored_rows import blobs
from earlystart_sql.stretches import out_of_bounds
from earlystart_sql.tree import SqlTree
from earlystart_sql.tree_tables import may_be_read

PAGE = 2_000  # entries
_COLUMNS = "SELECT look.position, look.frame, look.data, look.leaf FROM look"
_ROWS = "SELECT position, frame, data, leaf FROM look WHERE position > {0} AND position <= {0} ORDER BY position"
_ALL = f"{_COLUMNS} WHERE position > {{0}} ORDER BY position LIMIT {PAGE}"
_TAGGED = (
    f"{_COLUMNS} JOIN look_tag ON look_tag.position = look.position"
    f" WHERE look_tag.id = {{0}} AND look_tag.position > {{0}} ORDER BY look_tag.position LIMIT {PAGE}"
)
_HEAD = "SELECT coalesce(max(position), 0) FROM look"
_BACK = f"{_COLUMNS} WHERE position > 0 AND position <= {{0}} ORDER BY position DESC LIMIT 1"
_LATER = {
    "sqlite": "(SELECT value FROM json_each(?)) AND entry_tag.position > ?",
    "postgresql": "(SELECT unnest(%s::text[])) AND entry_tag.position > %s",
}
_MOVED = (
    "SELECT 1 FROM entry_tag JOIN tag ON tag.tag_id = entry_tag.tag_id"
    " WHERE (SELECT max(position) FROM entry) > {known} AND tag.id IN {later} LIMIT 1"
)
_LATER_LOOK = "SELECT 1 FROM look_tag WHERE id = {0} AND position > {0} LIMIT 1"


class AccessTree(SqlTree):
    """The tree of the access log."""

    ENTRIES, NODES, HEADS = "look", "look_node", "look_head"

    def size(self) -> int:
        return super().size() if self._is_there() else 0

    def rows(self, after: int, upto: int) -> Iterator[Rows]:
        for first in range(after, upto, PAGE):
            with self._database.reading() as connection:
                bounds = (first, min(first + PAGE, upto))
                rows = run_binary(connection, _ROWS.format(mark(connection)), bounds).fetchall()
            whole = [row for row in rows if isinstance(row[0], int)]  # in a table made anew anything may stand
            if whole:
                positions, frames, data, leaves = zip(*whole, strict=True)
                yield Rows(list(positions), blobs(frames, b""), blobs(data, None), blobs(leaves, b""))

    def stretches(self, size: int, wanted: Collection[int], processes: int = 1) -> Iterator[Stretch]:
        """Each compared with the index. One process is enough: the access log is small beside the log."""
        index = look_index(self._database, size)
        yield Stretch(0, BEFORE_ALL, BEFORE_ALL, 0, [], [], {}, index.doubts, b"")
        for first in range(0, size, STRETCH):
            upto = min(first + STRETCH, size)
            found = checked(self.rows(first, upto), first, wanted, after=first, upto=upto, tagged=number_of_tag)
            found.doubts += index.against(first, found.sums)
            yield found

    def strays(self, size: int) -> Iterable[Doubt]:
        if not self._is_there():
            return []
        with self._database.reading() as connection:
            return list(out_of_bounds(connection, self.ENTRIES, one(connection, _HEAD)))

    def _is_there(self) -> bool:
        with self._database.reading() as connection:
            return may_be_read(connection, "look")


class SqlAccessLog:
    """The access log of an open database (`access.keeping.AccessLog`)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.tree = AccessTree(database)
        self._clock = utc_clock(clock)

    def append(
        self,
        entries: Sequence[Entry],
        *,
        cases: Collection[str] = (),
        known: int = 0,
        glass: str | None = None,
        read: int = 0,
    ) -> int:
        given = as_entries(entries)
        with self.database.writing() as connection:
            if cases and _has_moved(connection, cases, known):
                raise Moved
            if glass and run(connection, _LATER_LOOK.format(mark(connection)), (glass, read)).fetchone() is not None:
                raise Moved
            tree_tables.make_missing(connection, "look")
            head = _head(connection)
            _, last = _last_readable(connection, head)
            rows, tags = [], []
            for position, entry in enumerate(given, head + 1):
                now = self._clock()
                last = now if last is None or now > last else last
                frame, data = frame_of(entry, position, last), stored_data(entry.data)
                rows.append((position, frame, data, leaf_of(canonical(frame, data))))
                tags += [(tag, position) for tag in dict.fromkeys(entry.tags)]
            insert(connection, "look_tag", sorted(tags))
            insert(connection, "look", rows)  # last: behind a look the guards take nothing more about it
            read_back.expect_kept(read_back.looks(connection, head, rows))
            if tags:
                read_back.expect_kept(read_back.look_tags(connection, head, tags))
            blocks = self.tree.grow(connection, head, [leaf for *_, leaf in rows])
        self.tree.grown_to(blocks)
        return head + len(rows)

    def latest(self) -> datetime | None:
        with self.database.reading() as connection:
            return _last_readable(connection, _head(connection))[1] if may_be_read(connection, "look") else None

    def about(self, tag: str | None = None, since: datetime | None = None) -> Iterator[Recorded | Garbled]:
        with self.database.reading() as connection:
            if not may_be_read(connection, "look"):
                return
            after = 0 if since is None else _before(connection, since)
        while True:
            with self.database.reading() as connection:
                statement = (_ALL if tag is None else _TAGGED).format(mark(connection))
                values = (after,) if tag is None else (tag, after)
                rows = run_binary(connection, statement, values).fetchall()
            yield from map(_entry, rows)
            if len(rows) < PAGE or not isinstance(rows[-1][0], int):  # a table that someone made may end with anything
                return
            after = rows[-1][0]


def _has_moved(connection: Connection, cases: Collection[str], known: int) -> bool:
    """Whether the record has an entry about one of those cases behind that position."""
    dialect = connection.dialect.name
    asked: object = msgspec.json.encode(list(cases)).decode() if dialect == "sqlite" else list(cases)
    statement = _MOVED.format(known=known, later=_LATER[dialect])
    return run(connection, statement, (asked, known)).fetchone() is not None


def _entry(row: Sequence[Any]) -> Recorded | Garbled:
    position, *parts = row
    try:
        return parse(*parts)
    except Unreadable:
        return Garbled(position if isinstance(position, int) else None)


def _head(connection: Connection) -> int:
    found = one(connection, _HEAD)
    if not isinstance(found, int):
        raise Tampered("the access log has a position that is no number: expected 1, 2, 3, … without gaps")
    return found


def _last_readable(connection: Connection, position: int) -> tuple[int, datetime | None]:
    """The last position up to that one whose entry can be read, and when it was recorded; 0 and None without one."""
    statement = _BACK.format(mark(connection))
    while (row := run_binary(connection, statement, (position,)).fetchone()) is not None:
        if isinstance(found := _entry(row), Recorded):
            return row[0], found.recorded_at
        position = row[0] - 1
    return 0, None


def _before(connection: Connection, since: datetime) -> int:
    """The last position that was surely recorded before that instant: instants never fall as positions rise."""
    low, high = 0, _head(connection)
    while low < high:
        middle = (low + high + 1) // 2
        _, at = _last_readable(connection, middle)
        low, high = (middle, high) if at is None or at < since else (low, middle - 1)
    return _last_readable(connection, low)[0]
