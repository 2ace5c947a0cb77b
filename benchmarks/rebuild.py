# ruff: noqa: D400  # a question ends in its own mark
"""How much faster is a whole rebuild, to committed tables, than the peer's replay committed to the same tables?

Ours counts everything but hashing the rows (`Rebuilt.seconds`); the processor's time counts that too. Both end in
transactions of SQLite with `synchronous` FULL. The peer writes tables of the same keys and columns, with text as text.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.by_hand import Row
from benchmarks.fold import expect_equal
from benchmarks.measure import Figure, Spread, figure, timed
from benchmarks.run import Run
from earlystart_core.entry import micros
from earlystart_core.views import VIEWS

if TYPE_CHECKING:
    from earlystart_core.store import Rebuilt


def _plain(value: object) -> object:
    """A value as the peer's table holds it: instants and dates as whole numbers, which costs it least."""
    if isinstance(value, datetime):
        return micros(value)
    return value.toordinal() if isinstance(value, date) else value


def commit(path: Path, views: Mapping[str, Sequence[Row]]) -> None:
    """The views as tables in a file of the peer's own, in one durable transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    for view in VIEWS:
        columns = [f'"{name}"' for name in view.columns]
        connection.execute(f"DROP TABLE IF EXISTS {view.name}")
        connection.execute(
            f"CREATE TABLE {view.name} ({', '.join(columns)}, PRIMARY KEY ({', '.join(columns[: len(view.keys)])}))"
            " WITHOUT ROWID"
        )
        rows = (tuple(_plain(row[name]) for name in view.columns) for row in views[view.name])
        connection.executemany(f"INSERT INTO {view.name} VALUES ({', '.join('?' * len(columns))})", rows)
    connection.execute("COMMIT")
    connection.close()


def measure(run: Run) -> None:
    path = run.city.folder / "stock_views.db"
    stock = run.stock
    ours: list[Rebuilt] = []
    ours_busy: list[float] = []
    peer: list[tuple[float, float]] = []
    with run.city.record() as record:
        record.rebuild()  # the file and the peer's grow to their size before anything is timed
        commit(path, stock.replay())
        expect_equal({view.name: list(record.view(view.name)) for view in VIEWS}, stock.replay(), "the stock replay")
        run.say("rebuilding")
        for turn in range(run.rounds):
            for side in ("ours", "peer")[:: 1 if turn % 2 == 0 else -1]:
                if side == "ours":
                    _, busy, rebuilt = timed(record.rebuild)
                    ours.append(rebuilt)
                    ours_busy.append(busy)
                else:
                    peer.append(timed(lambda: commit(path, stock.replay()))[:2])
    count = ours[0].events
    mine, theirs = Spread(tuple(one.seconds for one in ours)), Spread(tuple(wall for wall, _ in peer))
    folding, writing = (
        Spread(tuple(values)) for values in zip(*((r.fold_seconds, r.write_seconds) for r in ours), strict=True)
    )
    run.results.figures.append(
        Figure(
            "rebuild",
            "whole rebuild to committed tables, against the stock replay to the same tables",
            f"{figure(mine.per(count).middle)} events/s",
            f"{figure(theirs.per(count).middle)} events/s",
            theirs.over(mine),
            Spread(tuple(busy for _, busy in peer)).over(Spread(tuple(ours_busy))),
            5,
        )
    )
    rows = sum(view.rows for view in ours[0].views.values())
    run.results.notes.append(
        f"A rebuild spends {folding.middle / mine.middle:.0%} on rows to columns in memory and"
        f" {writing.middle / mine.middle:.0%} on writing {rows:,} rows."
    )
