"""Lines: the facts of one class that stand, one line for each row of a projection that a fact bears on.

What several reducers ask for alike is worked out once a class.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from earlystart_core.replay import scatter
from earlystart_core.replay.columns import Array, Facts
from earlystart_core.sources import Where

Flags = NDArray[np.bool_]


class Asked(msgspec.Struct, frozen=True):
    """Which lines of a class: those by an id field, or rows by their number."""

    key: str
    there: str = ""  # only facts where this field is not null
    on: str = ""  # only facts that hold in this field
    numbers: frozenset[int] = frozenset()  # one of these


class Lines(msgspec.Struct):
    """Lines in rising position."""

    rows: Array  # the row of each line
    occurred: Array
    facts: Array | None  # the place of each line's fact; None where every fact has one line

    def places(self, some: Array | None) -> Array | slice:
        """The places of the facts of those lines; None means all."""
        if self.facts is None:
            return slice(None) if some is None else some
        return self.facts if some is None else self.facts[some]


class Standing:
    """The facts of one class that are not struck, and effective by then."""

    def __init__(self, facts: Facts, struck: Array, effective: int | None) -> None:
        """struck: rising positions. effective: microseconds since 1970, inclusive; None cuts nothing."""
        self.facts = facts
        self._flags = _standing(facts, struck, effective)
        self._lines: dict[Asked, Lines] = {}
        self._several: dict[str, tuple[Array, Array]] = {}  # by key field
        self._chosen: dict[tuple[Asked, bool], Array] = {}

    def lines(self, asked: Asked) -> Lines:
        """Those lines."""
        found = self._lines.get(asked)
        if found is None:
            found = self._lines[asked] = self._found(asked)
        return found

    def chosen(self, asked: Asked, count: int, *, latest: bool) -> Array:
        """Of those lines the latest or earliest of each row that has any, by rising line. Rows are below `count`."""
        found = self._chosen.get((asked, latest))
        if found is None:
            lines, choose = self.lines(asked), scatter.latest if latest else scatter.earliest
            found = self._chosen[asked, latest] = choose(lines.rows, lines.occurred, count)
        return found

    def whole(self) -> Facts:
        """All facts that stand."""
        return self.facts if self._flags is None else self.facts.keep(self._flags)

    def _found(self, asked: Asked) -> Lines:
        flags, fields = self._flags, self.facts.fields
        if asked.on:
            flags = _both(flags, _any_of(fields[asked.on].raw, asked.numbers))
        if asked.there:
            flags = _both(flags, fields[asked.there].there())
        if asked.key in self.facts.sizes:
            return self._of_several(asked.key, flags)
        rows = fields[asked.key].whole()
        if flags is None:
            return Lines(rows, self.facts.occurred, None)
        places = np.flatnonzero(flags)
        return Lines(rows[places], self.facts.occurred[places], places)

    def _of_several(self, key: str, flags: Flags | None) -> Lines:
        if key not in self._several:
            self._several[key] = _once(self.facts.sizes[key], self.facts.fields[key].whole())
        places, rows = self._several[key]
        if flags is not None:
            kept = flags[places]
            places, rows = places[kept], rows[kept]
        return Lines(rows, self.facts.occurred[places], places)


def _once(sizes: Array, rows: Array) -> tuple[Array, Array]:
    """The place of the fact and the row of each line: a fact counts once for each of its keys, whatever it repeats."""
    places = np.repeat(np.arange(len(sizes)), sizes)
    many = np.flatnonzero((sizes > 1)[places])
    if not len(many):
        return places, rows
    packed = places[many] * (rows.max() + 1) + rows[many]
    in_order = np.sort(packed)
    if not (in_order[1:] == in_order[:-1]).any():
        return places, rows
    _, first = np.unique(packed, return_index=True)
    once = np.ones(len(places), bool)
    once[many] = False
    once[many[first]] = True
    return places[once], rows[once]


def numbers_of(where: Where, dictionary: "dict[str | None, int]") -> frozenset[int]:
    """The numbers of the values that a condition lets pass."""
    return frozenset(dictionary[value] for value in where.values if value in dictionary)


def _standing(facts: Facts, struck: Array, effective: int | None) -> Flags | None:
    flags = None
    if len(facts.positions):
        start, stop = np.searchsorted(struck, facts.positions[[0, -1]])
        struck = struck[start : stop + 1]  # of a long log's, those of this span
        places = np.minimum(np.searchsorted(facts.positions, struck), len(facts.positions) - 1)
        places = places[facts.positions[places] == struck]
        if len(places):
            flags = np.ones(len(facts.positions), bool)
            flags[places] = False
    if effective is not None:
        flags = _both(flags, facts.occurred <= effective)
    return None if flags is None or flags.all() else flags


def _both(one: Flags | None, other: Flags | None) -> Flags | None:
    return other if one is None else one if other is None else one & other


def _any_of(raw: NDArray[np.integer], numbers: frozenset[int]) -> Flags:
    found = np.zeros(len(raw), bool)
    for number in numbers:
        if number <= np.iinfo(raw.dtype).max:
            found |= raw == number
    return found
