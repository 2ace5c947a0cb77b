# ruff: noqa: D400  # a question ends in its own mark
"""How fast is a whole log verified, what does its hash tree cost an append, and how long does one proof take?

A verification reads every entry and its data, makes each leaf again, checks its spelling, place, time and columns,
and hashes the tree. The append is the city's entries in batches of 5,000, with the tree and without, in turns.
"""

from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import mkdtemp

from benchmarks.append import BATCH, MOST
from benchmarks.measure import Figure, Spread, figure, in_turns, timed
from benchmarks.run import Run
from earlystart_core.entry import Entry
from earlystart_core.proof.judging import verify_log
from earlystart_sql.store import open_store

CALLS = 50  # proofs, of which the median counts
TREE = 1 / 1.15  # of the rate without


def measure(run: Run) -> None:
    run.say("verifying")
    with run.city.record() as record:
        tree = record.store.log.tree
        took = in_turns(
            {"one": lambda: verify_log(tree), "two": lambda: verify_log(tree, processes=2)}, min(run.rounds, 3)
        )
        assert verify_log(tree).sound
        entries = [one.event for one in record.store.log.read(limit=10_000 if run.short else MOST)]
        size = tree.size()
        proofs = {
            "root": [timed(tree.root)[0] for _ in range(CALLS)],
            "inclusion": [timed(lambda at=at: tree.inclusion(at * size // CALLS))[0] for at in range(CALLS)],
            "consistency": [timed(lambda at=at: tree.consistency(at * size // CALLS))[0] for at in range(1, CALLS)],
        }
    for name, what in (("one", "one process"), ("two", "two processes, their start included")):
        rate = took[name].wall.per(size)
        least = 300_000 if name == "two" else None
        run.results.figures.append(
            Figure(f"verify_{name}", f"verify the whole log, {what}", f"{rate} events/s", rate=rate, least=least)
        )
    busy = took["one"].processor.per(size)
    said = ", ".join(f"{name} {figure(median(each) * 1000)} ms" for name, each in proofs.items())
    run.results.notes.append(
        f"One process verifies {busy} events a second of its processor time. At {size:,} entries: {said}."
    )
    _append(run, entries)


def _append(run: Run, entries: list[Entry]) -> None:
    run.say("appending with the tree and without")
    found: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for turn in range(run.rounds):
        folder = Path(mkdtemp(dir=run.city.folder))
        for kept in (True, False) if turn % 2 == 0 else (False, True):
            found[kept].append(_appended(folder / f"{kept}.db", entries, kept=kept))
        rmtree(folder)
    wall, busy = ({kept: Spread(tuple(one[of] for one in found[kept])) for kept in found} for of in (0, 1))
    rates = [f"{figure(wall[kept].per(len(entries)).middle)} events/s" for kept in (True, False)]
    what = "bulk append with the hash tree, against the same without"
    ratios = wall[False].over(wall[True]), busy[False].over(busy[True])
    run.results.figures.append(Figure("append_tree", what, rates[0], rates[1], *ratios, TREE))


def _appended(path: Path, entries: list[Entry], *, kept: bool) -> tuple[float, float]:
    with open_store(str(path), keys=":memory:") as store:
        if not kept:
            store.log.tree.grow = lambda *_: 0  # type: ignore[method-assign]

        def append() -> None:
            for start in range(0, len(entries), BATCH):
                store.log.append(entries[start : start + BATCH])

        return timed(append)[:2]
