"""The log on SQL: one locked path for every append, and reads that need no lock.

Under the lock a position is the last one plus one, so there are no gaps, and whoever reads sees positions in the
order of their commits: no entry can appear below one that was seen. Entries never change, so a long read may page
through short transactions, bounded by the head it began with, and still be of one moment: as long as the log has that
head, which each page looks at.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError, ProgrammingError
from sqlalchemy import Connection

from earlystart_core.entry import (
    Entry,
    Recorded,
    as_entries,
    blob_of,
    canonical,
    check_text,
    frame_of,
    from_micros,
    leaf_of,
    micros,
    parse,
    stored_data,
)
from earlystart_core.errors import Tampered
from earlystart_core.log import AlreadyRecorded, Batch, Condition, Log, Read, Receipt
from earlystart_core.proven import Proven, proven
from earlystart_core.utc import Clock, utc_clock
from earlystart_sql import read_back
from earlystart_sql.columns import batches_of
from earlystart_sql.database import Database
from earlystart_sql.dictionary import Numbers
from earlystart_sql.ids import BELIEVED
from earlystart_sql.insert import insert
from earlystart_sql.query import Part, about, any_match, facts_of, page, parts_of
from earlystart_sql.raw import mark, one, run, run_binary, together
from earlystart_sql.remembered import Memory, Shape, expect_still, is_still
from earlystart_sql.tree import SqlTree

PAGE = 2_000  # entries
EVERY = 2**31 - 1
Follower = Callable[[Numbers, Sequence[Recorded]], None]
Also = Callable[[Connection, Sequence[Recorded]], None]

_LAST = "SELECT position, leaf FROM entry ORDER BY position DESC LIMIT 1"
_GREATEST = "SELECT coalesce(max(position), 0) FROM entry"
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
        self.clock = utc_clock(clock)
        self.memory = Memory()

    @property
    def history(self) -> object:
        return self.memory.now

    def read(self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None) -> Read:
        with self.reading() as connection:
            numbers = self.numbers(connection)
            head, leaf = self._head(connection)
            parts = parts_of(query, numbers)
            rows = _page(connection, parts, after or 0, head, PAGE if limit is None else max(limit, 0))
            if not self.database.sees_uncommitted:
                numbers.remember()
        if limit is None:
            return Read(self._paged(parts, rows, (head, leaf)), head or None, leaf or None)
        return Read(rows, rows[-1].position, rows[-1].leaf) if rows else Read(rows, None)

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
            numbers = self.numbers(connection)
            numbers.look_up(_named(tags, condition))  # all with one statement
            if condition is not None:
                _check(connection, condition, numbers)
            head, at = numbers.seen.head, numbers.seen.recorded_at
            last = None if at is None else from_micros(at)
            tag_of = numbers.of(tags)
            with together(connection):
                recorded, asked = self._insert(connection, drafts, numbers, tag_of, head, last)
                if receipt is not None:
                    row_of = (receipt.command_id, receipt.digest, head + 1, len(entries))
                    insert(connection, "receipt", [row_of])
                    asked.append(read_back.receipt(connection, row_of))
            read_back.expect_kept(*asked)
            blocks = self.tree.grow(connection, head, [each.leaf for each in recorded])
            if also is not None:
                also(connection, recorded)
            for follower in self.followers:
                follower(numbers, recorded)
        numbers.remember(grown=(recorded[-1].position, recorded[-1].leaf) if recorded else None)
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
    ) -> tuple[list[Recorded], list[read_back.Asked]]:
        rows, facts, tag_rows, recorded, whole, tagged = [], [], [], [], [], []
        for position, (entry, data, tags) in enumerate(drafts, head + 1):
            now = self.clock()
            last = now if last is None or now > last else last
            frame = frame_of(entry, position, last)
            leaf = leaf_of(canonical(frame, data))
            occurred = None if entry.occurred_at is None else micros(entry.occurred_at)
            shape = numbers.shape((entry.type, entry.version))
            rows.append((position, shape, micros(last), frame, leaf))
            facts.append((shape, position, occurred, data))
            tag_rows += [(tag_of[tag], position, shape) for tag in tags]
            recorded.append(Recorded(entry, position, last, leaf))
            whole.append((position, entry.type, entry.version, micros(last), frame, leaf, occurred, data))
            tagged += [(tag, position) for tag in tags]
        insert(connection, "shape", numbers.new_shapes)
        insert(connection, "tag", numbers.new_tags)
        insert(connection, "fact", sorted(facts))
        insert(connection, "entry_tag", sorted(tag_rows))
        insert(connection, "entry", rows)  # last: behind an entry the guards take nothing more about it
        asked = [read_back.entries(connection, head, whole)] if whole else []
        if tagged:
            asked.append(read_back.tags(connection, head, list(tag_of.values()), tagged))
        return recorded, asked

    def within(self, connection: Connection, after: int, upto: int) -> list[Recorded]:
        """All entries with `after < position <= upto` as the caller's transaction sees them, its own too."""
        return _page(connection, None, after, upto, EVERY)

    def any_within(self, connection: Connection, query: DCBQuery, after: int) -> bool:
        """Whether an entry after that position matches the query, as the caller's transaction sees them."""
        return _any(connection, query, after, self.numbers(connection))

    def numbers(self, connection: Connection) -> Numbers:
        """The numbers of tags and shapes as the caller's transaction sees them."""
        return Numbers(self.memory.seen(connection), connection)

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

    def about(self, types: Sequence[str], tags: Collection[str], *, upto: int) -> list[Proven]:
        with self.reading() as connection:
            numbers = self.numbers(connection)
            statement = about(types, [*tags], upto, numbers)
            rows = [] if statement is None else run_binary(connection, *statement).fetchall()
            if not self.database.sees_uncommitted:
                numbers.remember()
        asked = frozenset(tags)
        return [proven(position, frame, data, leaf, asked) for position, frame, data, leaf in rows]

    def end(self) -> tuple[int, bytes]:
        """The greatest position and its entry's leaf; 0 and nothing for an empty log."""
        with self.reading() as connection:
            return self._head(connection)

    def head(self) -> int:
        return self.end()[0]

    def known_at(self, moment: datetime) -> int:
        bound = micros(moment)
        with self.reading() as connection:
            low, high = 0, self._head(connection)[0]
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
            end = self._head(connection)
            shapes = self.numbers(connection).versions_of(types)
        return batches_of(self.database, shapes, max(after, 0), end[0] if upto is None else min(upto, end[0]), end)

    def _head(self, connection: Connection) -> tuple[int, bytes]:
        """The head as the transaction sees it by now, and the leaf there."""
        seen = self.memory.seen(connection)
        if not self.database.sees_uncommitted:
            return seen.head, seen.leaf
        row = run(connection, _LAST).fetchone()  # this thread may have appended within it
        return (0, b"") if row is None else (int(row[0]), row[1])

    def _paged(self, parts: list[Part] | None, rows: list[Recorded], end: tuple[int, bytes]) -> Iterator[Recorded]:
        while rows:
            yield from rows
            if len(rows) < PAGE:
                return
            with self.reading() as connection:
                expect_still(connection, *end)
                rows = _page(connection, parts, rows[-1].position, end[0], PAGE)


