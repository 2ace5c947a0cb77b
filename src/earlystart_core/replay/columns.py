"""Columns: the facts that some projections name, as arrays of whole numbers. Ids and codes are dense integers inside.

One array a field, one dictionary a kind of id and one for all other text; `NULL` stands for nothing.
"""

from datetime import date
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from earlystart_core.event import Event

Array = NDArray[np.int64]
NULL = np.iinfo(np.int64).min
_DAY_ZERO = date(1970, 1, 1).toordinal()


class Dense(dict[str | None, int]):
    """A dictionary from text to 0, 1, 2, …; looking up new text gives it the next number, and None is NULL."""

    def __init__(self) -> None:
        super().__init__({None: NULL})
        self._texts: list[str] = []

    @property
    def texts(self) -> list[str]:
        """The text of each number."""
        return self._texts

    def __missing__(self, text: str | None) -> int:
        number = self[text] = len(self.texts)
        self.texts.append(str(text))
        return number


class Numbered(Dense):
    """The numbers that a store gave to ids: 1, 2, 3, …; their text is read when it is first asked for.

    Its entries are the ids that were looked up; one that the store has not numbered gets a number after the last.
    """

    def __init__(self, read: "Callable[[], list[str]]") -> None:
        super().__init__()
        self._read = read
        self._given: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        """The text of each number; of 0, which no id has, nothing."""
        if not self._texts:
            self._texts = ["", *self._read()]
        return self._texts

    def __missing__(self, text: str | None) -> int:
        number = self._given_to(text)
        if number is None:
            return super().__missing__(text)
        self[text] = number
        return number

    def __contains__(self, text: object) -> bool:
        return super().__contains__(text) or self._given_to(text) is not None

    def _given_to(self, text: object) -> int | None:
        if not self._given:
            self._given = {one: number for number, one in enumerate(self.texts) if one}
        return self._given.get(text)  # type: ignore[call-overload, no-any-return]  # anything may be asked for


class Days(dict[str | None, int]):
    """From an ISO date to days since 1970-01-01; each text is parsed once."""

    def __init__(self) -> None:
        super().__init__({None: NULL})

    def __missing__(self, text: str | None) -> int:
        number = self[text] = msgspec.convert(text, date).toordinal() - _DAY_ZERO
        return number


class Facts(msgspec.Struct):
    """The facts of one event class, in no set order."""

    positions: Array
    occurred: Array  # microseconds since 1970, UTC
    fields: dict[str, Array]  # for a field of several values, all of them end to end
    sizes: dict[str, Array]  # and how many each fact has


class Columns:
    """What the projections need of a log, up to a position, in memory."""

    def __init__(self, numbered: "Callable[[str], Dense] | None" = None) -> None:
        """numbered: gives the dictionary of a kind of id where the numbers come from a store."""
        self._numbered = numbered
        self._series: dict[str, pl.Series] = {}
        self.dictionaries: dict[str, Dense] = {}
        self.days = Days()
        self.facts: dict[type[Event], Facts] = {}
        self.struck: Array = np.empty(0, np.int64)  # rising positions
        self.events = 0  # how many facts were read, of the types that the projections name

    def texts(self, kind: str) -> "pl.Series":
        """The text of each number of a kind, and a null after the last."""
        texts = self.dictionary(kind).texts
        kept = self._series.get(kind)
        if kept is None or len(kept) != len(texts) + 1:
            kept = self._series[kind] = pl.Series([*texts, None], dtype=pl.String)
        return kept

    def dictionary(self, kind: str) -> Dense:
        """The dense dictionary of a kind of id, or of `text`."""
        found = self.dictionaries.get(kind)
        if found is None:
            found = Dense() if self._numbered is None or kind == "text" else self._numbered(kind)
            self.dictionaries[kind] = found
        return found
