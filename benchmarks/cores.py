# ruff: noqa: D400  # a question ends in its own mark
"""What does a second core bring, and where does the time of a rebuild from segments go?

Scaling is measured in processes of their own, bound to so many cores. Shares are of one process that may use all, by
timers around the functions that stand between the parts; what one calls of another counts for that other alone.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.child import fold_in_child
from benchmarks.fold import folded
from benchmarks.measure import Figure, Spread, figure, timed
from benchmarks.run import Run

PARTS = {  # by module and function: which part of a rebuild it is; the rest of a fold is folding
    ("earlystart_sql.segments", "SqlShelf.runs"): "reading",
    ("earlystart_sql.segments", "SqlShelf.blobs"): "reading",
    ("earlystart_sql.segments", "SqlShelf._texts_of"): "reading",
    ("earlystart_core.replay.loading", "facts_of"): "decoding",
    ("earlystart_core.replay.loading", "_join"): "decoding",
    ("earlystart_core.replay.as_at", "frame_of"): "finishing and text",
    ("earlystart_core.replay.fold", "Folder.__init__"): "folding",
    ("earlystart_core.replay.fold", "Folder.fold"): "folding",
    ("earlystart_core.replay.fold", "Folder.count"): "folding",
}
ALL = ("reading", "decoding", "folding", "finishing and text", "writing")


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
    run.results.notes.append(f"Of a rebuild from segments ({figure(whole * 1000)} ms): {told}.")


def shares(run: Run) -> dict[str, float]:
    """Seconds of each part of a rebuild from segments, medians over the rounds."""
    found: dict[str, list[float]] = {name: [] for name in ALL}
    for _ in range(run.rounds):
        with run.city.record() as record, watched() as spent:
            wall, _, _ = timed(lambda record=record: folded(record))  # type: ignore[misc]
        spent["folding"] += wall - sum(spent.values())
        for name in ALL[:-1]:
            found[name].append(spent[name])
    with run.city.record() as record:
        found["writing"] += [record.rebuild("segments").write_seconds for _ in range(run.rounds)]
    return {name: median(values) for name, values in found.items()}


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """Seconds spent in each part while this is open."""
    spent = dict.fromkeys(ALL[:-1], 0.0)
    inner = [0.0]  # for each call that is open: what its own calls took
    with ExitStack() as undo:
        for (module, path), part in PARTS.items():
            *owners, name = path.split(".")
            owner: Any = import_module(module)
            for one in owners:
                owner = getattr(owner, one)
            plain = vars(owner)[name]
            setattr(owner, name, _timer(plain, part, spent, inner))
            undo.callback(setattr, owner, name, plain)
        yield spent


def _timer(plain: Any, part: str, spent: dict[str, float], inner: list[float]) -> Any:
    def call(*given: Any, **named: Any) -> Any:
        started = perf_counter()
        inner.append(0.0)
        try:
            return plain(*given, **named)
        finally:
            took = perf_counter() - started
            spent[part] += took - inner.pop()
            inner[-1] += took

    return call
