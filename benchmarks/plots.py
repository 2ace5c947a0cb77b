"""The plots of a run, PNG files beside RESULTS.md. Without matplotlib there are none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Results

BLUE, RED, GREY = "#2a6f97", "#c1121f", "#888888"
COLOURS = (BLUE, "#61a5c2", "#a9d6e5", "#e09f3e", "#9e2a2b")
ALONE = ("append",)  # a peer that guards nothing: no ratio to be drawn beside the others


def draw(folder: Path, results: Results) -> list[tuple[str, str]]:
    """Draws what the run measured; gives the name of each file and what it shows."""
    try:
        import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return []
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    made = []
    for name, (shows, plot) in PLOTS.items():
        if name != "results" and name not in results.lines:
            continue
        chart, axes = plt.subplots(figsize=(7.5, 0.36 * _bars(results) + 1.2 if name == "results" else 3.2))
        plot(axes, results)
        chart.tight_layout()
        chart.savefig(folder / f"{name}.png", dpi=110, metadata={"Software": None})
        plt.close(chart)
        made.append((f"{name}.png", shows))
    return made


def _bars(results: Results) -> int:
    return sum(one.ratio is not None and one.name not in ALONE for one in results.figures)


def _ratios(axes: Any, results: Results) -> None:
    shown = [one for one in results.figures if one.ratio is not None and one.name not in ALONE][::-1]
    for place, one in enumerate(shown):
        assert one.ratio is not None
        middle, least, most = one.ratio.middle, min(one.ratio.values), max(one.ratio.values)
        axes.barh(place, middle, color=BLUE, height=0.6)
        axes.errorbar(middle, place, xerr=[[middle - least], [most - middle]], color="black", capsize=3)
        for bound, style in ((one.target, "-"), (one.aim, ":")):
            if bound is not None:
                axes.plot([bound] * 2, [place - 0.4, place + 0.4], color=RED, linewidth=2, linestyle=style)
    axes.set_yticks(range(len(shown)), [one.name for one in shown])
    axes.set_xscale("log")
    axes.set_xlabel("times the peer (red: to be reached; dotted: aimed at)")
    axes.axvline(1, color=GREY, linewidth=0.8)


def _sizes(axes: Any, results: Results) -> None:
    _lines(axes, results.lines["sizes"])
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("events in the log")
    axes.set_ylabel("ns an event")


def _catch_up(axes: Any, results: Results) -> None:
    _lines(axes, results.lines["catch_up"])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("new events")
    axes.set_ylabel("ms")


def _shares(axes: Any, results: Results) -> None:
    left = 0.0
    for (name, seconds), colour in zip(results.lines["shares"][0][1].items(), COLOURS, strict=True):
        axes.barh(0, seconds * 1000, left=left, color=colour, label=name, height=0.5)
        left += seconds * 1000
    axes.set_yticks([])
    axes.set_xlabel("ms of a rebuild from segments")
    axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.35), frameon=False)


def _lines(axes: Any, line: list[tuple[float, dict[str, float]]]) -> None:
    for name, colour in zip(line[0][1], (BLUE, RED, GREY), strict=False):
        axes.plot([place for place, _ in line], [values[name] for _, values in line], "o-", color=colour, label=name)
    axes.legend(frameon=False)


PLOTS: dict[str, tuple[str, Callable[[Any, Results], None]]] = {
    "results": ("ratios against the peer, and what was to be reached", _ratios),
    "sizes": ("cost of an event against the size of the log", _sizes),
    "shares": ("where the time of a rebuild from segments goes", _shares),
    "catch_up": ("append, first fresh answer and second answer against how many events were new", _catch_up),
}
