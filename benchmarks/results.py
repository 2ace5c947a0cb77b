"""The results as people read them: a table on the screen, RESULTS.md and a plot."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Figure, Results
from benchmarks.run import Run

LIBRARIES = ("eventsourcing", "msgspec", "numpy", "polars", "pydantic", "SQLAlchemy", "pysqlite3")
HEAD = ("what", "ours", "peer", "ratio (least to most)", "of processor time", "target", "reached")


def table(results: Results) -> str:
    """The figures as a Markdown table."""
    rows = [HEAD, ("---",) * len(HEAD), *(_row(one) for one in results.figures)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(one: Figure) -> tuple[str, ...]:
    reached = {None: "", True: "yes", False: "no"}[one.reached]
    target = f"{one.target:.3g}x" if one.target is not None else f"{one.least:,.0f}/s" if one.least is not None else ""
    return (
        one.what,
        one.ours,
        one.peer,
        *("" if ratio is None else f"{ratio}" for ratio in (one.ratio, one.busy)),
        target,
        reached,
    )


def write(folder: Path, run: Run) -> None:
    """RESULTS.md, and where matplotlib is there its plot."""
    plotted = _plot(folder / "results.png", run.results)
    (folder / "RESULTS.md").write_text(_page(run, plotted=plotted), encoding="utf-8")


def _page(run: Run, *, plotted: bool) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    opening = (
        f"Of one run on {datetime.now(UTC):%d %B %Y}, by `python -m benchmarks`. The sides of each figure took turns"
        " within the run; a ratio is the median over the turns, and above 1 ours is better. The first ratio is by the"
        " clock on the wall, the second of the processor's time over all threads, which other work on the machine"
        " disturbs least. Ratios carry over to other machines, absolute figures do not."
    )
    where = (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.machine()}, Python"
        f" {platform.python_version()}, {libraries}. A city of 26 teams, seed {run.city.seed},"
        f" {run.city.events:,} entries. Load average over the last five minutes: {os.getloadavg()[1]:.1f}; above the"
        " number of cores, others slowed the rates down."
    )
    picture = ["![ratios against the peer, and what was to be reached](results.png)"] if plotted else []
    notes = "\n".join(f"- {note}" for note in run.results.notes)
    parts = ["# Results", opening, table(run.results), *picture, "## How", notes, "## Where", where]
    return "\n\n".join(parts) + "\n"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


def _plot(path: Path, results: Results) -> bool:
    try:
        import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return False
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shown = [one for one in results.figures if one.ratio is not None and one.name != "append"][::-1]
    chart, axes = plt.subplots(figsize=(7, 0.4 * len(shown) + 1.2))
    for place, one in enumerate(shown):
        assert one.ratio is not None
        middle, least, most = one.ratio.middle, min(one.ratio.values), max(one.ratio.values)
        axes.barh(place, middle, color="#2a6f97", height=0.6)
        axes.errorbar(middle, place, xerr=[[middle - least], [most - middle]], color="black", capsize=3)
        if one.target is not None:
            axes.plot([one.target] * 2, [place - 0.4, place + 0.4], color="#c1121f", linewidth=2)
    axes.set_yticks(range(len(shown)), [one.name for one in shown])
    axes.set_xscale("log")
    axes.set_xlabel("times the peer (red: to be reached)")
    axes.axvline(1, color="grey", linewidth=0.8)
    chart.tight_layout()
    chart.savefig(path, dpi=110)
    return True
