# ruff: noqa: D400  # a question ends in its own mark
"""How much faster do columns fold into the four views than the peer's replay of the same facts into dicts?

Ours twice: the columns in memory already, and counting our reading of them out of the rows of the log. The peer
twice: its stock replay, and the best that its recorder allows. All four must give equal views.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from benchmarks.measure import Figure, Side, Took, figure, in_turns
from benchmarks.run import Run
from earlystart_core.log import Log
from earlystart_core.replay.columns import Columns
from earlystart_core.replay.fold import Folder
from earlystart_core.replay.frames import frame_of
from earlystart_core.replay.loading import load
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.words import EVENTS

TARGETS = {"fold_stock": 20, "fold_with_read_stock": 5, "fold_best": 25}


def read(log: Log) -> Columns:
    """The columns that the four views name, from the rows of the log."""
    return load(log, EVENTS, VIEWS)


def folded(columns: Columns) -> dict[str, pl.DataFrame]:
    """The four views as frames."""
    folder = Folder(columns)
    return {view.name: frame_of(view, folder, VIEW) for view in VIEWS}


def expect_equal(one: Mapping[str, Any], other: Mapping[str, Any], who: str) -> None:
    """Raises SystemExit where views differ: a figure of two different answers says nothing."""
    for view in VIEW:
        if one[view] != other[view]:
            raise SystemExit(f"{who}: {view} is not equal to ours")


def measure(run: Run) -> None:
    with run.city.record() as record:
        log = record.store.log
        columns = read(log)
        ours = {name: frame.to_dicts() for name, frame in folded(columns).items()}
        sides: dict[str, Side] = {"fold": lambda: folded(columns), "read and fold": lambda: folded(read(log))}
        for peer in ("stock", "best"):
            replay = run.stock.replay if peer == "stock" else run.best.replay
            expect_equal(ours, replay(), f"the {peer} replay")
            run.say(f"folding against the {peer} replay")
            found = in_turns({**sides, peer: replay}, run.rounds, {"fold": 7, "read and fold": 3, "best": 3})
            _report(run, peer, found, columns.events)
        del run.best  # a log in memory slows whatever comes after it
    run.results.notes.append(
        f"{columns.events:,} of the log's {run.city.events:,} entries are of the types that the views name."
    )


def _report(run: Run, peer: str, found: Mapping[str, Took], count: int) -> None:
    rate = {name: f"{figure(took.wall.per(count).middle)} events/s" for name, took in found.items()}
    for name, side, what in (
        ("fold", "fold", "fold in memory"),
        ("fold_with_read", "read and fold", "reading the rows, and the fold"),
    ):
        theirs, mine = found[peer], found[side]
        full = f"{name}_{peer}"
        run.results.figures.append(
            Figure(
                full,
                f"{what}, against the {peer} replay",
                rate[side],
                rate[peer],
                theirs.wall.over(mine.wall),
                theirs.processor.over(mine.processor),
                TARGETS.get(full),
            )
        )
