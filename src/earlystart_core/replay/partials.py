"""Partial results: what a step of the plan makes of the facts seen so far, one place a row.

Each is a commutative monoid's element spread over arrays, like the row executor's partial results: facts may be taken
in part by part of the log, in any order of parts and by several threads, with the same result.
"""

from threading import Lock

import numpy as np

from earlystart_core.event import Event
from earlystart_core.projection import Projection
from earlystart_core.reducers import Reducer
from earlystart_core.replay import scatter
from earlystart_core.replay.columns import NULL, PLAIN, Array, Dictionaries
from earlystart_core.replay.lines import Asked, Lines, Standing, numbers_of
from earlystart_core.replay.plan import Step
from earlystart_core.replay.scatter import LEAST, MOST


class Partial:
    """What one step has made of the facts so far."""

    def __init__(self, projection: Projection, step: Step, dictionaries: Dictionaries) -> None:
        self.reducers = {name: projection.reducers[name] for name in step.reducers}
        self._step = step
        self._dictionaries = dictionaries
        self._lock = Lock()

    def take(self, event: type[Event], facts: Standing, key: str, count: int) -> None:
        """Takes in facts of one class. key: the field of their rows, which are all below `count`."""
        where = self._step.where
        for place, ask in enumerate(self._step.asks):
            if ask.event is event:
                asked = Asked(key, ask.there)
                if where is not None and where.source.event is event:
                    numbers = numbers_of(where, self._dictionaries[where.source.held])
                    asked = Asked(key, ask.there, where.source.name, numbers)
                with self._lock:
                    self._take(place, facts, asked, count)

    def _take(self, place: int, facts: Standing, asked: Asked, count: int) -> None:
        raise NotImplementedError

    def columns(self, count: int) -> dict[str, Array]:
        """The finished values of each reducer, for each of `count` rows."""
        raise NotImplementedError

    def _values(self, reducer: Reducer, place: int, facts: Standing, lines: Lines, some: Array | None = None) -> Array:
        """What the source at that place gives of the lines, or of some of them."""
        source = reducer.sources[place]
        if source.what == "constant":
            number = self._dictionaries["text"][source.value]
            return np.full(len(lines.rows) if some is None else len(some), number, np.int64)
        if source.what == "instant":
            return lines.occurred if some is None else lines.occurred[some]
        places = lines.places(some)
        if source.what == "position":
            return facts.facts.positions[places]
        return facts.facts.fields[source.name].at(places)


class Chosen(Partial):
    """Latest and earliest: of each row the chosen fact's instant and position, and what reducers take of it."""

    def __init__(self, projection: Projection, step: Step, dictionaries: Dictionaries) -> None:
        super().__init__(projection, step, dictionaries)
        self._latest = step.rule != "earliest"
        self._none = LEAST if self._latest else MOST
        self._at = np.empty(0, np.int64)
        self._place = np.empty(0, np.int64)
        self._taken = {name: np.empty(0, np.int64) for name, one in self.reducers.items() if _kept_of(one) == "value"}

    def _take(self, place: int, facts: Standing, asked: Asked, count: int) -> None:
        lines, some = facts.lines(asked), facts.chosen(asked, count, latest=self._latest)
        rows, at, places = lines.rows[some], lines.occurred[some], facts.facts.positions[lines.places(some)]
        self._grow(count)
        mine = self._at[rows]
        equal = (at == mine) & ((places > self._place[rows]) if self._latest else (places < self._place[rows]))
        better = ((at > mine) if self._latest else (at < mine)) | equal
        if not better.all():
            rows, at, places, some = rows[better], at[better], places[better], some[better]
        self._at[rows], self._place[rows] = at, places
        for name, taken in self._taken.items():
            taken[rows] = self._values(self.reducers[name], place, facts, lines, some)

    def _grow(self, count: int) -> None:
        self._at, self._place = _wide(self._at, count, self._none), _wide(self._place, count, self._none)
        for name, taken in self._taken.items():
            self._taken[name] = _wide(taken, count, self._otherwise(self.reducers[name]))

    def _otherwise(self, reducer: Reducer) -> int:
        if reducer.initial is not None:
            return self._dictionaries[reducer.held][reducer.initial]
        return NULL if reducer.held in PLAIN else 0

    def columns(self, count: int) -> dict[str, Array]:
        self._grow(count)
        found = {}
        for name, reducer in self.reducers.items():
            kept = _kept_of(reducer)
            values = self._taken[name] if kept == "value" else self._at if kept == "instant" else self._place
            found[name] = values if kept == "value" else np.where(self._at == self._none, NULL, values)
        return found


