"""Measuring on a machine that others use too: the sides take turns, and what counts is the ratio within a turn."""

import gc
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

Side = Callable[..., Any]
Opening = Mapping[str, Callable[[], AbstractContextManager[Any]]]


@dataclass(frozen=True)
class Spread:
    """Some values of one thing."""

    values: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.values)

    def per(self, count: float) -> "Spread":
        """So many of something in each of these times: how many a second."""
        return Spread(tuple(count / seconds for seconds in self.values))

    def times(self, factor: float) -> "Spread":
        """The same in another unit."""
        return Spread(tuple(value * factor for value in self.values))

    def over(self, other: "Spread") -> "Spread":
        """These divided by those, turn by turn."""
        return Spread(tuple(one / two for one, two in zip(self.values, other.values, strict=True)))

    def __str__(self) -> str:
        return f"{figure(self.middle)} ({figure(min(self.values))} to {figure(max(self.values))})"


@dataclass(frozen=True)
class Figure:
    """One line of the results: what was measured, and what it is held against."""

    name: str  # stable: the key in ratios.json
    what: str
    ours: str
    peer: str = ""
    ratio: Spread | None = None  # by the wall; above 1: ours is better
    busy: Spread | None = None  # the same of the processor's time: what others on the machine disturb least
    target: float | None = None  # the ratio to reach
    aim: float | None = None  # the ratio, or the rate, to hope for
    rate: Spread | None = None  # where there is no peer: ours, a second
    least: float | None = None  # the rate to reach
    amount: Spread | None = None  # what is to stay small
    most: float | None = None  # and how small
    unit: str = "x"  # of `most`

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.ratio is not None and self.target is not None:
            return self.ratio.middle >= self.target
        if self.rate is not None and self.least is not None:
            return self.rate.middle >= self.least
        if self.amount is not None and self.most is not None:
            return self.amount.middle <= self.most
        return None


Line = list[tuple[float, dict[str, float]]]  # a place on the horizontal axis, and what stands there by name


@dataclass
class Results:
    """All figures of a run."""

    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lines: dict[str, Line] = field(default_factory=dict)  # what is drawn, by the name of its plot
    loads: list[float] = field(default_factory=list)  # the load average over a minute, at each benchmark's end


def figure(value: float) -> str:
    """A number as people read it, to three digits."""
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


@dataclass(frozen=True)
class Took:
    """How long something took: by the clock on the wall, and of the processor's time over all threads."""

    wall: Spread
    processor: Spread


def timed(side: Side) -> tuple[float, float, Any]:
    """Seconds by the wall, seconds of the processor, and what one call gives. No garbage is collected meanwhile."""
    gc.collect()
    gc.disable()
    try:
        busy, started = process_time(), perf_counter()
        given = side()
        return perf_counter() - started, process_time() - busy, given
    finally:
        gc.enable()


def in_turns(
    sides: Mapping[str, Side], rounds: int, times: Mapping[str, int] | None = None, *, opening: Opening | None = None
) -> dict[str, Took]:
    """What each side took, one value a round. The sides go forth in one round and back in the next.

    times: calls in a round, of which the median counts; for sides too short to be measured once. opening: for the
    sides that need something fresh for each call, what gives it; opened and closed outside the time taken.
    """
    wall: dict[str, list[float]] = {name: [] for name in sides}
    busy: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name in list(sides)[:: 1 if turn % 2 == 0 else -1]:
            calls = []
            for _ in range((times or {}).get(name, 1)):
                if opening is not None and name in opening:
                    with opening[name]() as given:
                        calls.append(timed(partial(sides[name], given)))
                else:
                    calls.append(timed(sides[name]))
            wall[name].append(median(call[0] for call in calls))
            busy[name].append(median(call[1] for call in calls))
    return {name: Took(Spread(tuple(wall[name])), Spread(tuple(busy[name]))) for name in sides}


def fsync_seconds(folder: Path) -> Spread:
    """How long this disk takes to keep four kilobytes: what every durable command pays once."""
    found = []
    path = folder / "fsync"
    with path.open("wb", buffering=0) as file:
        for _ in range(50):
            started = perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            found.append(perf_counter() - started)
    path.unlink()
    return Spread(tuple(found))
