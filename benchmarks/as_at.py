# ruff: noqa: D400  # a question ends in its own mark
"""What does time travel cost: the whole city at another pair of clocks, against a plain fold of the same log?

From the segments and from the rows, all four views. The clocks are the head (so that both read as many entries) and
an instant in the city's last month, so that a cut is really made. Then what one team and one case cost, as a question
of `record.as_at` on a record that was just opened.
"""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.fold import folded
from benchmarks.measure import Figure, Took, figure, in_turns
from benchmarks.run import Run
from earlystart_city import END_AT

if TYPE_CHECKING:
    from collections.abc import Callable

    from earlystart_core.record import Record

THEN = END_AT - timedelta(days=30)
MOST_MS = 50.0  # for one case of a city of a million


def measure(run: Run) -> None:
    run.say("travelling")
    for source in ("segments", "rows"):
        segments = source == "segments"
        sides = {
            "plain": partial(folded, segments=segments),
            "then": partial(folded, segments=segments, effective=THEN),
        }
        calls = 3 if source == "segments" else 1
        found = in_turns(sides, run.rounds, dict.fromkeys(sides, calls), opening=dict.fromkeys(sides, run.city.record))
        what = f"as_at of the whole city from {source}, against a plain fold"
        run.results.figures.append(_figure(f"as_at_{source}", what, found["then"], found["plain"]))
    _questions(run)


def _questions(run: Run) -> None:
    with run.city.record() as record:
        rows = record.view("case_status")
        case, team = rows[len(rows) // 2]["case"], rows[len(rows) // 2]["team"]
    asked: dict[str, Callable[[Record], Any]] = {
        "case": lambda record: record.as_at(effective=THEN).view("case_status", case=case),
        "team": lambda record: record.as_at(effective=THEN).view("case_status", team=team),
        "caseload": lambda record: record.as_at(effective=THEN).caseload(),
    }
    found = in_turns(asked, run.rounds, dict.fromkeys(asked, 3), opening=dict.fromkeys(asked, run.city.record))
    for name, took in found.items():
        spread = took.wall.times(1000)
        most = MOST_MS if name == "case" else None
        what = "case_status of one case" if name == "case" else "case_status of one team"
        if name == "caseload":
            what = "the caseload of every team"
        figure_ = Figure(f"as_at_{name}", f"as_at: {what}", f"{spread} ms", amount=spread, most=most, unit="ms")
        run.results.figures.append(figure_)


def _figure(name: str, what: str, ours: Took, plain: Took) -> Figure:
    ms = [f"{figure(took.wall.middle * 1000)} ms" for took in (ours, plain)]
    ratio, busy = plain.wall.over(ours.wall), plain.processor.over(ours.processor)
    return Figure(name, what, ms[0], ms[1], ratio, busy, 1 / 1.3, 1)
