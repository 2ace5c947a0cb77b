# ruff: noqa: D400  # a question ends in its own mark
"""What does time travel cost: the whole city at another pair of clocks, against a plain fold of the same log?

Both read the rows and fold all four views. The clocks are the head (so that both read as many entries) and an
instant in the city's last month, so that a cut is really made.
"""

from datetime import timedelta

from benchmarks.measure import Figure, Took, figure, in_turns
from benchmarks.run import Run
from earlystart_city import END_AT
from earlystart_core.clocks import Clocks, clocks_at
from earlystart_core.entry import micros
from earlystart_core.log import Log
from earlystart_core.replay.as_at import AsAt
from earlystart_core.replay.fold import Folder
from earlystart_core.replay.frames import frame_of
from earlystart_core.replay.loading import load
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.words import EVENTS

THEN = END_AT - timedelta(days=30)


def _whole(log: Log, clocks: Clocks) -> AsAt:
    folded = AsAt(log, EVENTS, clocks)
    folded.fold(list(VIEW))
    return folded


def measure(run: Run) -> None:
    with run.city.record() as record:
        log = record.store.log
        plain, then = clocks_at(log), clocks_at(log, None, THEN)
        columns = load(log, EVENTS, VIEWS)
        cut = micros(THEN)

        def fold(effective: int | None) -> None:
            folder = Folder(columns, effective)
            for view in VIEWS:
                frame_of(view, folder, VIEW)

        run.say("travelling")
        found = in_turns(
            {
                "plain": lambda: _whole(log, plain),
                "then": lambda: _whole(log, then),
                "fold": lambda: fold(None),
                "fold then": lambda: fold(cut),
            },
            run.rounds,
            {"plain": 2, "then": 2, "fold": 5, "fold then": 5},
        )
    run.results.figures.append(
        _figure("as_at", "as_at of the whole city from the rows, against a plain fold", found["then"], found["plain"])
    )
    run.results.figures.append(
        _figure("as_at_fold", "the same in memory, without reading the rows", found["fold then"], found["fold"])
    )


def _figure(name: str, what: str, ours: Took, plain: Took) -> Figure:
    ms = [f"{figure(took.wall.middle * 1000)} ms" for took in (ours, plain)]
    ratio, busy = plain.wall.over(ours.wall), plain.processor.over(ours.processor)
    return Figure(name, what, ms[0], ms[1], ratio, busy, 1 / 1.3)
