"""Entries as columns: the database joins a run's data to one JSON array, so that Python sees no row."""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection

from earlystart_core.errors import StoreUnavailable
from earlystart_core.log import Batch
from earlystart_sql.database import Database
from earlystart_sql.raw import run_binary
from earlystart_sql.remembered import Shape, expect_still

RUN = 50_000  # positions looked at in one transaction

# The inner ORDER BY holds for group_concat: SQLite never drops it there, and the index gives that order anyway.
_JOINED = {
    "sqlite": (
        "SELECT group_concat(position), group_concat(coalesce(occurred_at, 'null')), CAST(group_concat(data) AS BLOB)"
        " FROM (SELECT position, occurred_at, data FROM fact WHERE {bounds} ORDER BY position) AS run"
    ),
    "postgresql": (
        "SELECT string_agg(position::text, ',' ORDER BY position),"
        " string_agg(coalesce(occurred_at::text, 'null'), ',' ORDER BY position),"
        " string_agg(data, ','::bytea ORDER BY position) FROM fact WHERE {bounds}"
    ),
}
_TOO_BIG = ("too big", "invalid memory alloc request size", "out of memory", "array size exceeds", "string buffer")
_positions = msgspec.json.Decoder(list[int]).decode
_occurred = msgspec.json.Decoder(list[int | None]).decode


def batches_of(
    database: Database, shapes: dict[Shape, int], after: int, upto: int, end: tuple[int, bytes]
) -> Iterator[Batch]:
    """The entries of those shapes with after < position <= upto, run by run, in rising position within a shape.

    Each run is read in a transaction of its own: entries never change, so all the same it is one moment of the log.
    end: the head when the shapes were read, and its leaf.

    Raises:
        StoreUnavailable: the log does not have that entry any more.
    """
    for start in range(after, upto, RUN):
        yield from _run(database, shapes, start, min(start + RUN, upto), end)


def _run(
    database: Database, shapes: dict[Shape, int], after: int, upto: int, end: tuple[int, bytes]
) -> Iterator[Batch]:
    try:
        with database.reading() as connection:
            expect_still(connection, *end)
            found = [_batch(connection, shape, number, after, upto) for shape, number in shapes.items()]
    except StoreUnavailable as error:
        if upto - after == 1 or not any(words in str(error) for words in _TOO_BIG):
            raise
        middle = (after + upto) // 2  # more data than the database can hold in one value
        yield from _run(database, shapes, after, middle, end)
        yield from _run(database, shapes, middle, upto, end)
        return
    yield from (batch for batch in found if batch is not None)


def _batch(connection: Connection, shape: Shape, number: int, after: int, upto: int) -> Batch | None:
    bounds = f"shape = {number} AND position > {after} AND position <= {upto}"
    statement = _JOINED[connection.dialect.name].format(bounds=bounds)
    positions, occurred, data = run_binary(connection, statement).fetchone()
    if positions is None:
        return None
    # The brackets are put on here: in SQL they would cost two more copies of the whole.
    return Batch(shape[0], shape[1], _positions(f"[{positions}]"), _occurred(f"[{occurred}]"), b"[%b]" % data)
