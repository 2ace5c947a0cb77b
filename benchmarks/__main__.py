"""`python -m benchmarks`: everything in one run; `--help` says what else there is."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks import append, as_at, by_peers, catch_up, command, cores, fold, proof, rebuild, sealing, sizes
from benchmarks.city import make_city
from benchmarks.measure import Results
from benchmarks.results import table, write
from benchmarks.run import Run
from benchmarks.straight import make_straight
from benchmarks.tile import make_tiled

HERE = Path(__file__).parent
RATIOS = HERE / "ratios.json"
GUARDED = ("fold_stock", "fold_by_hand", "rebuild_segments", "rebuild_rows")  # held against the ratios kept
LEAST = 2 / 3  # of a ratio kept: other machines, and this one on another day, are not ours to blame
ALL: dict[str, Callable[[Run], None]] = {
    "fold": fold.measure,
    "by_hand": by_peers.measure,
    "rebuild": rebuild.measure,
    "as_at": as_at.measure,
    "sizes": sizes.measure,
    "cores": cores.measure,
    "append": append.measure,
    "command": command.measure,
    "sealing": sealing.measure,
    "proof": proof.measure,
    "catch_up": catch_up.measure,  # last: it adds the most to the city's log
}
SHORT = ("fold", "by_hand", "rebuild")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Figures against peers, as ratios in one run."
    )
    parser.add_argument("--short", action="store_true", help="a small city; exit 1 when a ratio fell by over a third")
    parser.add_argument("--events", type=int, help="entries in the city, about (1,000,000; short: 30,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted(ALL), help="one benchmark; RESULTS.md stays as it is")
    parser.add_argument("--store", type=Path, action="append", help="a sealed store, only read: one size more")
    parser.add_argument("--rows", type=int, help="so many times the city through the ordinary append: one size more")
    parser.add_argument("--hundred", action="store_true", help="sizes alone, up to a hundred times; HUNDRED.md")
    parser.add_argument("--keep", action="store_true", help="with --short: keep these ratios for later short runs")
    given = parser.parse_args(arguments)
    events = given.events or (30_000 if given.short else 1_000_000)
    with tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True) as folder:
        say(f"simulating about {events:,} entries")
        run = Run(make_city(Path(folder), events, given.seed, say), say, short=given.short)
        chosen = [given.only] if given.only else SHORT if given.short else [*ALL]
        if given.hundred:
            chosen = ["sizes"]
        if "sizes" in chosen:
            times = 100 if given.hundred else 10
            run.others = (*_other_sizes(run, times, given.rows), *filter(sizes.is_sealed, given.store or []))
        for name in chosen:
            started = perf_counter()
            ALL[name](run)
            run.results.loads.append(os.getloadavg()[0])
            say(f"{name}: {perf_counter() - started:.0f} s")
    print(table(run.results), *(f"- {note}" for note in run.results.notes), sep="\n")
    if given.short:
        return compare(run.results, keep=given.keep)
    if given.hundred:
        write(HERE, run, "HUNDRED.md")
    elif not given.only:
        write(HERE, run)
    return 0


def _other_sizes(run: Run, times: int, by_rows: int | None) -> list[Path]:
    """Stores of other sizes than the city's: a tenth of it, and several times it."""
    run.say("simulating a tenth")
    folder = run.city.folder / "tenth"
    folder.mkdir()
    tenth = make_city(folder, run.city.events // 10, run.city.seed + 1, lambda _: None)
    made = [tenth.path.rename(folder / "tenth.db")]
    made.append(run.city.folder / f"times_{times}.db")
    make_straight(run.city, made[-1], times, run.say)
    if by_rows:
        made.append(run.city.folder / f"rows_{by_rows}.db")
        make_tiled(run.city, made[-1], by_rows, run.say)
    return made


def compare(results: Results, *, keep: bool) -> int:
    """0 where every guarded ratio of processor time is at least two thirds of the one kept, else 1."""
    now = {one.name: round(one.busy.middle, 2) for one in results.figures if one.name in GUARDED and one.busy}
    if keep:
        RATIOS.write_text(json.dumps(now, indent=2, sort_keys=True) + "\n")
        return 0
    kept: dict[str, float] = json.loads(RATIOS.read_text())
    fallen = [name for name, ratio in now.items() if ratio < kept[name] * LEAST]
    for name in fallen:
        say(f"{name}: expected at least {kept[name] * LEAST:.3g} ({kept[name]:.3g} less a third), got {now[name]:.3g}")
    return 1 if fallen else 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
