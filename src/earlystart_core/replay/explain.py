"""Explain: a plan to look at, for whoever asks why a fold takes what it takes."""

from collections.abc import Iterator

import msgspec

from earlystart_core.counting import counted
from earlystart_core.event import Event
from earlystart_core.replay.plan import Plan, Step
from earlystart_core.replay.reading import Reading
from earlystart_core.replay.segments import columns_of


class ClassRead(msgspec.Struct, frozen=True):
    """What is read of one event class; `facts` and `bytes` are those of sealed runs, rows are not counted before."""

    type: str
    fields: tuple[str, ...]
    facts: int
    bytes: int

    def __str__(self) -> str:
        size = f"{counted(self.facts, 'fact')} in {counted(self.bytes, 'byte')} of " if self.facts else ""
        return f"{self.type}: {size}{', '.join(self.fields)}"


class FactsTaken(msgspec.Struct, frozen=True, rename={"given": "with"}):
    """Which facts of an event class a step takes. given: the field that must not be null, if any."""

    type: str
    given: str | None

    def __str__(self) -> str:
        return self.type if self.given is None else f"{self.type} with {self.given}"


class ValuesKept(msgspec.Struct, frozen=True):
    """A field, and the values with which its facts are kept."""

    field: str
    values: tuple[str, ...]


class StepTaken(msgspec.Struct, frozen=True):
    """Columns that are worked out together, by one rule, from facts of some classes."""

    rule: str
    of: tuple[FactsTaken, ...]
    columns: tuple[str, ...]
    where: ValuesKept | None

    def __str__(self) -> str:
        said = f"{self.rule} of {' and '.join(map(str, self.of))}: {', '.join(self.columns)}"
        return said if self.where is None else f"{said}, where {self.where.field} is {' or '.join(self.where.values)}"


class FoldTaken(msgspec.Struct, frozen=True):
    """One view: a row for each fact of a class, and the steps that fill its columns."""

    view: str
    keys: tuple[str, ...]
    row_for_each: str
    steps: tuple[StepTaken, ...]

    def __str__(self) -> str:
        return f"fold {self.view} by {', '.join(self.keys)}: a row for each {self.row_for_each}"


class Explained(msgspec.Struct, frozen=True):
    """What a fold reads, from where, and what it makes of it. `spans` are read one after the other."""

    sealed_positions: int
    sealed_runs: int
    row_positions: int
    spans: int
    threads: int
    reads: tuple[ClassRead, ...]
    folds: tuple[FoldTaken, ...]

    def lines(self) -> Iterator[str]:
        """The same in words."""
        yield (
            f"read {counted(self.sealed_positions, 'position')} from {counted(self.sealed_runs, 'sealed run')} and"
            f" {self.row_positions:,} from rows, {counted(self.spans, 'span')} one after the other,"
            f" {counted(self.threads, 'thread')}"
        )
        yield from (f"  {read}" for read in self.reads)
        for fold in self.folds:
            yield str(fold)
            yield from (f"  {step}" for step in fold.steps)


def explained(plan: Plan, reading: Reading, threads: int) -> Explained:
    """Where the log is read from, each class with what is read of it, and each projection with its steps."""
    parts = [part for span in reading.spans for part in span]
    sealed = [part for part in parts if part.run is not None]
    positions = [sum(part.upto - part.after for part in some) for some in (parts, sealed)]
    return Explained(
        sealed_positions=positions[1],
        sealed_runs=len(sealed),
        row_positions=positions[0] - positions[1],
        spans=len(reading.spans),
        threads=threads,
        reads=tuple(_read(reading, event, names) for event, names in plan.reads.items()),
        folds=tuple(_fold(plan, name, steps) for name, steps in plan.steps.items()),
    )


def _read(reading: Reading, event: type[Event], names: tuple[str, ...]) -> ClassRead:
    segments = [
        part.run.held[event.__name__]
        for span in reading.spans
        for part in span
        if part.run is not None and part.count(event.__name__)
    ]
    columns = [name for name, _ in columns_of(event, names)]
    return ClassRead(
        event.__name__,
        ("position", "occurred_at", *names),
        facts=sum(segment[columns[0]].count for segment in segments),
        bytes=sum(segment[name].size for segment in segments for name in columns),
    )


def _fold(plan: Plan, name: str, steps: tuple[Step, ...]) -> FoldTaken:
    projection = plan.projections[name]
    return FoldTaken(name, tuple(projection.keys), projection.exists.__name__, tuple(map(_step, steps)))


def _step(step: Step) -> StepTaken:
    where = None if step.where is None else ValuesKept(str(step.where.source), tuple(sorted(step.where.values)))
    asked = tuple(FactsTaken(ask.event.__name__, ask.there or None) for ask in step.asks)
    return StepTaken(step.rule, asked, step.reducers, where)
