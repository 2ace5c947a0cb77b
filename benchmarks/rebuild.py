# ruff: noqa: D400  # a question ends in its own mark
"""How much faster is a whole rebuild, to committed tables, than the peer's replay committed to tables of its own?

Ours twice, from sealed segments and from the rows alone, and counts everything but hashing the rows
(`Rebuilt.seconds`); the processor's time counts that too. Both end in one transaction of SQLite with `synchronous`
FULL. The peer writes as many rows, keys and columns, in the form of its own that measured faster (`committed`).
"""

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.committed import FORMS, Tables
from benchmarks.fold import expect_equal
from benchmarks.measure import Figure, Spread, figure, timed
from benchmarks.run import Run
from earlystart_core.store import Source
from earlystart_core.views import VIEWS

if TYPE_CHECKING:
    from earlystart_core.store import Rebuilt

TARGETS: dict[Source, tuple[float, float]] = {"segments": (40, 100), "rows": (5, 10)}


def measure(run: Run) -> None:
    stock = run.stock
    ours: dict[Source, list[tuple[Rebuilt, float]]] = {source: [] for source in TARGETS}
    peer: list[tuple[float, float]] = []
    with run.city.record() as record:
        for source in TARGETS:  # the files grow to their size before anything is timed
            record.rebuild(source)
        views = stock.replay()
        expect_equal({view.name: list(record.view(view.name)) for view in VIEWS}, views, "the stock replay")
        tables = {form: Tables(run.city.folder / f"stock_{form}.db", form) for form in FORMS}
        took = {}
        for form, one in tables.items():
            one.commit(views)
            took[form] = min(timed(partial(one.commit, views))[0] for _ in range(3))
        peers = tables[min(FORMS, key=lambda form: took[form])]
        del views  # rows in memory slow whatever comes after them
        run.say("rebuilding")
        for turn in range(run.rounds):
            for side in (*TARGETS, "peer")[:: 1 if turn % 2 == 0 else -1]:
                if side == "peer":
                    peer.append(timed(lambda: peers.commit(stock.replay()))[:2])
                else:
                    _, busy, rebuilt = timed(lambda side=side: record.rebuild(side))
                    ours[side].append((rebuilt, busy))
    for one in tables.values():
        one.close()
    for source, rebuilds in ours.items():
        _report(run, source, rebuilds, peer)
    forms = " and ".join(f"{figure(seconds * 1000)} ms as {one}" for one, seconds in took.items())
    run.results.notes.append(f"The peer's tables take {forms} to write and commit; it was given the faster form.")


def _report(run: Run, source: Source, ours: list[tuple["Rebuilt", float]], peer: list[tuple[float, float]]) -> None:
    count = ours[0][0].events
    mine, theirs = Spread(tuple(one.seconds for one, _ in ours)), Spread(tuple(wall for wall, _ in peer))
    busy = Spread(tuple(busy for _, busy in peer)).over(Spread(tuple(busy for _, busy in ours)))
    run.results.figures.append(
        Figure(
            f"rebuild_{source}",
            f"whole rebuild from {source} to committed tables, against the stock replay to tables of its own",
            f"{figure(mine.per(count).middle)} events/s",
            f"{figure(theirs.per(count).middle)} events/s",
            theirs.over(mine),
            busy,
            *TARGETS[source],
        )
    )
    rows = sum(view.rows for view in ours[0][0].views.values())
    writing = Spread(tuple(one.write_seconds for one, _ in ours))
    run.results.notes.append(
        f"A rebuild from {source} takes {figure(mine.middle * 1000)} ms, {writing.middle / mine.middle:.0%} of it on"
        f" writing {rows:,} rows."
    )
