"""What all facts of a row give together: counts, sums, the smallest, the greatest, how many differ."""

import numpy as np

from earlystart_core.projection import Projection
from earlystart_core.replay import scatter
from earlystart_core.replay.columns import NULL, Array
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.lines import Asked, Standing
from earlystart_core.replay.partial import Partial, wide
from earlystart_core.replay.plan import Step
from earlystart_core.replay.scatter import LEAST, MOST


class Tallied(Partial):
    """Counts, sums, and the smallest and greatest of values: one number a row."""

    def __init__(self, projection: Projection, step: Step, dictionaries: Dictionaries) -> None:
        super().__init__(projection, step, dictionaries)
        self._none = {"smallest": MOST, "greatest": LEAST}.get(step.rule, 0)
        self._tally = np.empty(0, np.int64)

    def _take(self, place: int, facts: Standing, asked: Asked, count: int) -> None:
        lines = facts.lines(asked)
        tally = self._tally = wide(self._tally, count, self._none)
        if self._step.rule == "count":
            tally += scatter.counted(lines.rows, len(tally))
            return
        (reducer,) = self.reducers.values()
        into = {"total": np.add, "smallest": np.minimum, "greatest": np.maximum}[self._step.rule]
        into.at(tally, lines.rows, self._values(reducer, place, facts, lines))

    def columns(self, count: int) -> dict[str, Array]:
        tally = wide(self._tally, count, self._none)
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
        self._at = wide(self._at, count, self._none)
        (np.maximum if self._latest else np.minimum).at(self._at, lines.rows, lines.occurred)

    def columns(self, count: int) -> dict[str, Array]:
        at = wide(self._at, count, self._none)
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
