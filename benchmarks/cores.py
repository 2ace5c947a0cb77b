# ruff: noqa: D400  # a question ends in its own mark
"""What does a second core bring, and where does the time of a rebuild from segments go?

Scaling is measured in processes of their own, bound to so many cores. Shares are of one thread, so that they add up:
`reading` is bytes out of the database, `decoding` these into columns, `folding` columns into rows of whole numbers,
`finishing` the finishing expressions and all text, ids read from their dictionaries too, `writing` rows into
committed tables.
"""

import os
from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.child import fold_in_child
from benchmarks.measure import Figure, Spread, figure, timed
from benchmarks.run import Run
from earlystart_core.clocks import clocks_at
from earlystart_core.record import Record
from earlystart_core.replay.as_at import AsAt
from earlystart_core.replay.fold import Took
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS

PARTS = ("reading", "decoding", "folding", "finishing", "writing")


def measure(run: Run) -> None:
    most = len(os.sched_getaffinity(0))
    run.say("folding on one core and on more")
    took: dict[int, list[float]] = {cores: [] for cores in sorted({1, most})}
    for turn in range(run.rounds):
        for cores in list(took)[:: 1 if turn % 2 == 0 else -1]:
            took[cores].append(median(fold_in_child(run.city.path, 3, cores)["walls"]))
    one, many = Spread(tuple(took[1])), Spread(tuple(took[most]))
    run.results.figures.append(
        Figure(
            "cores",
            f"fold from segments on {most} cores, against one",
            f"{figure(many.middle * 1000)} ms",
            f"{figure(one.middle * 1000)} ms",
            one.over(many),
        )
    )
    parts = shares(run)
    whole = sum(parts.values())
    run.results.lines["shares"] = [(0.0, parts)]
    told = ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in parts.items())
    run.results.notes.append(f"Of a rebuild from segments by one thread ({figure(whole * 1000)} ms): {told}.")


def shares(run: Run) -> dict[str, float]:
    """Seconds of each part of a rebuild from segments, medians over the rounds."""
    found: dict[str, list[float]] = {name: [] for name in PARTS}
    for _ in range(run.rounds):
        with run.city.record() as record:
            for name, seconds in _parts(record).items():
                found[name].append(seconds)
            found["writing"].append(record.rebuild("segments").write_seconds)
    return {name: median(values) for name, values in found.items()}


def _parts(record: Record) -> dict[str, float]:
    log = record.store.log
    watched = _Watched(record.store.views.shelf)
    took = Took(stopwatch=perf_counter)
    whole = AsAt(log, EVENTS, clocks_at(log), watched, took=took)  # type: ignore[arg-type]  # it does as the shelf does

    def fold() -> None:
        whole.fold([*VIEW])
        for view in VIEW:
            whole.frame(view)

    timed(fold)
    return {
        "reading": watched.seconds,
        "decoding": max(took.reading - watched.seconds, 0.0),
        "folding": took.folding,
        "finishing": took.finishing,
    }


class _Watched:
    """A shelf, and the seconds in which bytes came out of it."""

    def __init__(self, shelf: Any) -> None:
        self.seconds = 0.0
        self.runs, self.numbered, self.report = shelf.runs, shelf.numbered, shelf.report
        self._shelf = shelf

    def blobs(self, runs: Sequence[Any], event: str, columns: Sequence[str]) -> Any:
        started = perf_counter()
        found = self._shelf.blobs(runs, event, columns)
        self.seconds += perf_counter() - started
        return found
