"""What is taken of one chosen fact of each row: the latest, the earliest, or the latest start that stands."""

import numpy as np
from numpy.typing import NDArray

from earlystart_core.projection import Projection
from earlystart_core.reducers import Reducer
from earlystart_core.replay.columns import NULL, PLAIN, Array, Narrow
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.lines import Asked, Standing
from earlystart_core.replay.partial import Partial, wide
from earlystart_core.replay.plan import Step
from earlystart_core.replay.scatter import LEAST, MOST


class Chosen(Partial):
    """Latest and earliest: of each row the chosen fact's instant and position, and what reducers take of it."""

    def __init__(self, projection: Projection, step: Step, dictionaries: Dictionaries) -> None:
        super().__init__(projection, step, dictionaries)
        self._latest = step.rule != "earliest"
        self._none = LEAST if self._latest else MOST
        self._begun = False  # whether any fact was taken in
        self._at = np.empty(0, np.int64)
        self._place = np.empty(0, np.int64)
        self._taken: dict[str, Narrow] = {
            name: np.empty(0, np.int64 if one.held in PLAIN else np.uint32)  # numbers of a dictionary are small
            for name, one in self.reducers.items()
            if kept_of(one) == "value"
        }

    def _take(self, place: int, facts: Standing, asked: Asked, count: int) -> None:
        lines, some = facts.lines(asked), facts.chosen(asked, count, latest=self._latest)
        rows, at, places = lines.rows[some], lines.occurred[some], facts.facts.positions[lines.places(some)]
        self._grow(count)
        if self._begun:
            better = self._better(rows, at, places)
            rows, at, places, some = rows[better], at[better], places[better], some[better]
        self._begun = True
        self._at[rows], self._place[rows] = at, places
        for name, taken in self._taken.items():
            taken[rows] = self._values(self.reducers[name], place, facts, lines, some)

    def _better(self, rows: Array, at: Array, places: Array) -> NDArray[np.bool_]:
        mine, place = self._at[rows], self._place[rows]
        beats = np.greater if self._latest else np.less
        better: NDArray[np.bool_] = beats(at, mine) | ((at == mine) & beats(places, place))
        return better

    def _grow(self, count: int) -> None:
        self._at, self._place = wide(self._at, count, self._none), wide(self._place, count, self._none)
        for name, taken in self._taken.items():
            self._taken[name] = wide(taken, count, self._otherwise(self.reducers[name]))

    def _otherwise(self, reducer: Reducer) -> int:
        if reducer.initial is not None:
            return self._dictionaries[reducer.held][reducer.initial]
        return NULL if reducer.held in PLAIN else 0

    def columns(self, count: int) -> dict[str, Array]:
        self._grow(count)
        found: dict[str, Array] = {}
        for name, reducer in self.reducers.items():
            kept = kept_of(reducer)
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


def kept_of(reducer: Reducer) -> str:
    """What a chosen fact gives a reducer: its instant, its position, or a value."""
    kinds = {source.what for source in reducer.sources}
    return kinds.pop() if kinds in ({"instant"}, {"position"}) else "value"
