"""Explain: a plan in words, for whoever asks why a fold takes what it takes."""

from collections.abc import Iterator

from earlystart_core.event import Event
from earlystart_core.replay.plan import Plan
from earlystart_core.replay.reading import Reading
from earlystart_core.replay.segments import columns_of


def explained(plan: Plan, reading: Reading, threads: int) -> Iterator[str]:
    """Where the log is read from, each class with what is read of it, then each projection with its steps."""
    parts = [part for span in reading.spans for part in span]
    sealed = sum(part.upto - part.after for part in parts if part.run is not None)
    rows = sum(part.upto - part.after for part in parts if part.run is None)
    runs = sum(part.run is not None for part in parts)
    yield (
        f"read {sealed:,} positions from {runs:,} sealed runs and {rows:,} from rows,"
        f" {len(reading.spans):,} spans one after the other, {threads} threads"
    )
    for event, names in plan.reads.items():
        yield f"  {event.__name__}: {_size(reading, event, names)}position, occurred_at, {', '.join(names)}"
    for name, steps in plan.steps.items():
        projection = plan.projections[name]
        yield f"fold {name} by {', '.join(projection.keys)}: a row for each {projection.exists.__name__}"
        yield from (f"  {step}" for step in steps)


def _size(reading: Reading, event: type[Event], names: tuple[str, ...]) -> str:
    """How much of a class is sealed."""
    segments = [
        part.run.held[event.__name__]
        for span in reading.spans
        for part in span
        if part.run is not None and part.count(event.__name__)
    ]
    if not segments:
        return ""
    columns = [name for name, _ in columns_of(event, names)]
    facts = sum(segment[columns[0]].count for segment in segments)
    return f"{facts:,} facts in {sum(segment[name].size for segment in segments for name in columns):,} bytes of "
