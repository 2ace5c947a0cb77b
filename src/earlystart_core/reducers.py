"""Reducers: how many facts become one value, whatever their order and however they are cut.

Each is a commutative monoid: `none` and `merge`, with `lift` to bring one fact in. So the same declaration can run
row at a time, over whole columns, or in parts that are merged (docs/explanation/projections.md).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec

from earlystart_core.event import Event

Moment = tuple[datetime, int]  # occurred_at and position: the order of facts (contract 2.4)


class Source(msgspec.Struct, frozen=True):
    """One value to take from events of one class: a field, their instant, their position, or a constant."""

    event: type[Event]
    what: Literal["field", "instant", "position", "constant"]
    name: str = ""
    value: str = ""

    def take(self, position: int, event: Event) -> Any:
        """The value in that event."""
        if self.what == "field":
            return getattr(event, self.name)
        if self.what == "instant":
            return event.occurred_at
        return position if self.what == "position" else self.value


def field(ref: Any) -> Source:
    """The source that a struct's own descriptor names (`TierDecided.tier`).

    Raises TypeError for anything else, and for an inherited field, whose descriptor names the wrong class.
    """
    if isinstance(ref, Source):
        return ref
    owner, name = getattr(ref, "__objclass__", None), getattr(ref, "__name__", None)
    if not (isinstance(owner, type) and issubclass(owner, Event) and owner is not Event and isinstance(name, str)):
        raise TypeError(f"expected an event's own field such as TierDecided.tier, got {ref!r}; at(E) gives occurred_at")
    return Source(owner, "field", name)


def at(event: type[Event]) -> Any:
    """The event's occurred_at."""
    return Source(event, "instant")


def position(event: type[Event]) -> Any:
    """The event's position in the log."""
    return Source(event, "position")


def constant(event: type[Event], value: str) -> Any:
    """Always that code, for events of that class."""
    return Source(event, "constant", value=value)


class Where(msgspec.Struct, frozen=True):
    """Keeps events of one class whose field holds one of the values; events of other classes pass."""

    source: Source
    values: frozenset[str]

    def keeps(self, event: Event) -> bool:
        return not isinstance(event, self.source.event) or getattr(event, self.source.name) in self.values


def is_in(ref: Any, *values: str) -> Where:
    """`is_in(ContactRecorded.attendance, "5", "6")`."""
    return Where(field(ref), frozenset(values))


Rule = Literal["latest", "earliest", "count", "total", "smallest", "greatest", "distinct", "standing"]


class Reducer(msgspec.Struct, frozen=True):
    """One column of a projection: a rule over sources. Make one with the functions below."""

    rule: Rule
    sources: tuple[Source, ...]
    where: Where | None = None
    initial: str | None = None  # the value where no fact gave one
    nulls: bool = False  # latest and earliest: whether a null is a value, or its event is passed over

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

    def value(self, partial: Any) -> Any:
        """The finished value."""
        if partial is None:
            return 0 if self.rule in ("count", "total", "distinct") else self.initial
        if self.rule in ("latest", "earliest"):
            return partial[2]
        if self.rule == "distinct":
            return len(partial)
        return _standing_value(partial) if self.rule == "standing" else partial


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
