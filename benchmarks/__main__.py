"""`python -m benchmarks [--short] [--events N] [--seed S] [--only NAME] [--keep]`."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import append, as_at, command, fold, proof, rebuild, sealing
from benchmarks.city import make_city
from benchmarks.measure import Results
from benchmarks.results import table, write
from benchmarks.run import Run

HERE = Path(__file__).parent
RATIOS = HERE / "ratios.json"
GUARDED = ("fold_stock", "fold_with_read_stock", "rebuild")  # what the short run holds against the ratios kept
LEAST = 2 / 3  # of a ratio kept: other machines, and this one on another day, are not ours to blame
ALL: dict[str, Callable[[Run], None]] = {
    "fold": fold.measure,
    "rebuild": rebuild.measure,
    "as_at": as_at.measure,
    "append": append.measure,
    "command": command.measure,
    "sealing": sealing.measure,
    "proof": proof.measure,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Figures against peers, as ratios in one run."
    )
    parser.add_argument("--short", action="store_true", help="a small city; exit 1 when a ratio fell by over a third")
    parser.add_argument("--events", type=int, help="entries in the city, about (400,000; short: 30,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted(ALL), help="one benchmark; RESULTS.md stays as it is")
    parser.add_argument("--keep", action="store_true", help="with --short: keep these ratios for later short runs")
    given = parser.parse_args(arguments)
    events = given.events or (30_000 if given.short else 400_000)
    with tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True) as folder:
        say(f"simulating about {events:,} entries")
        city = make_city(Path(folder), events, given.seed, say)
        run = Run(city, say, short=given.short)
        chosen = [given.only] if given.only else ["fold", "rebuild"] if given.short else list(ALL)
        for name in chosen:
            ALL[name](run)
    print(table(run.results))
    if given.short:
        return compare(run.results, keep=given.keep)
    if not given.only:
        write(HERE, run)
    return 0


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
