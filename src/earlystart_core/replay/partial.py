"""A partial result: what a step of the plan makes of the facts seen so far, one place a row.

It is a commutative monoid's element spread over arrays, like the row executor's partial results: facts may be taken
in part by part of the log, in any order of parts and by several threads, with the same result.
"""

from abc import ABC, abstractmethod
from threading import Lock

import numpy as np

from earlystart_core.event import Event
from earlystart_core.projection import Projection
from earlystart_core.reducers import Reducer
from earlystart_core.replay.columns import Array, Narrow
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.lines import Asked, Lines, Standing, numbers_of
from earlystart_core.replay.plan import Step


class Partial(ABC):
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

    @abstractmethod
    def _take(self, place: int, facts: Standing, asked: Asked, count: int) -> None:
        """Takes in what the source at that place gives. The lock is held."""

    @abstractmethod
    def columns(self, count: int) -> dict[str, Array]:
        """The finished values of each reducer, for each of `count` rows."""

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


def wide(values: Narrow, count: int, filled: int) -> Narrow:
    """The values, and as many more as there are rows."""
    if len(values) >= count:
        return values
    found = np.full(count, filled, values.dtype)
    found[: len(values)] = values
    return found
