# ruff: noqa: D400  # a question ends in its own mark
"""Does an event of a large log cost as much as one of a small log, and how much memory does a fold need?

Folds of all four views from sealed segments, each size in processes of its own that take turns; the first fold of a
process is left out of the times, and gives the peak memory, which counts the interpreter and its libraries too.
"""

from pathlib import Path
from statistics import median

from benchmarks.child import fold_in_child, opened
from benchmarks.measure import Figure, Spread, figure
from benchmarks.run import Run

GB = 1e9
MOST_GB = ((2e7, 2.0, 1.0), (2e8, 6.0, 2.0))  # up to so many events: at most, and to aim at
BOUND = 1.15  # of the cost per event at 10 M against 1 M
MILLION = 1e6


def measure(run: Run) -> None:
    stores = [*run.others, run.city.path]
    found: dict[Path, list[tuple[float, float]]] = {store: [] for store in stores}
    events: dict[Path, int] = {}
    peaks: dict[Path, list[float]] = {store: [] for store in stores}
    for turn in range(run.rounds):
        run.say(f"folding logs of {len(stores)} sizes, turn {turn + 1} of {run.rounds}")
        for store in stores[:: 1 if turn % 2 == 0 else -1]:
            told = fold_in_child(store, 1 if events.get(store, 0) > 5 * MILLION else 3)
            events[store] = told["events"]
            found[store].append((median(told["walls"]), median(told["busys"])))
            peaks[store].append(told["peak"] / GB)
    sizes = sorted(stores, key=events.__getitem__)
    cost = {store: Spread(tuple(wall * 1e9 / events[store] for wall, _ in found[store])) for store in sizes}
    busy = {store: Spread(tuple(busy * 1e9 / events[store] for _, busy in found[store])) for store in sizes}
    run.results.lines["sizes"] = [
        (events[store], {"by the wall": cost[store].middle, "of the processor": busy[store].middle}) for store in sizes
    ]
    city = run.city.path
    for store in sizes:
        if store != city:
            ours, base = (f"{_millions(events[one])} ({one.stem})" for one in (store, city))
            large = 5 * MILLION < events[store] < 20 * MILLION
            run.results.figures.append(
                Figure(
                    f"cost_{store.stem}",
                    f"cost per event of a fold from segments, {ours} against {base}",
                    f"{figure(cost[store].middle)} ns",
                    f"{figure(cost[city].middle)} ns",
                    cost[city].over(cost[store]),
                    busy[city].over(busy[store]),
                    1 / BOUND if large else None,
                    1 if large else None,
                )
            )
    for store in sizes:
        _memory(run, store, events[store], Spread(tuple(peaks[store])))


def is_sealed(path: Path) -> bool:
    """Whether the store's segments reach its head; raises SystemExit where they do not."""
    with opened(path) as record:
        head = record.store.log.head()
        shelf = record.store.views.shelf
        runs = shelf.runs(head) if shelf is not None else ()
    last = max((run.last for run in runs), default=0)
    if last < head:
        raise SystemExit(f"{path}: expected a store sealed up to its head, {head:,}, got one sealed up to {last:,}")
    return True


def _memory(run: Run, store: Path, events: int, peak: Spread) -> None:
    bounds = next(((most, aim) for upto, most, aim in MOST_GB if events <= upto), (None, None))
    most, aim = bounds if events > 5 * MILLION else (None, None)
    run.results.figures.append(
        Figure(
            f"memory_{store.stem}",
            f"peak memory of a fold of {_millions(events)} events ({store.stem}) from segments",
            f"{peak} GB",
            amount=peak,
            most=most,
            aim=aim,
            unit="GB",
        )
    )


def _millions(events: int) -> str:
    return f"{figure(events / MILLION)} M"
