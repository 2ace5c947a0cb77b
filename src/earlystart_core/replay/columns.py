"""Columns: the facts of one event class as arrays of whole numbers.

One array a field. Of ids and text the numbers are those of a dictionary, where 0 stands for nothing; among plain
numbers `NULL` does.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.int64]
Narrow = NDArray[Any]  # whole numbers of any width
NULL = np.iinfo(np.int64).min
PLAIN = ("number", "flag", "instant", "day")  # held as they are; all else is a number in a dictionary


class Column(msgspec.Struct):
    """Whole numbers in few bytes: each is `raw * step + base`, and a raw `void` stands for `nothing`."""

    raw: Narrow
    base: int = 0
    step: int = 1
    void: int | None = None
    nothing: int = NULL  # 0 where the numbers are those of a dictionary

    def whole(self) -> Array:
        """All numbers."""
        return self._meant(self.raw)

    def at(self, places: Array | slice) -> Array:
        """The numbers at those places."""
        return self._meant(self.raw[places])

    def there(self) -> NDArray[np.bool_] | None:
        """Which are something; None where all are."""
        return None if self.void is None else self.raw != self.void

    def keep(self, kept: NDArray[Any]) -> "Column":
        """Those that are kept, by places or by flags."""
        return Column(self.raw[kept], self.base, self.step, self.void, self.nothing)

    def into(self, room: Array) -> None:
        """Writes all numbers into an array of their length."""
        room[:] = self.raw
        if self.step != 1:
            room *= self.step
        if self.base:
            room += self.base
        if self.void is not None and self.nothing != self.void * self.step + self.base:
            room[self.raw == self.void] = self.nothing

    def _meant(self, raw: Narrow) -> Array:
        plain = (self.step, self.base) == (1, 0) and self.void in (None, self.nothing)
        if plain and raw.dtype == np.int64:
            return raw
        found = np.empty(len(raw), np.int64)
        Column(raw, self.base, self.step, self.void, self.nothing).into(found)
        return found


def of_numbers(numbers: Narrow, held: str) -> Column:
    """A column of numbers that stand as they are."""
    nothing = NULL if held in PLAIN else 0
    return Column(numbers, void=nothing, nothing=nothing)


def whole_of(parts: Sequence[Column]) -> Array:
    """All numbers of the columns, end to end."""
    if len(parts) == 1:
        return parts[0].whole()
    found = np.empty(sum(len(part.raw) for part in parts), np.int64)
    start = 0
    for part in parts:  # piece by piece, each while it is at hand
        part.into(found[start : start + len(part.raw)])
        start += len(part.raw)
    return found


def joined(parts: Sequence[Column]) -> Column:
    """The columns end to end."""
    one = parts[0]
    if len(parts) == 1:
        return one
    means = {(part.base, part.step, part.void, part.nothing) for part in parts}
    alike = len(means) == 1 and (one.nothing == 0 or len({part.raw.dtype for part in parts}) == 1)
    if alike:  # numbers of a dictionary may be of several widths: 0 is nothing in all of them
        return Column(np.concatenate([part.raw for part in parts]), one.base, one.step, one.void, one.nothing)
    return Column(whole_of(parts), void=one.nothing, nothing=one.nothing)


class Piece(msgspec.Struct):
    """Facts of one class as they were packed, or read."""

    positions: Column
    occurred: Column
    fields: dict[str, Column]
    sizes: dict[str, Column]


class Facts(msgspec.Struct):
    """The facts of one event class in rising position."""

    positions: Array
    occurred: Array  # microseconds since 1970, UTC
    fields: dict[str, Column]  # for a field of several values, all of them end to end
    sizes: dict[str, Array]  # and how many each fact has

    def keep(self, kept: NDArray[Any]) -> "Facts":
        """Those that are kept, by rising places or by flags."""
        fields = {}
        for name, column in self.fields.items():
            size = self.sizes.get(name)
            if size is None:
                fields[name] = column.keep(kept)
                continue
            starts = np.cumsum(size) - size
            owners = np.repeat(starts[kept] - (np.cumsum(size[kept]) - size[kept]), size[kept])
            fields[name] = column.keep(owners + np.arange(len(owners)))
        sizes = {name: size[kept] for name, size in self.sizes.items()}
        return Facts(self.positions[kept], self.occurred[kept], fields, sizes)

    def piece(self) -> Piece:
        """The same as a piece of more."""
        sizes = {name: Column(size) for name, size in self.sizes.items()}
        return Piece(Column(self.positions), Column(self.occurred), self.fields, sizes)


def end_to_end(pieces: Sequence[Piece]) -> Facts:
    """The facts of several parts of the log, one after the other."""
    pieces = [piece for piece in pieces if len(piece.positions.raw)] or pieces[:1]
    return Facts(
        whole_of([piece.positions for piece in pieces]),
        whole_of([piece.occurred for piece in pieces]),
        {name: joined([piece.fields[name] for piece in pieces]) for name in pieces[0].fields},
        {name: whole_of([piece.sizes[name] for piece in pieces]) for name in pieces[0].sizes},
    )
