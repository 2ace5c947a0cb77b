"""The results as people read them: a table on the screen, RESULTS.md and plots."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Figure, Results, figure
from benchmarks.plots import draw
from benchmarks.run import Run

LIBRARIES = (
    "eventsourcing", "duckdb", "polars", "pyarrow", "numpy", "msgspec", "pydantic", "SQLAlchemy", "pysqlite3",
)  # fmt: skip
HEAD = ("what", "ours", "peer", "ratio (least to most)", "of processor time", "at least", "aim", "reached")
OPENING = (
    "by `python -m benchmarks`. The sides of each figure took turns within the run; a ratio is the median over the"
    " turns, and above 1 ours is better. The first ratio is by the clock on the wall, the second of the processor's"
    " time over all threads, which other work on the machine disturbs least. All sides read only the event types that"
    " the four views name, and count those. Corrections, both clocks and id dictionaries are on in every figure."
)
LIMITS = (
    "One machine, and a simulated city on it: ratios carry over to other machines better than absolute figures, and a"
    " real service's log may have other proportions of contacts, corrections and late entries. Files were in the"
    " operating system's cache on all sides, so nothing here says what a cold disk costs. The stock and the best"
    " replay run in Python on one core, as eventsourcing does, while columns use every core: the ratio of the"
    " processor's time takes that advantage out. The files of DuckDB and Polars are written whole from a finished log,"
    " with ids numbered in the order of their texts and in one layout sorted by key; segments are written as a log"
    " grows and have neither, so that figure is a bound set by the best case of batch work and no like for like."
    " Spreads of five turns on a shared machine show noise, not confidence."
)


def table(results: Results) -> str:
    """The figures as a Markdown table."""
    rows = [HEAD, ("---",) * len(HEAD), *(_row(one) for one in results.figures)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(one: Figure) -> tuple[str, ...]:
    reached = {None: "", True: "yes", False: "no"}[one.reached]
    ratios = tuple("" if ratio is None else f"{ratio}" for ratio in (one.ratio, one.busy))
    return one.what, one.ours, one.peer, *ratios, *_bounds(one), reached


def _bounds(one: Figure) -> tuple[str, str]:
    """What is to be reached, and what is aimed at."""
    bound = one.target if one.ratio is not None else one.least if one.rate is not None else one.most
    said = []
    for value in (bound, one.aim):
        if value is None:
            said.append("")
        elif one.ratio is not None:
            said.append(f"{figure(value)}x")
        elif one.rate is not None:
            said.append(f"{value:,.0f}/s")
        else:
            said.append(f"at most {figure(value)} {one.unit}")
    return said[0], said[1]


def write(folder: Path, run: Run, name: str = "RESULTS.md") -> None:
    """The page of results; with RESULTS.md its plots, where matplotlib is there."""
    plots = draw(folder, run.results) if name == "RESULTS.md" else []
    (folder / name).write_text(_page(run, plots), encoding="utf-8")


def _page(run: Run, plots: list[tuple[str, str]]) -> str:
    notes = "\n".join(f"- {note}" for note in run.results.notes)
    pictures = [f"![{shows}]({name})" for name, shows in plots]
    parts = [
        "# Results",
        f"Of one run on {datetime.now(UTC):%d %B %Y}, {OPENING}",
        table(run.results),
        *pictures,
        "## How",
        notes,
        "## Where",
        where(run),
        "## Limits",
        LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


def where(run: Run) -> str:
    """The machine, the versions, the city and the load that the run was measured under."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    loads = run.results.loads or [os.getloadavg()[0]]
    cores = os.cpu_count()
    return (
        f"{cores} cores ({_processor()}), {platform.system()} {platform.machine()}, Python"
        f" {platform.python_version()}, {libraries}. A city of 26 teams, seed {run.city.seed}, {run.city.events:,}"
        f" entries. Load average over a minute, after each benchmark: {figure(min(loads))} to {figure(max(loads))};"
        f" above {cores}, others slowed the rates down."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")
