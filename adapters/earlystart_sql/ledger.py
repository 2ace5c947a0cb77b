"""The import ledger on SQL: three tables beside the log, written in the transaction of the entries that they explain.

They hold keyed digests, ids, and sealed values; nothing of a feed stands in them in clear. Unlike the log's rows these
may be changed (a later feed fills a field) and deleted (a subject is erased).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from sqlalchemy import (
    Column,
    Connection,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from earlystart_core.entry import Entry
from earlystart_core.errors import Conflict
from earlystart_core.words.erasure import SubjectErased
from earlystart_feeds.ledger import ERASED, NUMBER, TAKEN, Name, Remembered
from earlystart_sql.guards import mend
from earlystart_sql.log import SqlLog
from earlystart_sql.read_back import expect_count

ASKED = 500  # keys a statement
PERSONS = "CYP001MPI.csv"  # the file whose rows are about the child of a case itself

metadata = MetaData()
import_row = Table(
    "import_row",
    metadata,
    Column("key", LargeBinary, primary_key=True),  # 32 bytes: HMAC of (system, file, id)
    Column("file", Text, nullable=False),
    Column("ids", Text, nullable=False),  # separated by spaces, the row's own first
    Column("about_case", Text),
    Column("about_person", Text),
    Column("fields", LargeBinary, nullable=False),  # 16 bytes a column
    Column("sealed", LargeBinary),
)
Index("import_row_by_case", import_row.c.about_case)
Index("import_row_by_person", import_row.c.about_person)
import_name = Table(
    "import_name",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("id", Text, nullable=False),
)
Index("import_name_by_id", import_name.c.id)
import_erased = Table(
    "import_erased",
    metadata,
    Column("key", LargeBinary, primary_key=True),  # of a row or name that was forgotten: no feed brings anyone back
)

_TOMBSTONES = DCBQuery([DCBQueryItem(types=[SubjectErased.__name__])])
_FILL = (
    update(import_row)
    .where(import_row.c.key == bindparam("of_key"), import_row.c.fields == bindparam("before"))
    .values(fields=bindparam("now"))
)


class SqlLedger:
    """The ledger beside an open log. Its tables are made at the first import."""

    def __init__(self, log: SqlLog) -> None:
        self._log = log

    def rows(self, keys: Iterable[bytes]) -> dict[bytes, Remembered]:
        columns = (import_row.c.key, import_row.c.file, import_row.c.ids, import_row.c.fields, import_row.c.sealed)
        return {
            bytes(key): Remembered(bytes(key), file, tuple(ids.split()), bytes(fields), sealed and bytes(sealed))
            for key, file, ids, fields, sealed in self._asked(select(*columns), import_row.c.key, keys)
        }

    def names(self, keys: Iterable[bytes]) -> dict[bytes, str]:
        return {
            bytes(key): id
            for key, id in self._asked(select(import_name.c.key, import_name.c.id), import_name.c.key, keys)
        }

    def erased(self, keys: Iterable[bytes]) -> set[bytes]:
        with self._log.reading() as connection:
            if not inspect(connection).has_table(import_erased.name):
                return set()
            if connection.execute(select(import_erased.c.key).limit(1)).first() is None:
                return set()
        return {bytes(key) for (key,) in self._asked(select(import_erased.c.key), import_erased.c.key, keys)}

    def is_empty(self) -> bool:
        with self._log.reading() as connection:
            return not self._is_made(connection) or all(
                connection.execute(select(table.c.key).limit(1)).first() is None for table in (import_row, import_name)
            )

    def record(self, entries: Sequence[Entry], rows: Sequence[Remembered], names: Sequence[Name], since: int) -> None:
        def remember(connection: Connection, _: object = None) -> None:
            if self._log.any_within(connection, _TOMBSTONES, since):
                raise Conflict(ERASED)
            if not self._is_made(connection):
                metadata.create_all(connection)
                mend(connection, [import_erased.name])
            _write(connection, rows, names)

        if entries:
            self._log.append(entries, also=remember)
        else:
            with self._log.writing() as connection:
                remember(connection)

    def forget(self, subject: str) -> int:
        with self._log.writing() as connection:
            return self.forget_within(connection, [subject])

    def forget_within(self, connection: Connection, subjects: Sequence[str]) -> int:
        """As `forget`, for several subjects, in the caller's transaction under the append lock."""
        if not self._is_made(connection):
            return 0
        about = or_(import_row.c.about_case.in_(subjects), import_row.c.about_person.in_(subjects))
        if not inspect(connection).has_table(import_erased.name):
            import_erased.create(connection)
            mend(connection, [import_erased.name])
        known = import_row.c.key.in_(select(import_erased.c.key))
        named = import_name.c.id.in_(subjects)
        people = and_(
            named, import_name.c.id.startswith("person:"), import_name.c.key.not_in(select(import_erased.c.key))
        )
        kept = select(import_row.c.key).where(about, ~known, import_row.c.file != NUMBER)
        connection.execute(insert(import_erased).from_select(["key"], kept))
        connection.execute(insert(import_erased).from_select(["key"], select(import_name.c.key).where(people)))
        rows = connection.execute(delete(import_row).where(about)).rowcount
        return rows + connection.execute(delete(import_name).where(named)).rowcount

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
            return [(person, bytes(value)) for person, value in connection.execute(asked)]

    def _asked(self, statement: Any, column: Any, keys: Iterable[bytes]) -> Iterator[Any]:
        rest = iter(keys)
        with self._log.reading() as connection:
            if not self._is_made(connection):
                return
            while some := list(islice(rest, ASKED)):
                yield from connection.execute(statement.where(column.in_(some))).all()

    def _is_made(self, connection: Connection) -> bool:
        there = self._log.memory.seen(connection).memory.tables
        if import_row.name not in there and inspect(connection).has_table(import_row.name):
            there.add(import_row.name)
        return import_row.name in there


def _write(connection: Connection, rows: Sequence[Remembered], names: Sequence[Name]) -> None:
    new = [
        {
            "key": row.key,
            "file": row.file,
            "ids": " ".join(row.ids),
            "about_case": _first(row, "case:"),
            "about_person": _first(row, "person:"),
            "fields": row.fields,
            "sealed": row.sealed,
        }
        for row in rows
        if row.before is None
    ]
    try:
        if new:
            connection.execute(insert(import_row), new)
        if names:
            connection.execute(insert(import_name), [{"key": name.key, "id": name.id} for name in names])
        expect_count("import_row", len(new), _count(connection, import_row, [row["key"] for row in new]))
        expect_count("import_name", len(names), _count(connection, import_name, [name.key for name in names]))
    except IntegrityError:
        raise Conflict(TAKEN) from None
    for row in rows:
        if row.before is not None:
            filled = connection.execute(_FILL, {"of_key": row.key, "before": row.before, "now": row.fields})
            if filled.rowcount != 1:
                raise Conflict(TAKEN)


def _count(connection: Connection, table: Table, keys: Sequence[Any]) -> int:
    """How many of those keys are in the table."""
    some = (keys[first : first + ASKED] for first in range(0, len(keys), ASKED))
    return sum(
        connection.execute(select(func.count()).select_from(table).where(table.c.key.in_(each))).scalar_one()
        for each in some
    )


def _first(row: Remembered, kind: str) -> str | None:
    return next((id for id in row.ids if id.startswith(kind)), None)
