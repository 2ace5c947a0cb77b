"""The tables of segments, made by the first sealing. Anything may stand in them: the shelf says what is sound."""

import hashlib

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table, Text

from earlystart_core.replay.shelf import Run
from earlystart_sql.raw import one, run

metadata = MetaData()

segment_run = Table(
    "segment_run",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("layout", Text, nullable=False),  # of all classes, and the length of runs
    Column("held", Text, nullable=False),  # JSON: by class its facts, its blob's bytes and CRC-32
    Column("bound", LargeBinary, nullable=False),  # SHA-256 of all this and the leaf of the entry at `last`
)

segment = Table(
    "segment",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("type", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

_THERE = {
    "sqlite": "SELECT count(*) = 2 FROM sqlite_schema WHERE type = 'table' AND name IN ('segment_run', 'segment')",
    "postgresql": (  # a role that may not read them has none
        "SELECT coalesce(has_table_privilege(to_regclass('segment_run'), 'SELECT')"
        " AND has_table_privilege(to_regclass('segment'), 'SELECT'), false)"
    ),
}


def are_there(connection: Connection) -> bool:
    """Whether there are tables that this reader may read."""
    return bool(one(connection, _THERE[connection.dialect.name]))


def make(connection: Connection) -> None:
    """Makes the tables where they are missing, one or both."""
    if not are_there(connection):
        metadata.create_all(connection)
        if connection.dialect.name == "postgresql":  # compressing costs more than it saves
            connection.exec_driver_sql("ALTER TABLE segment ALTER COLUMN data SET STORAGE EXTERNAL")


def bound_to(leaf: bytes, first: int, last: int, layout: str, held: str) -> bytes:
    """What binds a run to the log: no part of what lists it, nor the entry it ends with, can be another."""
    return hashlib.sha256(leaf + repr((first, last, layout, held)).encode()).digest()


def listed(connection: Connection) -> list[tuple[int, int]]:
    """The first and last position of every run that is there, sound or not."""
    if not are_there(connection):
        return []
    return [(row[0], row[1]) for row in run(connection, "SELECT first, last FROM segment_run ORDER BY first")]


def is_whole(connection: Connection, sealed: Run) -> bool:
    """Whether all blobs of a run are there in their sizes, which costs no reading of them."""
    rows = run(connection, f"SELECT type, length(data) FROM segment WHERE first = {sealed.first}").fetchall()
    return {row[0]: row[1] for row in rows} == {name: held.size for name, held in sealed.held.items()}


def remove(connection: Connection, first: int, last: int) -> None:
    """Removes the runs that begin between two positions, both included."""
    for table in ("segment", "segment_run"):
        run(connection, f"DELETE FROM {table} WHERE first BETWEEN {first} AND {last}")
