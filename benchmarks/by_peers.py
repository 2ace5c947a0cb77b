# ruff: noqa: D400  # a question ends in its own mark
"""Do our segments fold into the four views as fast as DuckDB and Polars do it over Parquet, each written by hand?

All three start at stored bytes and end in the four finished frames, sorted, ids as text; each has both cores. The
peers' files come in two layouts: sorted by key, which a finished log allows and a growing one does not, and in the
log's own order. Equality of every cell is checked in every run.
"""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks import duck, lazy
from benchmarks.fold import expect_equal, frames
from benchmarks.measure import Figure, Side, figure, in_turns
from benchmarks.parquet import Parquet
from benchmarks.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYOUTS = {"by_hand": "sorted by key", "by_hand_as_logged": "in the log's order"}


def measure(run: Run) -> None:
    with run.city.record() as record:
        ours = frames(record)
    count = run.events
    for name, layout in LAYOUTS.items():
        files = run.parquet(by_key=name == "by_hand")
        with _fresh(files)() as connection:
            expect_equal(ours, duck.as_frames(duck.fold(files, connection)), "DuckDB by hand")
        expect_equal(ours, lazy.fold(files), "Polars by hand")
        run.say(f"folding against DuckDB and Polars by hand, Parquet {layout}")
        sides: dict[str, Side] = {
            "ours": frames,
            "DuckDB": lambda connection, files=files: duck.fold(files, connection),
            "Polars": lambda files=files: lazy.fold(files),
        }
        opening: Any = {"ours": run.city.record, "DuckDB": _fresh(files)}
        found = in_turns(sides, run.rounds, dict.fromkeys(sides, 3), opening=opening)
        faster = min(("DuckDB", "Polars"), key=lambda side: found[side].wall.middle)
        rates = {side: figure(took.wall.per(count).middle) for side, took in found.items()}
        run.results.figures.append(
            Figure(
                f"fold_{name}",
                f"segments to the four frames, against the faster by hand over Parquet {layout} ({faster})",
                f"{rates['ours']} events/s",
                f"DuckDB {rates['DuckDB']}, Polars {rates['Polars']} events/s",
                found[faster].wall.over(found["ours"].wall),
                found[faster].processor.over(found["ours"].processor),
                1,
                2,
            )
        )


def _fresh(files: Parquet) -> Any:
    @contextmanager
    def opened() -> "Iterator[Any]":
        connection = duck.connect(files)
        try:
            yield connection
        finally:
            connection.close()

    return opened
