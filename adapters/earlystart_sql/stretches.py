"""Reading the log to verify it: rows as they are stored, by this process or by several at once.

Data is read by shape, as a rebuild reads it, not by what its entry names: so data that no entry names shows.
"""

import gc
import multiprocessing
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection

from earlystart_core.proof.entries import Columns, Doubt, Rows, Shape
from earlystart_core.proof.verify import STRETCH, Stretch, checked
from earlystart_sql.database import Database, open_database
from earlystart_sql.raw import mark, run, run_binary
from earlystart_sql.schema import LOG

AT_ONCE = 8_192  # positions read in one transaction
SLICE = 256  # positions given at once: what stays in the processor's cache while it is looked at
AHEAD = 4  # stretches that are handed out for each process

_ENTRIES = (
    "SELECT position, shape, recorded_at, frame, leaf FROM entry WHERE position > {0} AND position <= {0}"
    " ORDER BY position"
)
_FACTS = "SELECT position, occurred_at, data FROM fact WHERE shape = {0} AND position > {0} AND position <= {0}"
_STRAY = "SELECT position FROM fact WHERE shape = {shape} AND position > {head} ORDER BY position LIMIT 1"

_NONE, _SEVERAL = -1, -2  # in place of a shape's number: no data, or more than one

Shapes = dict[int, Shape]
Other = TypeVar("Other", bytes, None)


def shapes_in(connection: Connection) -> Shapes:
    """Type and version by the number that stands for them."""
    return {row[0]: (row[1], row[2]) for row in run(connection, "SELECT id, type, version FROM shape")}


def rows_of(database: Database, shapes: Shapes, after: int, upto: int) -> Iterator[Rows]:
    """The entries with after < position <= upto, some thousand in a transaction: what is stored never changes."""
    for first in range(after, upto, AT_ONCE):
        last = min(first + AT_ONCE, upto)
        with database.reading() as connection:
            facts = _Facts(connection, shapes, first, last)
            for begin in range(first, last, SLICE):
                yield _rows(connection, facts, begin, min(begin + SLICE, last))


class _Facts:
    """The data of the entries with after < position <= upto, each in its entry's place."""

    def __init__(self, connection: Connection, shapes: Shapes, after: int, upto: int) -> None:
        self.shapes = shapes
        self.after = after
        self.data: list[bytes | None] = [None] * (upto - after)
        self.occurred: list[int | None] = [None] * (upto - after)
        self.found: list[int] = [_NONE] * (upto - after)
        data, occurred, found = self.data, self.occurred, self.found
        statement = _FACTS.format(mark(connection))
        for shape in shapes:
            for position, moment, value in run_binary(connection, statement, (shape, after, upto)):
                at = int(position) - after - 1
                if found[at] != _NONE or at != position - after - 1:  # SQLite lets a half stand for a whole number
                    found[at] = _SEVERAL
                else:
                    found[at], occurred[at], data[at] = shape, moment, value


def strays(connection: Connection, shapes: Shapes, head: int) -> Iterator[Doubt]:
    """Data that stands behind the last entry: of entries that were taken away, or never were."""
    for shape, (kind, _) in shapes.items():
        row = run(connection, _STRAY.format(shape=shape, head=head)).fetchone()
        if row is not None:
            yield Doubt(row[0], f"there is data of a {kind} here, and no entry: the last one is at position {head}")


def _rows(connection: Connection, facts: _Facts, after: int, upto: int) -> Rows:
    entries = run_binary(connection, _ENTRIES.format(mark(connection)), (after, upto)).fetchall()
    if not entries:
        return Rows((), (), (), ())
    positions, numbers, recorded, frames, leaves = zip(*entries, strict=True)
    here = slice(after - facts.after, upto - facts.after)
    data, occurred, found = facts.data[here], facts.occurred[here], facts.found[here]
    doubts: Sequence[Doubt] = ()
    if found != list(numbers):  # an entry is missing, or its data
        there = [position - after - 1 for position in positions]
        doubts = list(_misplaced(after, dict(zip(there, numbers, strict=True)), found))
        data, occurred = [data[at] for at in there], [occurred[at] for at in there]
    columns = Columns([facts.shapes.get(number) for number in numbers], recorded, occurred)
    return Rows(positions, _blobs(frames, b""), _blobs(data, None), _blobs(leaves, b""), columns, doubts)


def _blobs(values: Sequence[Any], otherwise: Other) -> list[bytes | Other]:
    """The values, with something else for each that is no blob: SQLite lets anything stand anywhere."""
    if {*map(type, values)} == {bytes}:
        return list(values)
    return [value if isinstance(value, bytes) else otherwise for value in values]


def _misplaced(after: int, numbers: dict[int, int], found: list[int]) -> Iterator[Doubt]:
    """Where data stands under another type than its entry's, twice, or without an entry."""
    for at, shape in enumerate(found):
        if shape == _SEVERAL:
            yield Doubt(after + at + 1, "its data is there more than once")
        elif shape != _NONE and at not in numbers:
            yield Doubt(after + at + 1, "there is data here, and no entry")
        elif shape not in (_NONE, numbers.get(at)):
            yield Doubt(after + at + 1, "its data stands among those of another type")


def stretches(database: Database, size: int, wanted: Collection[int], processes: int) -> Iterator[Stretch]:
    """The first `size` entries, checked stretch by stretch by several processes, in order."""
    where = database.address.url
    url = database.address.path if where is None else where.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")  # a connection is not to be carried over a fork
    with ProcessPoolExecutor(processes, context, _open, (str(url),)) as pool:
        begun = []
        for index in range(0, size, STRETCH):
            begun.append(pool.submit(_stretch, index, min(index + STRETCH, size), tuple(wanted)))
            if len(begun) >= AHEAD * processes:
                yield begun.pop(0).result()
        yield from (each.result() for each in begun)


_opened: list[tuple[Database, Shapes]] = []  # in a process of `stretches`: the store


def _open(url: str) -> None:
    gc.disable()  # nothing here refers to itself, and looking for that costs a fifth
    database = open_database(url, LOG, create=False, read_only=True)
    with database.reading() as connection:
        _opened.append((database, shapes_in(connection)))


def _stretch(index: int, upto: int, wanted: tuple[int, ...]) -> Stretch:
    database, shapes = _opened[0]
    return checked(rows_of(database, shapes, index, upto), index, wanted, after=index, upto=upto)
