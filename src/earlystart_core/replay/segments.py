"""Segments: the facts of one event class over a run of positions, column by column, only fields that are not sealed.

Ids and codes stand as the whole numbers that the store's dictionaries give. Beside the fields stand the positions, the
instants, and how many values each fact has of a field that holds several.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import numpy as np

from earlystart_core.event import Event, shape_of
from earlystart_core.replay.columns import Array, Facts, Piece, of_numbers
from earlystart_core.replay.packed import Packed, Unsound, pack, unpack
from earlystart_core.sources import holds_several, type_of

FORMAT = 2
POSITION, OCCURRED = "@position", "@occurred_at"
Segment = dict[str, Packed]  # by the name of the column
Room = Mapping[str, int]  # how many numbers the dictionary of a kind holds


@cache
def names_of(event: type[Event]) -> tuple[str, ...]:
    """The fields of a class that a segment holds: those that a projection can name."""
    shape = shape_of(event)
    return tuple(name for name in shape.fields if name not in shape.sealed and _fits(event, name))


def columns_of(event: type[Event], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The columns in which those fields stand, positions and instants first, and how each is held."""
    yield POSITION, "number"
    yield OCCURRED, "instant"
    for name in names:
        yield name, type_of(event, name)
        if holds_several(event, name):
            yield sizes_of(name), "number"


def sizes_of(name: str) -> str:
    """The column that says how many values each fact has of a field."""
    return f"@how_many_{name}"


@cache
def layout_of(event: type[Event]) -> str:
    """Tells a segment that was written for another shape of the class."""
    fields = [*columns_of(event, names_of(event))]
    return hashlib.sha256(repr((FORMAT, event.__name__, event.version, fields)).encode()).hexdigest()[:16]


def layout_of_all(events: Iterable[type[Event]]) -> str:
    """Tells a run that was sealed for other shapes."""
    return hashlib.sha256("".join(layout_of(event) for event in events).encode()).hexdigest()[:16]


def seal(
    event: type[Event], facts: Facts, first: int, numbers: Mapping[str, Array]
) -> tuple[Segment, dict[str, bytes]]:
    """The facts packed: how, and the bytes, by column; a column without bytes is left out of these.

    numbers: for each kind of id and for text, the store's number of each of the facts' own.
    """
    segment: Segment = {}
    blobs = {}
    for name, held in columns_of(event, names_of(event)):
        if name == POSITION:
            values = facts.positions - first
        elif name == OCCURRED:
            values = facts.occurred
        elif name in facts.fields:
            values = facts.fields[name].whole()
        else:
            values = facts.sizes[next(one for one in facts.sizes if sizes_of(one) == name)]
        segment[name], data = pack(numbers[held][values] if held in numbers else values, held)
        if data:
            blobs[name] = data
    return segment, blobs


def opened(
    event: type[Event], segment: Segment, blobs: Mapping[str, bytes], first: int, names: Iterable[str], room: Room
) -> Piece:
    """The named fields of a segment.

    Raises:
        Unsound: a blob is missing, or not what was sealed.
    """
    try:
        found = {name: unpack(segment[name], blobs.get(name), held) for name, held in columns_of(event, names)}
    except KeyError:
        raise Unsound from None
    positions = found.pop(POSITION)
    positions.base += first
    piece = Piece(positions, found.pop(OCCURRED), {}, {})
    for name in names:
        column, held = found[name], type_of(event, name)
        if held in room and len(column.raw) and int(column.raw.max()) >= room[held]:
            raise Unsound
        count = len(positions.raw)
        sizes = found.get(sizes_of(name))
        if sizes is not None:
            piece.sizes[name] = sizes
            count = int(sizes.raw.sum(dtype=np.int64)) * sizes.step + sizes.base * count
        if len(column.raw) != count:
            raise Unsound
        piece.fields[name] = column
    return piece


def none_of(event: type[Event], names: Iterable[str]) -> Facts:
    """No facts of a class, with those fields."""
    fields = {name: of_numbers(np.empty(0, np.int64), type_of(event, name)) for name in names}
    sizes = {name: np.empty(0, np.int64) for name in names if holds_several(event, name)}
    return Facts(np.empty(0, np.int64), np.empty(0, np.int64), fields, sizes)


def _fits(event: type[Event], name: str) -> bool:
    try:
        type_of(event, name)
    except TypeError:
        return False
    return True
