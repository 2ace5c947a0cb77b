"""Reducers: how many facts become one value, whatever their order and however they are cut.

Each is a commutative monoid: `none` and `merge`, with `lift` to bring one fact in. So the same declaration can run
row at a time, over whole columns, or in parts that are merged (docs/explanation/projections.md).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec

from earlystart_core.event import Event
from earlystart_core.sources import IN_ORDER, Source, Where, field

Step = Callable[[Any, int, Event], Any]  # (partial result, position, event) to a partial result
Moment = tuple[datetime, int]  # occurred_at and position: the order of facts (contract 2.4)


Rule = Literal["latest", "earliest", "count", "total", "smallest", "greatest", "distinct", "standing"]


class Reducer(msgspec.Struct, frozen=True):
    """One column of a projection: a rule over sources. Make one with the functions below.

    Raises TypeError, so at import, where the rule does not fit its sources.
    """

    rule: Rule
    sources: tuple[Source, ...]
    where: Where | None = None
    initial: str | None = None  # the value where no fact gave one
    nulls: bool = False  # latest and earliest: whether a null is a value, or its event is passed over

    def __post_init__(self) -> None:
        if not self.sources:
            raise TypeError(f"{self.rule}: expected at least one field or event")
        events = [source.event for source in self.sources]
        kinds = [source.held for source in self.sources]
        named = f"{self.rule} of {', '.join(map(str, self.sources))}"
        if len(set(kinds)) > 1:
            raise TypeError(f"{named}: expected one kind of value, got {' and '.join(dict.fromkeys(kinds))}")
        if self.rule in ("smallest", "greatest", "total") and kinds[0] not in IN_ORDER:
            raise TypeError(f"{named}: expected numbers, dates or instants, got {kinds[0]}")
        if self.rule == "total" and kinds[0] != "number":
            raise TypeError(f"{named}: expected numbers, got {kinds[0]}")
        if self.rule in ("latest", "earliest") and len(set(events)) < len(events):
            raise TypeError(f"{named}: expected each event once, else one event has two latest values")
        if self.initial is not None and kinds[0] in (*IN_ORDER, "flag"):
            raise TypeError(f"{named}: expected ids or text beside initial={self.initial!r}, got {kinds[0]}")
        if self.where is not None and self.where.source.event not in events:
            raise TypeError(f"{named}: expected a condition on one of its events, got {self.where.source}")

    @property
    def held(self) -> str:
        """How the finished values are held (as `Source.held`)."""
        return "number" if self.rule in ("count", "total", "distinct") else self.sources[0].held

    def lift(self, source: Source, position: int, event: Event) -> Any:
        """The partial result of one event, or None where it gives nothing."""
        if self.where is not None and not self.where.keeps(event):
            return None
        value = source.take(position, event)
        if value is None and not self.nulls:
            return None
        return _LIFT[self.rule](self, source, (event.occurred_at, position), value)

    def merge(self, one: Any, other: Any) -> Any:
        """Two partial results as one; associative and commutative, None is neutral."""
        if one is None or other is None:
            return one if other is None else other
        return _MERGE[self.rule](one, other)

    def step(self, source: Source) -> Step:
        """What takes one more event into a partial result: `merge` of `lift`, without the partial result between."""
        if self.rule in ("latest", "earliest"):
            return _winning(self, source)
        return lambda partial, position, event: self.merge(partial, self.lift(source, position, event))

    def value(self, partial: Any) -> Any:
        """The finished value."""
        if partial is None:
            return 0 if self.rule in ("count", "total", "distinct") else self.initial
        if self.rule in ("latest", "earliest"):
            return partial[2]
        if self.rule == "distinct":
            return len(partial)
        return _standing_value(partial) if self.rule == "standing" else partial


def _winning(reducer: Reducer, source: Source) -> Step:
    latest_wins, nulls = reducer.rule == "latest", reducer.nulls
    keeps = None if reducer.where is None else reducer.where.keeps

    def step(partial: Any, position: int, event: Event) -> Any:
        if keeps is not None and not keeps(event):
            return partial
        value = source.take(position, event)
        if value is None and not nulls:
            return partial
        at = event.occurred_at
        if partial is None or ((at, position) > partial[:2]) is latest_wins:
            return at, position, value
        return partial

    return step


def _lift_moment(_: Reducer, __: Source, moment: Moment, value: Any) -> Any:
    return (*moment, value)


def _lift_standing(reducer: Reducer, source: Source, moment: Moment, value: Any) -> Any:
    if source == reducer.sources[0]:
        return (*moment, value), {}
    return None, {value: moment}


def _merge_standing(one: Any, other: Any) -> Any:
    starts = [start for start, _ in (one, other) if start is not None]
    ends: dict[Any, Moment] = dict(one[1])
    for value, moment in other[1].items():
        ends[value] = max(moment, ends.get(value, moment))
    return max(starts, key=_moment, default=None), ends


def _standing_value(partial: Any) -> Any:
    start, ends = partial
    if start is None:
        return None
    ended = ends.get(start[2])
    return None if ended is not None and ended > start[:2] else start[2]


def _moment(partial: Any) -> Moment:
    return partial[0], partial[1]


_LIFT: dict[Rule, Callable[[Reducer, Source, Moment, Any], Any]] = {
    "latest": _lift_moment,
    "earliest": _lift_moment,
    "count": lambda *_: 1,
    "total": lambda *given: given[3],
    "smallest": lambda *given: given[3],
    "greatest": lambda *given: given[3],
    "distinct": lambda *given: frozenset([given[3]]),
    "standing": _lift_standing,
}
_MERGE: dict[Rule, Callable[[Any, Any], Any]] = {
    "latest": lambda one, other: max(one, other, key=_moment),
    "earliest": lambda one, other: min(one, other, key=_moment),
    "count": lambda one, other: one + other,
    "total": lambda one, other: one + other,
    "smallest": min,
    "greatest": max,
    "distinct": lambda one, other: one | other,
    "standing": _merge_standing,
}


def latest(*refs: Any, where: Where | None = None, initial: str | None = None, nulls: bool = False) -> Reducer:
    """The value of the greatest (occurred_at, position). With `nulls` a null there is the value."""
    return Reducer("latest", tuple(map(field, refs)), where, initial, nulls)


def earliest(*refs: Any, where: Where | None = None, initial: str | None = None, nulls: bool = False) -> Reducer:
    """The value of the smallest (occurred_at, position)."""
    return Reducer("earliest", tuple(map(field, refs)), where, initial, nulls)


def count(*events: type[Event], where: Where | None = None) -> Reducer:
    """How many events; an event with several keys counts once for each."""
    return Reducer("count", tuple(Source(event, "position") for event in events), where)


def total(*refs: Any, where: Where | None = None) -> Reducer:
    """The sum of whole numbers; 0 where there is none."""
    return Reducer("total", tuple(map(field, refs)), where)


def smallest(*refs: Any, where: Where | None = None) -> Reducer:
    """The least number, date or instant."""
    return Reducer("smallest", tuple(map(field, refs)), where)


def greatest(*refs: Any, where: Where | None = None) -> Reducer:
    """The greatest number, date or instant."""
    return Reducer("greatest", tuple(map(field, refs)), where)


def distinct(*refs: Any, where: Where | None = None) -> Reducer:
    """How many different values."""
    return Reducer("distinct", tuple(map(field, refs)), where)


def standing(start: Any, *, ended_by: Any) -> Reducer:
    """The value of the latest start, null where a later end names the same value."""
    return Reducer("standing", (field(start), field(ended_by)))