class Stood(Chosen):
    """The value of the latest start, nothing where a later end names the same value."""

    def __init__(self, projection: Projection, step: Step, dictionaries: Dictionaries) -> None:
        super().__init__(projection, step, dictionaries)
        self._ends: list[tuple[Array, Array, Array, Array]] = []  # row, instant, position, value

    def _take(self, place: int, facts: Standing, asked: Asked, count: int) -> None:
        if place == 0:
            super()._take(place, facts, asked, count)
            return
        lines = facts.lines(asked)
        (reducer,) = self.reducers.values()
        places = facts.facts.positions[lines.places(None)]
        self._ends.append((lines.rows, lines.occurred, places, self._values(reducer, place, facts, lines)))

    def columns(self, count: int) -> dict[str, Array]:
        ((name, value),) = super().columns(count).items()
        found = value.copy()
        nothing = self._otherwise(self.reducers[name])
        for rows, occurred, places, values in self._ends:
            since = self._at[rows]
            later = (occurred > since) | ((occurred == since) & (places > self._place[rows]))
            found[rows[later & (values == value[rows])]] = nothing
        return {name: found}


class Tallied(Partial):
    """Counts, sums, and the smallest and greatest of values: one number a row."""

    def __init__(self, projection: Projection, step: Step, dictionaries: Dictionaries) -> None:
        super().__init__(projection, step, dictionaries)
        self._none = {"smallest": MOST, "greatest": LEAST}.get(step.rule, 0)
        self._tally = np.empty(0, np.int64)

    def _take(self, place: int, facts: Standing, asked: Asked, count: int) -> None:
        lines = facts.lines(asked)
        tally = self._tally = _wide(self._tally, count, self._none)
        if self._step.rule == "count":
            tally += scatter.counted(lines.rows, len(tally))
            return
        (reducer,) = self.reducers.values()
        into = {"total": np.add, "smallest": np.minimum, "greatest": np.maximum}[self._step.rule]
        into.at(tally, lines.rows, self._values(reducer, place, facts, lines))

    def columns(self, count: int) -> dict[str, Array]:
        tally = _wide(self._tally, count, self._none)
        (name,) = self.reducers
        return {name: np.where(tally == self._none, NULL, tally) if self._none else tally}


class Moments(Partial):
    """Latest and earliest of nothing but instants: the greatest or smallest of them, whatever their facts."""

    def __init__(self, projection: Projection, step: Step, dictionaries: Dictionaries) -> None:
        super().__init__(projection, step, dictionaries)
        self._latest = step.rule == "latest"
        self._none = LEAST if self._latest else MOST
        self._at = np.empty(0, np.int64)

    def _take(self, place: int, facts: Standing, asked: Asked, count: int) -> None:
        lines = facts.lines(asked)
        self._at = _wide(self._at, count, self._none)
        (np.maximum if self._latest else np.minimum).at(self._at, lines.rows, lines.occurred)

    def columns(self, count: int) -> dict[str, Array]:
        at = _wide(self._at, count, self._none)
        return dict.fromkeys(self.reducers, np.where(at == self._none, NULL, at))


class Distinct(Partial):
    """How many different values each row has."""

    def __init__(self, projection: Projection, step: Step, dictionaries: Dictionaries) -> None:
        super().__init__(projection, step, dictionaries)
        self._pairs: list[tuple[Array, Array]] = []

    def _take(self, place: int, facts: Standing, asked: Asked, count: int) -> None:
        lines = facts.lines(asked)
        (reducer,) = self.reducers.values()
        self._pairs.append(scatter.distinct_pairs(lines.rows, self._values(reducer, place, facts, lines)))

    def columns(self, count: int) -> dict[str, Array]:
        (name,) = self.reducers
        if not self._pairs:
            return {name: np.zeros(count, np.int64)}
        rows, values = (np.concatenate(some) for some in zip(*self._pairs, strict=True))
        return {name: scatter.counted(scatter.distinct_pairs(rows, values)[0], count)}


def partial_of(projection: Projection, step: Step, dictionaries: Dictionaries) -> Partial:
    """The partial result of a step, of no facts yet."""
    if step.rule in ("latest", "earliest"):
        only_instants = all(_kept_of(projection.reducers[name]) == "instant" for name in step.reducers)
        return (Moments if only_instants else Chosen)(projection, step, dictionaries)
    kinds = {"standing": Stood, "distinct": Distinct}
    return kinds.get(step.rule, Tallied)(projection, step, dictionaries)


def _kept_of(reducer: Reducer) -> str:
    """What a chosen fact gives a reducer: its instant, its position, or a value."""
    kinds = {source.what for source in reducer.sources}
    return kinds.pop() if kinds in ({"instant"}, {"position"}) else "value"


def _wide(values: Array, count: int, filled: int) -> Array:
    """The values, and as many more as there are rows."""
    if len(values) >= count:
        return values
    found = np.full(count, filled, np.int64)
    found[: len(values)] = values
    return found
