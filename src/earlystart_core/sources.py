"""Sources: what a projection may take from an event, named by the struct's own descriptors, and how it is held.

Checked when it is named, so at import: a field that no column can hold is refused there, in one sentence.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from earlystart_core.event import Event, kind_of

IN_ORDER = ("number", "day", "instant")  # what has a smallest and a greatest


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

    @property
    def held(self) -> str:
        """How its values are held: the kind of id (`case`), or `text`, `day`, `number`, `flag`, `instant`."""
        if self.what == "field":
            return type_of(self.event, self.name)
        return {"instant": "instant", "position": "number", "constant": "text"}[self.what]

    def __str__(self) -> str:
        return f"{self.event.__name__}.{self.name or self.what}"


@cache
def annotation_of(event: type[Event], name: str) -> Any:
    """The annotated type of a field."""
    return next(one.type for one in msgspec.structs.fields(event) if one.name == name)


@cache
def type_of(event: type[Event], name: str) -> str:
    """How a field is held (as `Source.held`). Raises TypeError where no column can hold it."""
    annotation = annotation_of(event, name)
    kind = kind_of(annotation)
    if kind is not None:
        return kind
    bare = {part for part in _bare(annotation) if part not in (type(None), Ellipsis)}
    for held, plain in (("day", date), ("flag", bool), ("number", int), ("text", str)):
        if bare == {plain}:
            return held
    raise TypeError(f"{event.__name__}.{name}: expected an id, text, a date, a number or a flag, got {annotation}")


@cache
def holds_several(event: type[Event], name: str) -> bool:
    """Whether a field is a tuple of values."""
    annotation = annotation_of(event, name)
    return any(get_origin(part) is tuple for part in (annotation, *get_args(annotation)))


@cache
def may_be_null(event: type[Event], name: str) -> bool:
    """Whether a field may hold nothing."""
    return type(None) in _bare(annotation_of(event, name))


def _bare(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _bare(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType, tuple):
        for part in get_args(annotation):
            yield from _bare(part)
    elif get_origin(annotation) is Literal:
        yield from {type(code) for code in get_args(annotation)}
    else:
        yield annotation


def field(ref: Any) -> Source:
    """The source that a struct's own descriptor names (`TierDecided.tier`).

    Raises TypeError for anything else: an inherited field, whose descriptor names the wrong class, one of several
    values, and sealed text.
    """
    if isinstance(ref, Source):
        return ref
    owner, name = getattr(ref, "__objclass__", None), getattr(ref, "__name__", None)
    if not (isinstance(owner, type) and issubclass(owner, Event) and owner is not Event and isinstance(name, str)):
        raise TypeError(f"expected an event's own field such as TierDecided.tier, got {ref!r}; at(E) gives occurred_at")
    type_of(owner, name)
    if holds_several(owner, name):
        raise TypeError(f"{owner.__name__}.{name}: expected a field of one value, got one of several")
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
        """Whether the event passes."""
        return not isinstance(event, self.source.event) or getattr(event, self.source.name) in self.values


def is_in(ref: Any, *values: str) -> Where:
    """`is_in(ContactRecorded.attendance, "5", "6")`. Raises TypeError for a field that holds neither id nor text."""
    source = field(ref)
    if source.what != "field" or source.held in (*IN_ORDER, "flag"):
        raise TypeError(f"{source}: expected a field of ids or text to choose by")
    return Where(source, frozenset(values))
