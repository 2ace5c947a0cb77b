"""Frames: a folded projection as a table of what people read, its finishing expressions worked out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from earlystart_core.finish import Finish
from earlystart_core.log import Batched
from earlystart_core.projection import Projection, Row
from earlystart_core.registry import Registry
from earlystart_core.replay.columns import NULL, PLAIN, Array
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.explain import Explained, explained
from earlystart_core.replay.fold import Folded, Took, count_rows, fold
from earlystart_core.replay.plan import Plan, needed
from earlystart_core.replay.reading import SPAN, Reading
from earlystart_core.replay.shelf import Shelf

TYPES: dict[str, Any] = {  # of what is held as it is; all else is text
    "number": pl.Int64,
    "flag": pl.Boolean,
    "instant": pl.Datetime("us", "UTC"),
    "day": pl.Date,
}


class Cells(msgspec.Struct):
    """A projection's finished rows as whole numbers, in no set order."""

    columns: dict[str, Array]  # its key and the asked columns, in the projection's order; nothing is as in a `Column`
    held: dict[str, str]  # how each is held (as `Source.held`)


class Folding:
    """A log at two clocks, folded as far as it is asked. What was folded is kept; for one thread at a time."""

    def __init__(
        self,
        log: Batched,
        registry: Registry,
        projections: Mapping[str, Projection],
        *,
        known: int,
        effective: int | None = None,
        shelf: Shelf | None = None,
        threads: int = 1,
        span: int = SPAN,
        took: Took | None = None,
    ) -> None:
        """projections: all that may be asked for. effective: microseconds since 1970. span: positions read at once."""
        self.took = took or Took()
        self._projections = projections
        self._reading = Reading(log, registry, known, shelf, span)
        self._effective = effective
        self._threads = threads
        self._folded: dict[str, Folded] = {}

    @property
    def dictionaries(self) -> Dictionaries:
        """What the numbers of ids and texts mean."""
        return self._reading.dictionaries

    @property
    def events(self) -> int:
        """How many facts were read, each once however often it was read again."""
        return sum(self.took.facts.values())

    def fold(self, wanted: Mapping[str, Iterable[str] | None]) -> None:
        """Folds those columns of those projections, all in one reading of the log; None means all columns."""
        plan = Plan(wanted, self._projections)
        lacking = {
            name: reducers
            for name, reducers in plan.reducers.items()
            if name not in self._folded or not {*reducers} <= {*self._folded[name].columns}
        }
        if not lacking:
            return
        for name, kept in self._folded.items():
            if name in lacking and len(self._projections[name].keys) > 1:  # its rows are numbered anew in each fold
                lacking[name] = [*kept.columns, *lacking[name]]
        plan = Plan(lacking, self._projections)
        for name, found in fold(plan, self._reading, self._effective, self._threads, self.took).items():
            kept_columns = self._folded[name].columns if name in self._folded else {}
            found.columns = kept_columns | found.columns
            self._folded[name] = found

    def explain(self, wanted: Mapping[str, Iterable[str] | None]) -> Explained:
        """What a fold of those columns would do: what is read, from where, and what is made of it."""
        return explained(Plan(wanted, self._projections), self._reading, self._threads)

    def cells(self, name: str, names: Iterable[str] | None = None) -> Cells:
        """The rows of a projection with its key and those columns; None means all. Raises TypeError for any other."""
        projection, asked = self._projections[name], None if names is None else [*names]
        found = self._found(name, asked)
        started = self.took.stopwatch()
        finishes = {one: projection.finishes[one] for one in needed(projection, asked) if one in projection.finishes}
        if finishes:
            needs = {need for finish in finishes.values() for need in finish.needs if need in found}
            frame = _read(projection, {need: found[need] for need in needs}, finishes, [*finishes], self.dictionaries)
            found |= {one: _numbers(frame[one], projection.held[one], self.dictionaries) for one in finishes}
        public = _public(projection, asked)
        self.took.finishing += self.took.stopwatch() - started
        return Cells({one: found[one] for one in public}, {one: projection.held[one] for one in public})

    def frame(self, name: str, names: Iterable[str] | None = None) -> pl.DataFrame:
        """The same as a frame of what people read, by key in code-point order."""
        projection, asked = self._projections[name], None if names is None else [*names]
        found = self._found(name, asked)
        started = self.took.stopwatch()
        finishes = {one: projection.finishes[one] for one in needed(projection, asked) if one in projection.finishes}
        order = _by_key([(projection.held[key], found[key]) for key in projection.keys], self.dictionaries)
        ordered = {one: column[order] for one, column in found.items()}
        frame = _read(projection, ordered, finishes, _public(projection, asked), self.dictionaries)
        self.took.finishing += self.took.stopwatch() - started
        return frame

    def _found(self, name: str, asked: list[str] | None) -> dict[str, Array]:
        """All of it but what is finished, as whole numbers."""
        projection = self._projections[name]
        wanted = needed(projection, asked)
        self.fold({name: asked})
        folded = self._folded[name]
        found = dict(zip(projection.keys, folded.keys, strict=True))
        found |= {one: folded.columns[one] for one in wanted if one in projection.reducers}
        for column in (one for one in wanted if one in projection.counts):
            count = projection.counts[column]
            none = NULL if self._projections[count.projection].held[count.without] in PLAIN else 0
            size = self.dictionaries[folded.kinds[0]].size
            found[column] = count_rows(folded, count, self._folded[count.projection], none=none, size=size)
        return found


