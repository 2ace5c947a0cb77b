"""The import ledger on SQL: three tables beside the log, written in the transaction of the entries that they explain.

They hold keyed digests, ids, and sealed values; nothing of a feed stands in them in clear. Unlike the log's rows these
may be changed (a later feed fills a field) and deleted (a subject is erased).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from earlystart_core.entry import Entry, blob_of
from earlystart_core.errors import Conflict
from earlystart_core.privacy.keys import Keys
from earlystart_feeds.ledger import NUMBER, TAKEN, Moment, Name, Remembered
from earlystart_sql.ledger_binding import LedgerBinding
from earlystart_sql.ledger_tables import LEDGER, import_erased, import_name, import_row, is_there, make
from earlystart_sql.ledger_total import Total
from earlystart_sql.log import SqlLog
from earlystart_sql.raw import mark, run_binary
from earlystart_sql.read_back import expect_count

ASKED = 500  # keys a statement
PERSONS = "CYP001MPI.csv"  # the file whose rows are about the child of a case itself

_FILL = (
    update(import_row)
    .where(import_row.c.key == bindparam("of_key"), import_row.c.fields == bindparam("before"))
    .values(fields=bindparam("now"))
)


_COLUMNS = [*import_row.columns.keys()]
_FIELDS = _COLUMNS.index("fields")


class SqlLedger:
    """The ledger beside an open log. Its tables are made at the first import. keys: the store's."""

    def __init__(self, log: SqlLog, keys: Callable[[], Keys]) -> None:
        self._log = log
        self.binding = LedgerBinding(log, keys)
        self.moment = self.binding.check

    def rows(self, keys: Iterable[bytes]) -> dict[bytes, Remembered]:
        columns = (import_row.c.key, import_row.c.file, import_row.c.ids, import_row.c.fields, import_row.c.sealed)
        return {
            blob_of(key): Remembered(
                blob_of(key), file, tuple(ids.split()), blob_of(fields), sealed and blob_of(sealed)
            )
            for key, file, ids, fields, sealed in self._asked(select(*columns), import_row.c.key, keys)
        }

    def names(self, keys: Iterable[bytes]) -> dict[bytes, str]:
        return {
            blob_of(key): id
            for key, id in self._asked(select(import_name.c.key, import_name.c.id), import_name.c.key, keys)
        }

    def erased(self, keys: Iterable[bytes]) -> set[bytes]:
        with self._log.reading() as connection:
            if not is_there(connection, import_erased):
                return set()
            if connection.execute(select(import_erased.c.key).limit(1)).first() is None:
                return set()
        return {blob_of(key) for (key,) in self._asked(select(import_erased.c.key), import_erased.c.key, keys)}

    def is_empty(self) -> bool:
        with self._log.reading() as connection:
            return not self._is_made(connection) or all(
                connection.execute(select(table.c.key).limit(1)).first() is None for table in (import_row, import_name)
            )

    def record(
        self, entries: Sequence[Entry], rows: Sequence[Remembered], names: Sequence[Name], since: Moment
    ) -> Moment:
        prepared, left = self.binding.planned(since), since

        def remember(connection: Connection, _: object = None) -> None:
            nonlocal left
            total = self.binding.begin(connection, prepared)
            assert total is not None, "a change that was planned has its secret"
            make(connection, *LEDGER)
            _write(connection, rows, names, total)
            left = self.binding.end(connection, total)

        if entries:
            self._log.append(entries, also=remember)
        else:
            with self._log.writing() as connection:
                remember(connection)
        self.binding.vouch()
        return left

    def forget(self, subject: str) -> int:
        prepared = self.binding.prepared()
        with self._log.writing() as connection:
            forgotten = self.forget_within(connection, [subject], self.binding.begin(connection, prepared))
        self.binding.vouch()
        return forgotten

    def forget_within(self, connection: Connection, subjects: Sequence[str], total: Total | None) -> int:
        """As `forget`, for several subjects, in the caller's transaction under the append lock.

        total: as the binding's `begin` gave it; None where there is none, since there is no ledger or its keys are
        lost.
        """
        if not self._is_made(connection):
            return 0
        make(connection, import_erased)
        about = or_(import_row.c.about_case.in_(subjects), import_row.c.about_person.in_(subjects))
        named = import_name.c.id.in_(subjects)
        found = _of(connection, import_row, "about_case", subjects) + _of(
            connection, import_row, "about_person", subjects
        )
        rows = {row[0]: row for row in found}
        names = _of(connection, import_name, "id", subjects)
        keys = [key for key, row in rows.items() if row[1] != NUMBER]
        keys += [key for key, id in names if id.startswith("person:")]
        known = {key for (key,) in _of(connection, import_erased, "key", keys)}
        gone = [(key,) for key in keys if key not in known]
        if gone:
            connection.execute(insert(import_erased), [{"key": key} for (key,) in gone])
        connection.execute(delete(import_row).where(about))
        connection.execute(delete(import_name).where(named))
        if total is not None:
            total.add(import_erased.name, gone)
            total.take(import_row.name, rows.values())
            total.take(import_name.name, names)
            self.binding.end(connection, total)
        return len(rows) + len(names)

    def remembers(self, subject: str) -> bool:
        """Whether a row or a name is about that subject."""
        with self._log.reading() as connection:
            if not self._is_made(connection):
                return False
            about = or_(import_row.c.about_case == subject, import_row.c.about_person == subject)
            asked = (
                select(import_row.c.key).where(about),
                select(import_name.c.key).where(import_name.c.id == subject),
            )
            return any(connection.execute(one.limit(1)).first() is not None for one in asked)

    def behind(self, subject: str) -> list[str]:
        """Of a case the persons that are its child, of a person the cases whose child it is, as CYP001MPI has it."""
        mine, other = import_row.c.about_case, import_row.c.about_person
        if subject.startswith("person:"):
            mine, other = other, mine
        with self._log.reading() as connection:
            if not self._is_made(connection):
                return []
            asked = select(other).where(mine == subject, import_row.c.file == PERSONS, other.is_not(None))
            return sorted({id for (id,) in connection.execute(asked)})

    def people(self) -> list[tuple[str, str]]:
        """Every case with a person that rows tell of in it, the child itself or another."""
        return self._pairs()

    def children(self) -> list[tuple[str, str]]:
        """Every case with a person that is its child, as CYP001MPI has it."""
        return self._pairs(import_row.c.file == PERSONS)

    def _pairs(self, *which: Any) -> list[tuple[str, str]]:
        with self._log.reading() as connection:
            if not self._is_made(connection):
                return []
            asked = select(import_row.c.about_case, import_row.c.about_person).distinct()
            asked = asked.where(import_row.c.about_case.is_not(None), import_row.c.about_person.is_not(None), *which)
            return [(case, person) for case, person in connection.execute(asked)]

    def sealed(self, subjects: Sequence[str]) -> list[tuple[str, bytes]]:
        """The sealed values kept under those persons' keys, each with its person."""
        with self._log.reading() as connection:
            if not self._is_made(connection):
                return []
            mine = import_row.c.about_person.in_(subjects), import_row.c.sealed.is_not(None)
            asked = select(import_row.c.about_person, import_row.c.sealed).where(*mine)
            return [(person, blob_of(value)) for person, value in connection.execute(asked)]

    def _asked(self, statement: Any, column: Any, keys: Iterable[bytes]) -> Iterator[Any]:
        rest = iter(keys)
        with self._log.reading() as connection:
            if not self._is_made(connection):
                return
            while some := list(islice(rest, ASKED)):
                yield from connection.execute(statement.where(column.in_(some))).all()

    def _is_made(self, connection: Connection) -> bool:
        there = self._log.memory.seen(connection).memory.tables
        if import_row.name not in there and is_there(connection, import_row):
            there.add(import_row.name)
        return import_row.name in there


