"""The clock of the city: handed to the log, it tells the next instant of typing each time the log asks."""

from collections.abc import Iterable
from datetime import datetime

from earlystart_city.calendar import END_AT


class CityClock:
    """A queue of instants. When it is empty it stands at the last one given, at first at the end of the city."""

    def __init__(self) -> None:
        self._next: list[datetime] = []  # last first
        self._now = END_AT

    def plan(self, moments: Iterable[datetime]) -> None:
        """The instants at which the next entries are recorded, in order."""
        self._next = list(moments)[::-1]

    def stand(self, now: datetime) -> None:
        """Stands at that instant until the next ones are planned."""
        self._next, self._now = [], now

    @property
    def left(self) -> int:
        """How many planned instants nobody has asked for."""
        return len(self._next)

    def __call__(self) -> datetime:
        if self._next:
            self._now = self._next.pop()
        return self._now


def city_clock() -> CityClock:
    """A clock for the log that a city will be simulated into; hand the same one to `simulate`."""
    return CityClock()