def frame_of_rows(projection: Projection, rows: Sequence[Row], names: Sequence[str]) -> pl.DataFrame:
    """Finished rows as a frame, of the types that a fold gives."""
    return pl.DataFrame(rows, schema={name: TYPES.get(projection.held[name], pl.String) for name in names})


def _public(projection: Projection, asked: list[str] | None) -> list[str]:
    return [one for one in projection.columns if asked is None or one in asked or one in projection.keys]


def _read(
    projection: Projection,
    numbers: Mapping[str, Array],
    finishes: Mapping[str, Finish],
    names: Sequence[str],
    dictionaries: Dictionaries,
) -> pl.DataFrame:
    """Whole numbers as what they stand for, the finishing expressions worked out in declared order, those columns."""
    means = [_meant(name, projection.held[name], dictionaries) for name in numbers]
    frame = pl.LazyFrame({name: _narrow(projection.held[name], some) for name, some in numbers.items()}).select(means)
    for name, finish in finishes.items():  # one may stand on another
        frame = frame.with_columns(finish.column().alias(name))
    return frame.select(names).collect()


def _narrow(held: str, numbers: Array) -> pl.Series:
    return pl.Series(numbers if held in PLAIN else numbers.astype(np.uint32, copy=False))


def _meant(name: str, held: str, dictionaries: Dictionaries) -> pl.Expr:
    column = pl.col(name)
    if held not in PLAIN:
        return pl.lit(dictionaries.texts(held)).gather(column).alias(name)
    there = pl.when(column != NULL).then(column)
    if held == "instant":
        return there.cast(pl.Datetime("us", "UTC"))
    if held == "day":
        return there.cast(pl.Int32).cast(pl.Date)
    return there.cast(pl.Boolean) if held == "flag" else there


def _numbers(series: pl.Series, held: str, dictionaries: Dictionaries) -> Array:
    """What they stand for as whole numbers."""
    if held not in PLAIN:
        return np.fromiter(map(dictionaries[held].__getitem__, series), np.int64, len(series))
    plain = series.to_physical().cast(pl.Int64)
    return (plain.fill_null(NULL) if plain.null_count() else plain).to_numpy()


def _by_key(keys: list[tuple[str, Array]], dictionaries: Dictionaries) -> Array:
    """The places of rows by the text of their key's parts, in code-point order."""
    ranks = []
    for kind, numbers in keys:
        rank = np.zeros(dictionaries[kind].size, np.int64)
        order = dictionaries[kind].order()
        rank[order] = np.arange(1, len(order) + 1)
        ranks.append(rank[numbers])
    if len(ranks) > 1:
        return np.lexsort(ranks[::-1])
    place = np.full(dictionaries[keys[0][0]].size + 1, -1, np.int64)
    place[ranks[0]] = np.arange(len(ranks[0]))
    return place[place >= 0]
