# ruff: noqa: D400  # a question ends in its own mark
"""How much faster do columns fold into the four views than the peer's replay of the same facts into dicts?

Ours twice: the columns in memory already, and counting our reading of them out of the rows of the log. The peer
twice: its stock replay, and the best that its recorder allows. All four must give equal views.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from benchmarks.measure import Figure, figure, in_turns
from benchmarks.run import Run
from earlystart_core.log import Log
from earlystart_core.replay.columns import Columns, load
from earlystart_core.replay.fold import Folder
from earlystart_core.replay.frames import frame_of
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.words import EVENTS


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
    stock, best = run.stock, run.best
    with run.city.record() as record:
        log = record.store.log
        columns = read(log)
        ours = {name: frame.to_dicts() for name, frame in folded(columns).items()}
        expect_equal(ours, stock.replay(), "the stock replay")
        expect_equal(ours, best.replay(), "the best replay")
        run.say("folding")
        found = in_turns(
            {
                "fold": lambda: folded(columns),
                "stock": stock.replay,
                "read and fold": lambda: folded(read(log)),
                "best": best.replay,
            },
            run.rounds,
            {"fold": 7, "best": 3, "read and fold": 3},
        )
    count = columns.events
    rate = {name: f"{figure(took.wall.per(count).middle)} events/s" for name, took in found.items()}
    add = run.results.figures.append
    lines = (
        ("fold", "fold in memory, against the stock replay", "fold", "stock", 20),
        ("fold_with_read", "reading the rows and the fold, against the stock replay", "read and fold", "stock", 5),
        ("fold_best", "fold in memory, against the best replay", "fold", "best", 25),
        (
            "fold_with_read_best",
            "reading the rows and the fold, against the best replay",
            "read and fold",
            "best",
            None,
        ),
    )
    for name, what, mine, theirs, target in lines:
        ours_took, peer_took = found[mine], found[theirs]
        ratio, busy = peer_took.wall.over(ours_took.wall), peer_took.processor.over(ours_took.processor)
        add(Figure(name, what, rate[mine], rate[theirs], ratio, busy, target))
    run.results.notes.append(
        f"{count:,} of the log's {run.city.events:,} entries are of the types that the views name."
    )
