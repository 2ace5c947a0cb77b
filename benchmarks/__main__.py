"""`python -m benchmarks [--short] [--events N] [--seed S] [--only NAME] [--store PATH] [--sizes 10] [--keep]`."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks import append, as_at, by_peers, catch_up, command, cores, fold, rebuild, sizes
from benchmarks.city import make_city
from benchmarks.measure import Results
from benchmarks.results import table, write
from benchmarks.run import Run
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
    parser.add_argument("--sizes", type=int, action="append", help="so many times the city, tiled: one size more")
    parser.add_argument("--keep", action="store_true", help="with --short: keep these ratios for later short runs")
    given = parser.parse_args(arguments)
    events = given.events or (30_000 if given.short else 1_000_000)
    with tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True) as folder:
        say(f"simulating about {events:,} entries")
        run = Run(make_city(Path(folder), events, given.seed, say), say, short=given.short)
        chosen = [given.only] if given.only else SHORT if given.short else [*ALL]
        if "sizes" in chosen:
            run.others = _other_sizes(run, Path(folder), given.store or [], given.sizes or [])
        for name in chosen:
            started = perf_counter()
            ALL[name](run)
            run.results.loads.append(os.getloadavg()[0])
            say(f"{name}: {perf_counter() - started:.0f} s")
    print(table(run.results), *(f"- {note}" for note in run.results.notes), sep="\n")
    if given.short:
        return compare(run.results, keep=given.keep)
    if not given.only:
        write(HERE, run)
    return 0


def _other_sizes(run: Run, folder: Path, stores: list[Path], times: list[int]) -> tuple[Path, ...]:
    """The stores of other sizes than the city: a tenth, those that were given, and tiled ones."""
    say("simulating a tenth")
    tenth = folder / "tenth"
    tenth.mkdir()
    made = [make_city(tenth, run.city.events // 10, run.city.seed + 1, lambda _: None).path]
    for tiles in times:
        made.append(folder / f"times_{tiles}.db")
        make_tiled(run.city, made[-1], tiles, say)
    return (*made, *(path for path in stores if sizes.is_sealed(path)))


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
