"""The plan of a fold: which fields of which event classes are read, and which reducers are worked out together.

Each class is read once, whatever asks for it. Reducers of one projection that choose by the same rule among the same
facts share one choosing: each is then only a look at the chosen facts.
"""

from collections.abc import Iterable, Mapping

import msgspec

from earlystart_core.event import Event
from earlystart_core.projection import Projection
from earlystart_core.reducers import Reducer, Rule
from earlystart_core.sources import Source, Where, may_be_null

Wanted = Mapping[str, Iterable[str] | None]  # by projection, the columns asked for; None means all


class Ask(msgspec.Struct, frozen=True):
    """What a step reads of one event class: its facts, less those where a field is null."""

    event: type[Event]
    there: str = ""  # the field that must not be null, if any


class Step(msgspec.Struct, frozen=True):
    """Reducers of one projection that are worked out together."""

    rule: Rule
    asks: tuple[Ask, ...]  # in the order of their sources
    where: Where | None
    reducers: tuple[str, ...]


class Plan:
    """What one fold of some projections does."""

    def __init__(self, wanted: Wanted, projections: Mapping[str, Projection]) -> None:
        """projections: all that may be named, also by counting."""
        self.projections = projections
        self.reducers = _reducers(wanted, projections)
        self.steps = {name: steps_of(projections[name], reducers) for name, reducers in self.reducers.items()}
        self.reads = self._reads()

    def _reads(self) -> dict[type[Event], tuple[str, ...]]:
        """The fields that are read of each event class."""
        found: dict[type[Event], dict[str, None]] = {}
        for name, steps in self.steps.items():
            projection = self.projections[name]
            events = [projection.exists, *(ask.event for step in steps for ask in step.asks)]
            for event in events:
                found.setdefault(event, {}).update(dict.fromkeys(projection.key_fields[event]))
            for reducer in (projection.reducers[one] for one in self.reducers[name]):
                where = [] if reducer.where is None else [reducer.where.source]
                for source in (*reducer.sources, *where):
                    if source.what == "field":
                        found[source.event][source.name] = None
        return {event: tuple(names) for event, names in found.items()}


def needed(projection: Projection, names: Iterable[str] | None) -> list[str]:
    """The columns that those stand on, themselves included; None means all. Raises TypeError for another name."""
    asked = set(projection.columns if names is None else names)
    if not asked <= {*projection.columns, *projection.reducers}:
        raise TypeError(f"{projection.name} has no column {', '.join(sorted(asked - set(projection.columns)))}")
    for name in reversed([*projection.finishes]):  # one stands only on those before it
        if name in asked:
            asked |= set(projection.finishes[name].needs)
    return [name for name in (*projection.reducers, *projection.counts, *projection.finishes) if name in asked]


def _reducers(wanted: Wanted, projections: Mapping[str, Projection]) -> dict[str, list[str]]:
    """By projection the reducers that the asked columns stand on, those of projections that are counted too."""
    found: dict[str, dict[str, None]] = {}
    for name, asked in wanted.items():
        projection = projections[name]
        columns = needed(projection, asked)
        found.setdefault(name, {}).update(dict.fromkeys(one for one in columns if one in projection.reducers))
        for count in (projection.counts[one] for one in columns if one in projection.counts):
            found.setdefault(count.projection, {}).update({count.by: None, count.without: None})
    return {name: [one for one in projections[name].reducers if one in asked] for name, asked in found.items()}


def steps_of(projection: Projection, names: Iterable[str]) -> tuple[Step, ...]:
    """The steps that work out those reducers."""
    found: dict[tuple[object, ...], list[str]] = {}
    for name in names:
        reducer = projection.reducers[name]
        asks = tuple(Ask(source.event, _there(reducer, source)) for source in reducer.sources)
        alone = "" if reducer.rule in ("latest", "earliest") else name
        found.setdefault((reducer.rule, asks, reducer.where, alone), []).append(name)
    return tuple(Step(rule, asks, where, tuple(some)) for (rule, asks, where, _), some in found.items())  # type: ignore[arg-type]


def _there(reducer: Reducer, source: Source) -> str:
    skips = source.what == "field" and not reducer.nulls and may_be_null(source.event, source.name)
    return source.name if skips else ""
