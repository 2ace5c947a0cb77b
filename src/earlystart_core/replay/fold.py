"""The column executor: projections folded whole columns at a time, equal to the row executor to the last cell.

Keys are dense integers, so a group-by is a scatter. `latest` scatters the greatest instant, then among its ties the
greatest position: neither the order of the facts nor their cutting matters.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from earlystart_core.event import Event
from earlystart_core.finish import CountOf
from earlystart_core.projection import Projection
from earlystart_core.reducers import Reducer
from earlystart_core.replay.columns import NULL, Array, Columns
from earlystart_core.replay.lines import InRange, Lines, rows_of
from earlystart_core.replay.scatter import GATHER, at_winners, counted, standing, winners
from earlystart_core.sources import Source, Where


class Folded(msgspec.Struct):
    """A projection's rows as whole numbers, in no set order."""

    keys: tuple[Array, ...]  # one a key part: numbers in the dictionary of its kind
    kinds: tuple[str, ...]
    columns: dict[str, Array]
    held: dict[str, str]  # how each column is held (as `Source.held`)


class Folder:
    """Folds projections over one set of columns at one effective instant."""

    def __init__(self, columns: Columns, effective: int | None = None) -> None:
        """effective: microseconds since 1970, inclusive; None cuts nothing."""
        self.columns = columns
        self._standing = InRange(columns, effective)

    def fold(self, projection: Projection, names: Sequence[str] | None = None) -> Folded:
        """The rows of a projection with the named reducers only; None means all."""
        rows = rows_of(projection, self.columns, self._standing)
        pass_ = _Pass(self.columns, rows.lines, len(rows.keys[0]))
        wanted = [name for name in projection.reducers if names is None or name in names]
        columns = {name: pass_.reduce(projection.reducers[name]) for name in wanted}
        exists = np.zeros(len(rows.keys[0]), bool)
        exists[rows.lines[projection.exists].rows] = True
        if not exists.all():
            columns = {name: column[exists] for name, column in columns.items()}
        held = {name: projection.reducers[name].held for name in wanted}
        return Folded(tuple(key[exists] for key in rows.keys), rows.kinds, columns, held)

    def count(self, folded: Folded, count: CountOf, other: Folded) -> Array:
        """For each row of one projection, how many rows of another name its key and have nothing in `without`."""
        by = other.columns[count.by]
        named = by[(by != NULL) & (other.columns[count.without] == NULL)]
        tally = counted(named, named, len(self.columns.dictionary(folded.kinds[0]).texts))
        return tally[folded.keys[0]]


class _Given(msgspec.Struct):
    """What one source gives: rows, instants, positions, values; `whole` when no null was passed over."""

    lines: tuple[Array, ...]
    whole: bool


class _Pass:
    """The reducers of one projection; those that ask for the same line of each row share the answer."""

    def __init__(self, columns: Columns, lines: dict[type[Event], Lines], count: int) -> None:
        self._columns = columns
        self._lines = lines
        self._count = count
        self._winners: dict[Any, Array] = {}

    def reduce(self, reducer: Reducer) -> Array:
        given = [self._given(reducer, source) for source in reducer.sources]
        if reducer.rule == "standing":
            return standing(given[0].lines, given[1].lines, self._count)
        rows, occurred, positions, values = (
            _join(column) for column in zip(*(one.lines for one in given), strict=True)
        )
        if reducer.rule not in ("latest", "earliest"):
            return GATHER[reducer.rule](rows, values, self._count)
        asked = (reducer.rule, tuple(source.event for source in reducer.sources), reducer.where)
        shared = all(one.whole for one in given)
        found = self._winners.get(asked) if shared else None
        if found is None:
            found = winners(reducer.rule == "latest", rows, occurred, positions, self._count)
            if shared:
                self._winners[asked] = found
        initial = NULL if reducer.initial is None else self._columns.dictionary(reducer.held)[reducer.initial]
        return at_winners(found, values, initial)

    def _given(self, reducer: Reducer, source: Source) -> _Given:
        lines = self._lines[source.event]
        values = self._values(source, lines)
        keep = self._kept(reducer.where, source.event, lines)
        whole = True
        if source.what == "field" and not reducer.nulls:
            there = values != NULL
            whole = bool(there.all())
            if not whole:
                keep = there if keep is None else keep & there
        given = (lines.rows, lines.occurred, lines.positions, values)
        return _Given(given if keep is None else tuple(one[keep] for one in given), whole)

    def _values(self, source: Source, lines: Lines) -> Array:
        if source.what == "field":
            return self._columns.facts[source.event].fields[source.name][lines.facts]
        if source.what == "constant":
            return np.full(len(lines.rows), self._columns.dictionary("text")[source.value], np.int64)
        return lines.occurred if source.what == "instant" else lines.positions

    def _kept(self, where: Where | None, event: type[Event], lines: Lines) -> Array | None:
        if where is None or where.source.event is not event:
            return None
        dictionary = self._columns.dictionary(where.source.held)
        keeps = np.zeros(len(dictionary.texts) + 1, bool)
        keeps[[dictionary[value] for value in where.values if value in dictionary]] = True
        return keeps[np.maximum(self._values(where.source, lines), -1)]  # NULL reads the last place, False


def _join(parts: tuple[Array, ...]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
