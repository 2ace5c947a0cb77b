"""The tables of the hash tree in a store that was made before them."""

from collections.abc import Iterable

from sqlalchemy import Connection, inspect

from earlystart_sql.guards import mend
from earlystart_sql.raw import one
from earlystart_sql.schema import LATER, metadata

_READ = {
    "sqlite": "SELECT count(*) = 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND lower(name) = '{table}'",
    "postgresql": "SELECT coalesce(has_table_privilege(to_regclass('{table}'), 'SELECT'), false)",
}
_THERE = {"sqlite": _READ["sqlite"], "postgresql": "SELECT to_regclass('{table}') IS NOT NULL"}
_MAY_MAKE = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
_MAY_ADD = "SELECT has_table_privilege('{table}', 'INSERT')"


def may_be_read(connection: Connection, table: str) -> bool:
    """Whether that table is there, or a view in its place, and this reader may read it."""
    return bool(one(connection, _READ[connection.dialect.name].format(table=table)))


def those_there(connection: Connection, tables: Iterable[str]) -> list[str]:
    """Those of the tables that are there, or a view in their place."""
    return [table for table in tables if one(connection, _THERE[connection.dialect.name].format(table=table))]


def can_keep(connection: Connection, table: str) -> bool:
    """Whether nodes of a tree can be added to that table, after making it where it is missing. Under the append lock.

    A role that may neither make it nor add to it appends without: then roots are made from the leaves.
    """
    if may_be_read(connection, table):
        return connection.dialect.name == "sqlite" or bool(one(connection, _MAY_ADD.format(table=table)))
    if connection.dialect.name == "postgresql" and not (
        one(connection, f"SELECT to_regclass('{table}') IS NULL") and one(connection, _MAY_MAKE)
    ):
        return False
    make(connection)
    return True


def make_missing(connection: Connection, table: str) -> None:
    """Makes all of them where that one is missing. Under the append lock."""
    if not may_be_read(connection, table):
        make(connection)


def make(connection: Connection) -> None:
    """Makes the tables that are missing, with what guards them."""
    for name in LATER:
        if not inspect(connection).has_table(name):
            metadata.tables[name].create(connection)
            mend(connection, [name])