def _write(connection: Connection, rows: Sequence[Remembered], names: Sequence[Name], total: Total) -> None:
    new = [_stored(row) for row in rows if row.before is None]
    filled = {row.key: row for row in rows if row.before is not None}
    before = _of(connection, import_row, "key", [*filled])
    try:
        if new:
            connection.execute(insert(import_row), [dict(zip(_COLUMNS, row, strict=True)) for row in new])
        if names:
            connection.execute(insert(import_name), [{"key": name.key, "id": name.id} for name in names])
        expect_count("import_row", len(new), _count(connection, import_row, [row[0] for row in new]))
        expect_count("import_name", len(names), _count(connection, import_name, [name.key for name in names]))
    except IntegrityError:
        raise Conflict(TAKEN) from None
    for row in filled.values():
        done = connection.execute(_FILL, {"of_key": row.key, "before": row.before, "now": row.fields})
        if done.rowcount != 1:
            raise Conflict(TAKEN)
    total.take(import_row.name, before)
    total.add(import_row.name, new)
    total.add(import_row.name, ((*old[:_FIELDS], filled[old[0]].fields, *old[_FIELDS + 1 :]) for old in before))
    total.add(import_name.name, ((name.key, name.id) for name in names))


def _stored(row: Remembered) -> tuple[Any, ...]:
    """The stored row, in the order of the table's columns."""
    about = _first(row, "case:"), _first(row, "person:")
    return (row.key, row.file, " ".join(row.ids), *about, row.fields, row.sealed)


def _of(connection: Connection, table: Table, column: str, values: Sequence[Any]) -> list[Sequence[Any]]:
    """The whole rows of a table that have one of those values in a column."""
    found: list[Sequence[Any]] = []
    for first in range(0, len(values), ASKED):
        some = tuple(values[first : first + ASKED])
        marks = ", ".join([mark(connection)] * len(some))
        columns = ", ".join(table.columns.keys())
        found += run_binary(
            connection, f"SELECT {columns} FROM {table.name} WHERE {column} IN ({marks})", some
        ).fetchall()
    return found


def _count(connection: Connection, table: Table, keys: Sequence[Any]) -> int:
    """How many of those keys are in the table."""
    some = (keys[first : first + ASKED] for first in range(0, len(keys), ASKED))
    return sum(
        connection.execute(select(func.count()).select_from(table).where(table.c.key.in_(each))).scalar_one()
        for each in some
    )


def _first(row: Remembered, kind: str) -> str | None:
    return next((id for id in row.ids if id.startswith(kind)), None)
