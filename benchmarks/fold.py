# ruff: noqa: D400  # a question ends in its own mark
"""How much faster do sealed segments fold into the four views than the peer's replay of the same facts into dicts?

Ours starts at the stored bytes and ends in the four finished frames, ids as text: the record is opened afresh for
each call, so that no id and no segment is known yet. The peer twice: its stock replay from SQLite, and the best that
its recorder allows, from a list in memory. All must give equal views.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from benchmarks.measure import Figure, Side, Took, figure, in_turns
from benchmarks.run import Run
from earlystart_core.clocks import clocks_at
from earlystart_core.record import Record
from earlystart_core.replay.as_at import AsAt
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS

CORES = len(os.sched_getaffinity(0))
TARGETS = {"stock": (80, 200), "best": (25, 60)}
Frames = Mapping[str, pl.DataFrame]


def folded(record: Record, *, segments: bool = True, effective: datetime | None = None) -> AsAt:
    """The four views at the head, finished, from the segments (and rows where there are none) or from rows alone."""
    log = record.store.log
    shelf = record.store.views.shelf if segments else None
    whole = AsAt(log, EVENTS, clocks_at(log, None, effective), shelf, CORES)
    whole.fold([*VIEW])
    for view in VIEW:
        whole.frame(view)
    return whole


def frames(record: Record) -> Frames:
    """The four finished frames, by the name of the view."""
    whole = folded(record)
    return {view: whole.frame(view) for view in VIEW}


def expect_equal(one: Mapping[str, Any], other: Mapping[str, Any], who: str) -> None:
    """Raises SystemExit where views differ: a figure of two different answers says nothing."""
    for view in VIEW:
        mine, theirs = one[view], other[view]
        if not (mine.equals(theirs) if isinstance(mine, pl.DataFrame) else mine == theirs):
            raise SystemExit(f"{who}: {view} is not equal to ours")


def measure(run: Run) -> None:
    with run.city.record() as record:
        ours = {view: frame.to_dicts() for view, frame in frames(record).items()}
        count = folded(record).events
    for peer in ("stock", "best"):
        replay = run.stock.replay if peer == "stock" else run.best.replay
        expect_equal(ours, replay(), f"the {peer} replay")
        run.say(f"folding against the {peer} replay")
        sides: dict[str, Side] = {"ours": frames, peer: replay}
        found = in_turns(sides, run.rounds, {"ours": 3}, opening={"ours": run.city.record})
        _report(run, peer, found, count)
    del run.best  # a log in memory slows whatever comes after it
    run.results.notes.append(
        f"{count:,} of the log's {run.city.events:,} entries are of the types that the views name."
    )


def _report(run: Run, peer: str, found: Mapping[str, Took], count: int) -> None:
    target, aim = TARGETS[peer]
    rate = {name: f"{figure(took.wall.per(count).middle)} events/s" for name, took in found.items()}
    theirs, mine = found[peer], found["ours"]
    run.results.figures.append(
        Figure(
            f"fold_{peer}",
            f"segments to the four frames, against the {peer} replay",
            rate["ours"],
            rate[peer],
            theirs.wall.over(mine.wall),
            theirs.processor.over(mine.processor),
            target,
            aim,
        )
    )
