"""The tables of segments, made by the first sealing. Anything may stand in them: the shelf says what is sound."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, MetaData, Table, Text

from earlystart_core.replay.shelf import Run
from earlystart_sql.raw import mark, one, run, together

metadata = MetaData()

segment_run = Table(
    "segment_run",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("layout", Text, nullable=False),  # of all classes, and the length of runs
    Column("texts", BigInteger, nullable=False),  # how many terms it may name
    Column("held", Text, nullable=False),  # JSON: by class and column how it was packed, its length and its CRC-32
    Column(
        "bound", LargeBinary, nullable=False
    ),  # SHA-256 of all this, those texts and the leaf of the entry at `last`
)

segment = Table(  # by column before run: a fold reads one column of many runs
    "segment",
    metadata,
    Column("type", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Index("segment_by_run", "first"),
)

segment_ids = Table(  # the ids of the store's numbers, many at once, and their order
    "segment_ids",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),  # of the numbers from the first on
    Column("layout", Text, nullable=False),
    Column("checksum", BigInteger, nullable=False),  # CRC-32
    Column("data", LargeBinary, nullable=False),
)

TABLES = tuple(metadata.tables)

_NAMES = ", ".join(f"'{name}'" for name in TABLES)
_THERE = {
    "sqlite": f"SELECT count(*) = {len(TABLES)} FROM sqlite_schema WHERE type = 'table' AND name IN ({_NAMES})",
    "postgresql": (  # a role that may not read them has none
        "SELECT bool_and(coalesce(has_table_privilege(to_regclass(name), 'SELECT'), false))"
        f" FROM unnest(ARRAY[{_NAMES}]) AS name"
    ),
}


def are_there(connection: Connection) -> bool:
    """Whether there are tables that this reader may read."""
    return bool(one(connection, _THERE[connection.dialect.name]))


def make(connection: Connection) -> None:
    """Makes the tables where one of them is missing; those of another form are dropped."""
    if are_there(connection) and _are_ours(connection):
        return
    metadata.drop_all(connection)
    metadata.create_all(connection)
    if connection.dialect.name == "postgresql":  # compressing costs more than it saves
        for table in ("segment", "segment_ids"):
            connection.exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN data SET STORAGE EXTERNAL")


def bound_to(leaf: bytes, texts: bytes, *listed: object) -> bytes:
    """What binds a run to the log: neither what lists it nor its texts nor the entry it ends with can be another."""
    return hashlib.sha256(leaf + texts + repr(listed).encode()).digest()


def listed(connection: Connection) -> list[tuple[int, int]]:
    """The first and last position of every run that is there, sound or not."""
    if not are_there(connection):
        return []
    return [(row[0], row[1]) for row in run(connection, "SELECT first, last FROM segment_run ORDER BY first")]


def is_whole(connection: Connection, sealed: Run) -> bool:
    """Whether all blobs of a run are there in their sizes, which costs no reading of them."""
    rows = run(connection, f"SELECT type, name, length(data) FROM segment WHERE first = {sealed.first}").fetchall()
    sizes = {
        (event, name): packed.size
        for event, columns in sealed.held.items()
        for name, packed in columns.items()
        if packed.size
    }
    return {(row[0], row[1]): row[2] for row in rows} == sizes


def remove(connection: Connection, first: int, last: int) -> None:
    """Removes the runs that begin between two positions, both included."""
    for table in ("segment", "segment_run"):
        run(connection, f"DELETE FROM {table} WHERE first BETWEEN {first} AND {last}")


def insert(connection: Connection, table: str, *rows: Sequence[object]) -> None:
    """Adds rows."""
    columns = metadata.tables[table].columns.keys()
    marks = ", ".join([mark(connection)] * len(columns))
    with together(connection):
        for row in rows:
            run(connection, f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", row)


def _are_ours(connection: Connection) -> bool:
    from sqlalchemy import inspect

    looked = inspect(connection)
    return all(
        {column["name"] for column in looked.get_columns(name)} == {*table.columns.keys()}
        for name, table in metadata.tables.items()
    )
