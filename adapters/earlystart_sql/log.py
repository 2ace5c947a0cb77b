"""The log on SQL: one locked path for every append, and reads that need no lock.

Under the lock a position is the last one plus one, so there are no gaps, and whoever reads sees positions in the
order of their commits: no entry can appear below one that was seen. Entries never change, so a long read may page
through short transactions, bounded by the head it began with, and still be of one moment.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError, ProgrammingError
from sqlalchemy import Connection

from earlystart_core.entry import (
    Entry,
    Recorded,
    as_entries,
    canonical,
    check_text,
    frame_of,
    from_micros,
    leaf_of,
    micros,
    parse,
    stored_data,
)
from earlystart_core.log import AlreadyRecorded, Batch, Clock, Log, Read, Receipt
from earlystart_sql.columns import batches_of
from earlystart_sql.database import Database
from earlystart_sql.dictionary import Dictionary, Numbers, Shape
from earlystart_sql.insert import insert
from earlystart_sql.query import Part, any_match, facts_of, page, parts_of
from earlystart_sql.raw import mark, one, run, run_binary, together
from earlystart_sql.tree import SqlTree

PAGE = 2_000  # entries
EVERY = 2**31 - 1
Follower = Callable[[Numbers, Sequence[Recorded]], None]
Also = Callable[[Connection, Sequence[Recorded]], None]

_LAST = "SELECT position, recorded_at FROM entry ORDER BY position DESC LIMIT 1"
_HEAD = "SELECT coalesce(max(position), 0) FROM entry"
_RECEIPT = {
    "sqlite": "SELECT command_id, digest, first, count FROM receipt WHERE command_id = ?",
    "postgresql": "SELECT command_id, digest, first, count FROM receipt WHERE command_id = %s",
}


class SqlLog(Log):
    """The log of an open database.

    `followers` are called within each append's transaction, after its rows, with the numbers that it used: what they
    look up and add is remembered with them.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.reading = database.reading
        self.writing = database.writing
        self.try_writing = database.try_writing
        self.followers: list[Follower] = []
        self.tree: SqlTree = SqlTree(database)
        self._clock = clock
        self._dictionary = Dictionary()
        self.forget_terms = self._dictionary.forget_terms

    def read(self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None) -> Read:
        with self.reading() as connection:
            head = _head(connection)
            numbers = Numbers(self._dictionary, connection)
            parts = parts_of(query, numbers)
            rows = _page(connection, parts, after or 0, head, PAGE if limit is None else max(limit, 0))
            if not self.database.sees_uncommitted:
                numbers.remember()
        if limit is None:
            return Read(self._paged(parts, rows, head), head or None)
        return Read(rows, rows[-1].position if rows else None)

    def append(
        self,
        events: Sequence[DCBEvent],
        condition: DCBAppendCondition | None = None,
        *,
        receipt: Receipt | None = None,
        also: Also | None = None,
    ) -> int:
        """As the port says. `also` runs in the same transaction, after the rows and before the followers.

        Whatever `also` or a follower raises undoes the append.
        """
        if not events and receipt is None:
            raise ProgrammingError("an append needs at least one event, or a receipt")
        entries = as_entries(events)
        if receipt is not None:
            check_text("command_id", receipt.command_id)
        drafts = [(entry, stored_data(entry.data), tuple(dict.fromkeys(entry.tags))) for entry in entries]
        tags = list(dict.fromkeys(tag for _, _, own in drafts for tag in own))
        with self.writing() as connection:
            if receipt is not None and (known := _receipt(connection, receipt.command_id)) is not None:
                raise AlreadyRecorded(known)
            numbers = Numbers(self._dictionary, connection)
            if condition is not None:
                _check(connection, condition, numbers)
            row = run(connection, _LAST).fetchone()
            head, last = (0, None) if row is None else (row[0], from_micros(row[1]))
            tag_of = numbers.of(tags)
            with together(connection):
                recorded = self._insert(connection, drafts, numbers, tag_of, head, last)
                if receipt is not None:
                    insert(connection, "receipt", [(receipt.command_id, receipt.digest, head + 1, len(entries))])
            blocks = self.tree.grow(connection, head, [each.leaf for each in recorded])
            if also is not None:
                also(connection, recorded)
            for follower in self.followers:
                follower(numbers, recorded)
        numbers.remember()
        self.tree.grown_to(blocks)
        return head + len(entries)

    def _insert(
        self,
        connection: Connection,
        drafts: Sequence[tuple[Entry, bytes, tuple[str, ...]]],
        numbers: Numbers,
        tag_of: dict[str, int],
        head: int,
        last: datetime | None,
    ) -> list[Recorded]:
        rows, facts, tag_rows, recorded = [], [], [], []
        for position, (entry, data, tags) in enumerate(drafts, head + 1):
            now = self._clock().astimezone(UTC)
            last = now if last is None or now > last else last
            frame = frame_of(entry, position, last)
            leaf = leaf_of(canonical(frame, data))
            occurred = None if entry.occurred_at is None else micros(entry.occurred_at)
            shape = numbers.shape((entry.type, entry.version))
            rows.append((position, shape, micros(last), frame, leaf))
            facts.append((shape, position, occurred, data))
            tag_rows += [(tag_of[tag], position, shape) for tag in tags]
            recorded.append(Recorded(entry, position, last, leaf))
        insert(connection, "shape", numbers.new_shapes)
        insert(connection, "tag", numbers.new_tags)
        insert(connection, "fact", sorted(facts))
        insert(connection, "entry_tag", sorted(tag_rows))
        insert(connection, "entry", rows)  # last: behind an entry the guards take nothing more about it
        return recorded

    def within(self, connection: Connection, after: int, upto: int) -> list[Recorded]:
        """All entries with `after < position <= upto` as the caller's transaction sees them, its own too."""
        return _page(connection, None, after, upto, EVERY)

    def any_within(self, connection: Connection, query: DCBQuery, after: int) -> bool:
        """Whether an entry after that position matches the query, as the caller's transaction sees them."""
        return _any(connection, query, after, Numbers(self._dictionary, connection))

    def numbers(self, connection: Connection) -> Numbers:
        """The numbers of tags and shapes as the caller's transaction sees them."""
        return Numbers(self._dictionary, connection)

    def facts(
        self, numbers: Numbers, types: Sequence[str], tags: Sequence[str], after: int
    ) -> Iterator[tuple[int, Shape, int | None, bytes | None]]:
        """Position, shape, occurred_at (microseconds) and data of entries of those types that carry all of those tags.

        As the transaction of the numbers sees them, its own too, after a position, in rising position.
        """
        shapes = {number: shape for shape, number in numbers.versions_of(types).items()}
        statement = facts_of(DCBQueryItem(list(types), list(tags)), numbers, after)
        for position, shape, occurred, data in run_binary(numbers.connection, *statement) if statement else ():
            yield position, shapes[shape], occurred, data

    def head(self) -> int:
        with self.reading() as connection:
            return _head(connection)

    def known_at(self, moment: datetime) -> int:
        bound = micros(moment)
        with self.reading() as connection:
            low, high = 0, _head(connection)
            while low < high:  # recorded_at never falls as positions rise
                middle = (low + high + 1) // 2
                at = one(connection, f"SELECT recorded_at FROM entry WHERE position = {middle}")
                low, high = (middle, high) if at <= bound else (low, middle - 1)
            return low

    def receipt(self, command_id: str) -> Receipt | None:
        with self.reading() as connection:
            return _receipt(connection, command_id)

    def batches(self, types: Sequence[str], *, after: int = 0, upto: int | None = None) -> Iterator[Batch]:
        with self.reading() as connection:
            head = _head(connection)
            shapes = Numbers(self._dictionary, connection).versions_of(types)
        return batches_of(self.database, shapes, max(after, 0), head if upto is None else min(upto, head))

    def _paged(self, parts: list[Part] | None, rows: list[Recorded], head: int) -> Iterator[Recorded]:
        while rows:
            yield from rows
            if len(rows) < PAGE:
                return
            with self.reading() as connection:
                rows = _page(connection, parts, rows[-1].position, head, PAGE)


def _head(connection: Connection) -> int:
    return int(one(connection, _HEAD))


def _page(connection: Connection, parts: list[Part] | None, after: int, upto: int, limit: int) -> list[Recorded]:
    statement = page(parts, after, upto, limit, mark(connection))
    if statement is None:
        return []
    return [parse(*row) for row in run_binary(connection, *statement)]


def _receipt(connection: Connection, command_id: str) -> Receipt | None:
    row = run(connection, _RECEIPT[connection.dialect.name], (command_id,)).fetchone()
    if row is None:
        return None
    return Receipt(row[0], bytes(row[1]), tuple(range(row[2], row[2] + row[3])))


def _check(connection: Connection, condition: DCBAppendCondition, numbers: Numbers) -> None:
    if _any(connection, condition.fail_if_events_match, condition.after or 0, numbers):
        raise IntegrityError(condition)


def _any(connection: Connection, query: DCBQuery, after: int, numbers: Numbers) -> bool:
    statement = any_match(parts_of(query, numbers), after, numbers.mark)
    return statement is not None and run(connection, *statement).fetchone() is not None
