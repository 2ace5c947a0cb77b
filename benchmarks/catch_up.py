# ruff: noqa: D400  # a question ends in its own mark
"""How long until a question is answered after so many new events: 1, 10, 100, up to 100,000 on a built store?

The events are appended at once, then the caseload of every team is asked: what the append takes (which advances the
views itself where the events are few) and what the first fresh answer takes. Asked again, the answer costs the third.
"""

from benchmarks.measure import Spread, timed
from benchmarks.run import Run
from benchmarks.tile import Tile

STEPS = (1, 10, 100, 1_000, 10_000, 100_000)
MOST = 10_000  # events between two measures of the small steps


def measure(run: Run) -> None:
    run.say("catching up")
    steps = [step for step in STEPS if step <= 1_000] if run.short else STEPS
    lines = []
    with run.city.record() as record:
        record.rebuild("segments")
        tile = 0
        for step in steps:
            appending, asking, again = [], [], []
            for _ in range(run.rounds if step < MOST else 2):
                tile += 1
                entries = Tile(tile, record.store.log.head()).entries(record.store.log, step)
                appending.append(timed(lambda entries=entries: record.store.log.append(entries))[0])
                asking.append(timed(record.caseload)[0])
                again.append(timed(record.caseload)[0])
            took = {"append": appending, "first fresh answer": asking, "asked again": again}
            spreads = {what: Spread(tuple(values)).times(1000) for what, values in took.items()}
            lines.append((float(step), {what: spread.middle for what, spread in spreads.items()}))
            told = ", ".join(f"{what} {spread} ms" for what, spread in spreads.items())
            run.results.notes.append(f"Catching up with {step:,} new event{'s' * (step > 1)}: {told}.")
    run.results.lines["catch_up"] = lines
