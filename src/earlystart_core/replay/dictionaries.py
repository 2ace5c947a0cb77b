"""Dictionaries: dense whole numbers for the ids of a kind, and for all other text. 0 stands for nothing."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import count, islice
from threading import RLock

import msgspec
import numpy as np
import polars as pl

from earlystart_core.replay.columns import NULL, Array

_DAY_ZERO = date(1970, 1, 1).toordinal()


class Dense(defaultdict[str | None, int]):
    """A dictionary from text to 1, 2, 3, …; looking up new text gives it the next number, and None is 0."""

    def __init__(self) -> None:
        super().__init__(count(1).__next__, {None: 0})  # a method here would cost more than all the rest of a look-up
        self._texts: list[str] = []

    @property
    def texts(self) -> list[str]:
        """The text of each number; of 0, which no text has, the empty one."""
        if len(self._texts) < len(self):
            self._texts = ["", *islice(self, 1, None)]  # type: ignore[list-item]  # only the first is None
        return self._texts

    @property
    def size(self) -> int:
        """How many numbers there are, 0 included."""
        return len(self)

    def series(self) -> pl.Series:
        """The text of each number; of 0 a null."""
        return pl.Series([None, *self.texts[1:]], dtype=pl.String)

    def order(self) -> Array:
        """The numbers but 0 by their text in code-point order."""
        return self.series().slice(1).arg_sort().to_numpy().astype(np.int64) + 1


class Numbered(Dense):
    """The numbers that a store gave to texts: 1, 2, 3, …; the texts are read when they are first asked for.

    Its entries are the texts that were looked up; one that the store has not numbered gets a number after the last.
    """

    def __init__(self, size: int, read: "Callable[[], Given]") -> None:
        """size: how many numbers the store has given; 0 counts as one. read: gives their texts."""
        super().__init__()
        self._size = size
        self._read = read
        self._adding = RLock()
        self._known: Given | None = None
        self._numbers: dict[str, int] = {}
        self.more: list[str] = []  # what the store has not numbered, in the order of its numbers

    @property
    def size(self) -> int:
        return self._size + len(self.more)

    @property
    def texts(self) -> list[str]:
        if len(self._texts) < self.size:
            self._texts = ["", *self._given.texts.to_list()[1:], *self.more]
        return self._texts

    def series(self) -> pl.Series:
        given = self._given.texts
        return pl.concat([given, pl.Series(self.more, dtype=pl.String)], rechunk=True) if self.more else given

    def order(self) -> Array:
        given = self._given.order
        return super().order() if given is None or self.more else given

    def __missing__(self, text: str | None) -> int:
        with self._adding:  # a fold looks codes up from several threads
            if dict.__contains__(self, text):
                return self[text]
            number = self._given_to(text)
            if number is None:
                number = self.size
                self.more.append(str(text))
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
        """The texts of the numbers that were given when this was made: the store may have given more since."""
        if self._known is None:
            self._known = self._read().first(self._size)
        return self._known


class Given(msgspec.Struct):
    """Texts that a store has numbered."""

    texts: pl.Series  # of 0 a null, then of 1, 2, 3, …; empty where a number has none. One chunk: six times faster
    order: Array | None = None  # those numbers by their text in code-point order, where it is known

    def first(self, size: int) -> "Given":
        """The same of so many numbers, 0 included."""
        if size == len(self.texts):
            return self
        return Given(self.texts.slice(0, size).rechunk(), None if self.order is None else self.order[self.order < size])


class Days(dict[str | None, int]):
    """From an ISO date to days since 1970-01-01; each text is parsed once."""

    def __init__(self) -> None:
        super().__init__({None: NULL})

    def __missing__(self, text: str | None) -> int:
        number = self[text] = msgspec.convert(text, date).toordinal() - _DAY_ZERO
        return number


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
