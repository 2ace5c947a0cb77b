"""What a build does to tables: which there are, empty ones to fill, and who builds now.

`view_build` holds the number of the build that began last. Tables of views hold no sealed text, and nothing that does
not stand in the log in the clear: on SQLite their pages are freed without being overwritten.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table
from sqlalchemy.schema import CreateTable

from earlystart_core.entry import micros
from earlystart_sql.raw import one, run
from earlystart_sql.system import system_clock
from earlystart_sql.view_tables import NAMED, ViewTable

metadata = MetaData()

view_build = Table(
    "view_build",
    metadata,
    Column("build", BigInteger, nullable=False),
    Column("stepped_at", BigInteger, nullable=False),  # microseconds since 1970; 0: it ended
)

ALIVE = 15_000_000  # microseconds: a build that has not stepped for so long is taken for dead by readers
_THERE = {
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'view%'",
    "postgresql": (  # dropping a table that someone reads would wait for them
        "SELECT relname FROM pg_class AS c"
        " WHERE relkind = 'r' AND relnamespace = quote_ident(current_schema())::regnamespace"
        " AND relname LIKE 'view%' AND NOT EXISTS (SELECT 1 FROM pg_locks AS l WHERE l.relation = c.oid)"
    ),
}


class Overtaken(Exception):
    """Another build began after this one."""


def begin(connection: Connection) -> int:
    """The number of a new build, greater than any before."""
    build = _last(connection) + 1
    run(connection, "DELETE FROM view_build")
    run(connection, f"INSERT INTO view_build (build, stepped_at) VALUES ({build}, {micros(system_clock())})")
    return build


def go_on(connection: Connection, build: int) -> None:
    """Says that the build is alive. Raises Overtaken where another began after it."""
    now = micros(system_clock())
    if run(connection, f"UPDATE view_build SET stepped_at = {now} WHERE build = {build}").rowcount != 1:
        raise Overtaken


def end(connection: Connection) -> None:
    """Says that nothing is being built."""
    run(connection, "UPDATE view_build SET stepped_at = 0")


def is_building(connection: Connection) -> bool:
    """Whether a build is on its way that is not taken for dead."""
    _last(connection)
    stepped_at = one(connection, "SELECT max(stepped_at) FROM view_build") or 0
    return 0 <= micros(system_clock()) - stepped_at < ALIVE


def lay(connection: Connection, table: ViewTable) -> None:
    """Makes the table and its indexes where they are missing."""
    run(connection, table.create)
    for statement in table.indexes.values():
        run(connection, statement)


def empty(connection: Connection, table: ViewTable) -> None:
    """Makes the table where it is missing, and takes out its rows; on SQLite its indexes too, to be made when full.

    Rows are deleted and no table is dropped, because a reader of PostgreSQL who began earlier would miss it.
    """
    if not table.on_sqlite:
        lay(connection, table)
        run(connection, f"DELETE FROM {table.name}")
        return
    with _freed_as_they_are(connection):
        run(connection, table.create)
        for index in table.indexes:
            run(connection, f"DROP INDEX IF EXISTS {index}")
        run(connection, f"DELETE FROM {table.name}")


def drop_others(connection: Connection, mine: Iterable[str]) -> None:
    """Drops the tables of other declarations, but those that are served."""
    kept = set(mine)
    for name, digest in run(connection, "SELECT name, digest FROM view_state").fetchall():
        kept.add(_table_of(name, digest))
    with _freed_as_they_are(connection):
        for (name,) in run(connection, _THERE[connection.dialect.name]).fetchall():
            if name not in kept and NAMED.fullmatch(name):
                run(connection, f"DROP TABLE {name}")


def _last(connection: Connection) -> int:
    connection.execute(CreateTable(view_build, if_not_exists=True))
    return one(connection, "SELECT max(build) FROM view_build") or 0


def _table_of(view: str, digest: str) -> str:
    """The table that a row of `view_state` names, of an older release too."""
    declared, _, slot = digest.partition(" ")
    return f"view_{view}_{declared[:8]}{f'_{slot}' if slot else ''}"


@contextmanager
def _freed_as_they_are(connection: Connection) -> Iterator[None]:
    """Within: pages of SQLite that become free are not overwritten, which would cost as much as filling them."""
    if connection.dialect.name != "sqlite":
        yield
        return
    run(connection, "PRAGMA secure_delete = 0").fetchall()
    try:
        yield
    finally:
        run(connection, "PRAGMA secure_delete = 1").fetchall()
