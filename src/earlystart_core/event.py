"""An event: something that happened, as a frozen struct whose class name is its stored name for ever.

Also what can be read off a class: its ids (the tags), its sealed fields, and the subjects of those.
"""

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

import msgspec

from earlystart_core.entry import Entry
from earlystart_core.privacy.sealed import Sealed
from earlystart_core.types import Instant, Kind, Text

Personal = Text | Sealed  # plain between a decision and the log; sealed in the log


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """`occurred_at`: when it was so, the effective clock; aware, UTC. When it was known is the log's to say."""

    version: ClassVar[int] = 1

    occurred_at: Instant


def _parts(annotation: Any) -> Iterator[Any]:
    """The annotation and everything it is made of, through Annotated, unions and tuples."""
    yield annotation
    if get_origin(annotation) in (Annotated, Union, UnionType, tuple):
        for part in get_args(annotation):
            yield from _parts(part)


def kind_of(annotation: Any) -> str | None:
    """The kind of id that a field holds (`case` for `CaseId`, `CaseId | None` and `tuple[CaseId, ...]`), or None."""
    return next((part.name for part in _parts(annotation) if isinstance(part, Kind)), None)


@cache
def kind_of_field(cls: type[Event], name: str) -> str | None:
    """The kind of id that a field of a class holds, or None."""
    return next(kind_of(field.type) for field in msgspec.structs.fields(cls) if field.name == name)


class Shape(msgspec.Struct, frozen=True):
    """What a class says of its fields."""

    fields: tuple[str, ...]  # without occurred_at
    ids: tuple[tuple[str, str, bool], ...]  # field, kind, whether it holds several
    sealed: tuple[str, ...]


@cache
def shape_of(cls: type[Event]) -> Shape:
    """The shape of an event class."""
    fields = [field for field in msgspec.structs.fields(cls) if field.name != "occurred_at"]
    return Shape(
        fields=tuple(field.name for field in fields),
        ids=tuple(
            (field.name, kind, any(get_origin(part) is tuple for part in _parts(field.type)))
            for field in fields
            if (kind := kind_of(field.type)) is not None
        ),
        sealed=tuple(field.name for field in fields if any(part is Sealed for part in _parts(field.type))),
    )


def tags_of(event: Event) -> list[str]:
    """The distinct ids in the event, in field order: what happened to X is one tag query."""
    tags: dict[str, None] = {}
    for name, _, several in shape_of(type(event)).ids:
        value = getattr(event, name)
        if several:
            tags.update(dict.fromkeys(value))
        elif value is not None:
            tags[value] = None
    return list(tags)


def subjects_of(tags: list[str]) -> list[str]:
    """Whose personal text an entry of those tags holds: its person, else each of its cases, else its first id.

    The last is for entries about no family (a cancelled meeting): their text is sealed under the meeting.
    """
    people = [tag for tag in tags if tag.startswith("person:")][:1]
    return people or [tag for tag in tags if tag.startswith("case:")] or tags[:1]


def has_text(event: Event) -> bool:
    """Whether a field of it holds personal text that is not sealed yet."""
    return any(isinstance(getattr(event, name), str) for name in shape_of(type(event)).sealed)


def sealed_for(tags: list[str]) -> list[tuple[str, ...]]:
    """Whose keys each envelope of an entry's personal text needs, all of them together.

    Text about a person in a case (the mark on a parent's consent) is about both: erasing either is to take it. Text
    about several cases has an envelope for each, and stands until the last of them is erased.
    """
    people, cases = ([tag for tag in tags if tag.startswith(kind)] for kind in ("person:", "case:"))
    if people and cases:
        return [(*people, case) for case in cases]
    return [(subject,) for subject in subjects_of(tags)]


def place_of(entry: Entry, field: str) -> dict[str, Any]:
    """What a sealed value is bound to: the entry and the field it stands in."""
    return {
        "command_id": entry.command_id,
        "field": field,
        "occurred_at": entry.occurred_at,
        "tags": entry.tags,
        "type": entry.type,
        "version": entry.version,
    }
