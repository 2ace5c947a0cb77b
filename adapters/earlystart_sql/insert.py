"""Adding rows, many at a time: executemany on SQLite; on PostgreSQL one statement a table over arrays of columns."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from earlystart_sql.raw import are_together, run, run_many
from earlystart_sql.read_back import expect_count

_COLUMNS = {  # of each table, with PostgreSQL's type of each
    "shape": (("id", "int4"), ("type", "text"), ("version", "int4")),
    "tag": (("tag_id", "int8"), ("kind", "text"), ("n", "int8"), ("id", "text")),
    "entry": (
        ("position", "int8"),
        ("shape", "int4"),
        ("recorded_at", "int8"),
        ("frame", "bytea"),
        ("leaf", "bytea"),
    ),
    "fact": (("shape", "int4"), ("position", "int8"), ("occurred_at", "int8"), ("data", "bytea")),
    "entry_tag": (("tag_id", "int8"), ("position", "int8"), ("shape", "int4")),
    "tree_node": (("level", "int4"), ("number", "int8"), ("hash", "bytea")),
    "tree_head": (("number", "int8"), ("size", "int8"), ("root", "bytea"), ("signed_at", "int8"), ("note", "bytea")),
    "look": (("position", "int8"), ("frame", "bytea"), ("data", "bytea"), ("leaf", "bytea")),
    "look_tag": (("id", "text"), ("position", "int8")),
    "look_node": (("level", "int4"), ("number", "int8"), ("hash", "bytea")),
    "look_head": (("number", "int8"), ("size", "int8"), ("root", "bytea"), ("signed_at", "int8"), ("note", "bytea")),
    "receipt": (("command_id", "text"), ("digest", "bytea"), ("first", "int8"), ("count", "int4")),
}


def _sqlite(table: str) -> str:
    columns = [name for name, _ in _COLUMNS[table]]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _postgresql(table: str) -> str:
    names = ", ".join(name for name, _ in _COLUMNS[table])
    arrays = ", ".join(f"%b::{kind}[]" for _, kind in _COLUMNS[table])
    return f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays})"


_STATEMENTS = {
    "sqlite": {table: _sqlite(table) for table in _COLUMNS},
    "postgresql": {table: _postgresql(table) for table in _COLUMNS},
}


def insert(connection: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Adds those rows, tuples in the order of the table's columns, in the caller's transaction.

    Raises:
        StoreUnavailable: the database did not take them all; within `together` that is not asked.
    """
    if not rows:
        return
    dialect = connection.dialect.name
    statement = _STATEMENTS[dialect][table]
    if dialect == "sqlite":
        expect_count(table, len(rows), run_many(connection, statement, rows))
    else:
        columns: tuple[Any, ...] = tuple(list(column) for column in zip(*rows, strict=True))
        cursor = run(connection, statement, columns)
        if not are_together(connection):
            expect_count(table, len(rows), cursor.rowcount)