def _page(connection: Connection, parts: list[Part] | None, after: int, upto: int, limit: int) -> list[Recorded]:
    statement = page(parts, after, upto, limit, mark(connection))
    if statement is None:
        return []
    return [parse(*row) for row in run_binary(connection, *statement)]


def _receipt(connection: Connection, command_id: str) -> Receipt | None:
    row = run(connection, _RECEIPT[connection.dialect.name], (command_id,)).fetchone()
    if row is None:
        return None
    command_id, digest, first, count = row
    if count > BELIEVED and first + count - 1 > one(connection, _GREATEST):  # no room is made for what someone wrote
        raise Tampered(f"the receipt of command_id {command_id} names entries that are not there")
    return Receipt(command_id, blob_of(digest), tuple(range(first, first + count)))


def _named(tags: Sequence[str], condition: DCBAppendCondition | None) -> Iterator[str]:
    """Those tags, and those of the condition."""
    yield from tags
    for item in condition.fail_if_events_match.items if condition is not None else ():
        yield from item.tags


def _check(connection: Connection, condition: DCBAppendCondition, numbers: Numbers) -> None:
    leaf = condition.leaf if isinstance(condition, Condition) else None
    after = condition.after or 0
    if leaf is not None and not numbers.seen.has(after, leaf) and not is_still(connection, after, leaf):
        raise IntegrityError(condition)
    if _any(connection, condition.fail_if_events_match, after, numbers):
        raise IntegrityError(condition)


def _any(connection: Connection, query: DCBQuery, after: int, numbers: Numbers) -> bool:
    statement = any_match(parts_of(query, numbers), after, numbers.mark)
    return statement is not None and run(connection, *statement).fetchone() is not None
