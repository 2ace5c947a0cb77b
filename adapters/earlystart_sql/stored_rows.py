"""Entries as they are stored, read to be verified.

Data is read by shape, as a rebuild reads it, not by what its entry names: so data that no entry names shows.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

from earlystart_core.proof.entries import Columns, Doubt, Rows, Shape
from earlystart_sql.database import Database
from earlystart_sql.raw import mark, run, run_binary

AT_ONCE = 8_192  # positions read in one transaction
SLICE = 256  # positions given at once: what stays in the processor's cache while it is looked at

_ENTRIES = (
    "SELECT position, shape, recorded_at, frame, leaf FROM entry WHERE position > {0} AND position <= {0}"
    " ORDER BY position"
)
_FACTS = "SELECT position, occurred_at, data FROM fact WHERE shape = {0} AND position > {0} AND position <= {0}"
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
        data, occurred, found, before = self.data, self.occurred, self.found, after + 1
        statement = _FACTS.format(mark(connection))
        for shape in shapes:
            for position, moment, value in run_binary(connection, statement, (shape, after, upto)):
                at = position - before
                try:
                    if found[at] == _NONE:
                        found[at], occurred[at], data[at] = shape, moment, value
                    else:
                        found[at] = _SEVERAL
                except (TypeError, IndexError):  # a half for a whole number, or keys out of order: SQLite gives both
                    found[max(int(at), 0)] = _SEVERAL


def _rows(connection: Connection, facts: _Facts, after: int, upto: int) -> Rows:
    entries = run_binary(connection, _ENTRIES.format(mark(connection)), (after, upto)).fetchall()
    if not entries:
        return Rows((), (), (), ())
    doubts: Sequence[Doubt] = ()
    positions, numbers, recorded, frames, leaves = zip(*entries, strict=True)
    if {*map(type, positions)} != {int}:  # in a table that was made anew anything may stand; it is missing where it was
        whole = [entry for entry in entries if isinstance(entry[0], int)]
        if not whole:
            return Rows((), (), (), ())
        positions, numbers, recorded, frames, leaves = zip(*whole, strict=True)
        doubts = [Doubt(None, f"an entry behind position {after} has a position that is no whole number")]
    here = slice(after - facts.after, upto - facts.after)
    data, occurred, found = facts.data[here], facts.occurred[here], facts.found[here]
    if found != list(numbers):  # an entry is missing, or its data
        there = [position - after - 1 for position in positions]
        doubts = list(doubts) + list(_misplaced(after, dict(zip(there, numbers, strict=True)), found))
        inside = range(len(data))  # where keys are out of order SQLite gives others than were asked for
        data = [data[at] if at in inside else None for at in there]
        occurred = [occurred[at] if at in inside else None for at in there]
    columns = Columns([facts.shapes.get(number) for number in numbers], recorded, occurred)
    return Rows(positions, blobs(frames, b""), blobs(data, None), blobs(leaves, b""), columns, doubts)


def blobs(values: Sequence[Any], otherwise: Other) -> list[bytes | Other]:
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
