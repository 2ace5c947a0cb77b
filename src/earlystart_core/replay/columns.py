"""Columns: the facts of one event class as arrays of whole numbers. Ids and codes are dense integers inside.

One array a field, one dictionary a kind of id and one for all other text. In a dictionary 0 stands for nothing;
among plain numbers `NULL` does.
"""

from collections.abc import Callable, Sequence
from datetime import date
from threading import RLock
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.int64]
Narrow = NDArray[Any]  # whole numbers of any width
NULL = np.iinfo(np.int64).min
PLAIN = ("number", "flag", "instant", "day")  # held as they are; all else is a number in a dictionary
_DAY_ZERO = date(1970, 1, 1).toordinal()


class Dense(dict[str | None, int]):
    """A dictionary from text to 1, 2, 3, …; looking up new text gives it the next number, and None is 0."""

    def __init__(self) -> None:
        super().__init__({None: 0})
        self._texts: list[str] = [""]

    @property
    def texts(self) -> list[str]:
        """The text of each number; of 0, which no text has, the empty one."""
        return self._texts

    @property
    def size(self) -> int:
        """How many numbers there are, 0 included."""
        return len(self._texts)

    def series(self) -> pl.Series:
        """The text of each number; of 0 a null."""
        return pl.Series([None, *self.texts[1:]], dtype=pl.String)

    def order(self) -> Array:
        """The numbers but 0 by their text in code-point order."""
        return self.series().slice(1).arg_sort().to_numpy().astype(np.int64) + 1

    def __missing__(self, text: str | None) -> int:
        number = self[text] = len(self.texts)
        self.texts.append(str(text))
        return number


class Numbered(Dense):
    """The numbers that a store gave to texts: 1, 2, 3, …; the texts are read when they are first asked for.

    Its entries are the texts that were looked up; one that the store has not numbered gets a number after the last.
    """

    def __init__(self, size: int, read: "Callable[[], Given]") -> None:
        """size: how many numbers the store has given; 0 counts as one. read: gives their texts."""
        super().__init__()
        self._size = size
        self._read = read
        self._known: Given | None = None
        self._numbers: dict[str, int] = {}
        self._more: list[str] = []  # what the store has not numbered

    @property
    def size(self) -> int:
        return self._size + len(self._more)

    @property
    def texts(self) -> list[str]:
        if len(self._texts) < self.size:
            self._texts = ["", *self._given.texts.to_list()[1:], *self._more]
        return self._texts

    def series(self) -> pl.Series:
        given = self._given.texts
        return pl.concat([given, pl.Series(self._more, dtype=pl.String)], rechunk=True) if self._more else given

    def order(self) -> Array:
        given = self._given.order
        return super().order() if given is None or self._more else given

    def __missing__(self, text: str | None) -> int:
        number = self._given_to(text)
        if number is None:
            number = self.size
            self._more.append(str(text))
        self[text] = number
        return number

    def __contains__(self, text: object) -> bool:
        return super().__contains__(text) or self._given_to(text) is not None

    def _given_to(self, text: object) -> int | None:
        if not self._numbers:
            self._numbers = {one: number for number, one in enumerate(self._given.texts) if one}
        return self._numbers.get(text)  # type: ignore[call-overload, no-any-return]  # anything may be asked for

    @property
    def _given(self) -> "Given":
        if self._known is None:
            self._known = self._read()
        return self._known


class Given(msgspec.Struct):
    """Texts that a store has numbered."""

    texts: (
        pl.Series
    )  # of 0 a null, then those of 1, 2, 3, …; empty where a number has none. One chunk: six times faster
    order: Array | None = None  # those numbers by their text in code-point order, where it is known


class Days(dict[str | None, int]):
    """From an ISO date to days since 1970-01-01; each text is parsed once."""

    def __init__(self) -> None:
        super().__init__({None: NULL})

    def __missing__(self, text: str | None) -> int:
        number = self[text] = msgspec.convert(text, date).toordinal() - _DAY_ZERO
        return number


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

    def _meant(self, raw: Narrow) -> Array:
        found = raw.astype(np.int64)
        if self.step != 1:
            found *= self.step
        if self.base:
            found += self.base
        if self.void is not None and self.nothing != self.void * self.step + self.base:
            found[raw == self.void] = self.nothing
        return found


def of_numbers(numbers: Narrow, held: str) -> Column:
    """A column of numbers that stand as they are."""
    nothing = NULL if held in PLAIN else 0
    return Column(numbers, void=nothing, nothing=nothing)


def joined(parts: Sequence[Column]) -> Column:
    """The columns end to end."""
    one = parts[0]
    if len(parts) == 1:
        return one
    means = {(part.base, part.step, part.void, part.nothing) for part in parts}
    alike = len(means) == 1 and (one.nothing == 0 or len({part.raw.dtype for part in parts}) == 1)
    if alike:  # numbers of a dictionary may be of several widths: 0 is nothing in all of them
        return Column(np.concatenate([part.raw for part in parts]), one.base, one.step, one.void, one.nothing)
    return Column(np.concatenate([part.whole() for part in parts]), void=one.nothing, nothing=one.nothing)


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


def end_to_end(parts: Sequence[Facts]) -> Facts:
    """The facts of several parts of the log, one after the other."""
    parts = [part for part in parts if len(part.positions)] or parts[:1]
    one = parts[0]
    if len(parts) == 1:
        return one
    return Facts(
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.occurred for part in parts]),
        {name: joined([part.fields[name] for part in parts]) for name in one.fields},
        {name: np.concatenate([part.sizes[name] for part in parts]) for name in one.sizes},
    )


class Dictionaries:
    """The dictionaries of one reading of a log. `lock` is held by whoever adds to one."""

    def __init__(self, numbered: Callable[[str], Dense] | None = None) -> None:
        """numbered: gives the dictionary of a kind where the numbers come from a store."""
        self._numbered = numbered or (lambda _: Dense())
        self._found: dict[str, Dense] = {}
        self._series: dict[str, pl.Series] = {}
        self.lock = RLock()
        self.days = Days()

    def __getitem__(self, kind: str) -> Dense:
        """The dictionary of a kind of id, or of `text`."""
        with self.lock:
            found = self._found.get(kind)
            if found is None:
                found = self._found[kind] = self._numbered(kind)
            return found

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that were asked for."""
        return tuple(self._found)

    def texts(self, kind: str) -> pl.Series:
        """The text of each number of a kind; of 0 a null."""
        kept = self._series.get(kind)
        if kept is None or len(kept) != self[kind].size:
            kept = self._series[kind] = self[kind].series()
        return kept
