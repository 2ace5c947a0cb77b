"""Segments: the facts of one event class over a run of positions as one Arrow blob, only fields that are not sealed.

Ids stand as the whole numbers that the store's dictionaries give, codes as numbers in the blob's own list. A segment
only saves time: the rows are the truth, and whatever is wrong with a segment makes it be read from them instead.
"""

import hashlib
import io
from collections.abc import Iterable, Mapping
from functools import cache

import msgspec
import numpy as np
import polars as pl

from earlystart_core.event import Event, shape_of
from earlystart_core.replay.columns import NULL, Array, Columns, Facts
from earlystart_core.sources import holds_several, type_of

FORMAT = 1
_SIZE = 4  # bytes that say how long a part is


class Unsound(Exception):
    """The blob is not a segment of that class in the newest shape."""


class Head(msgspec.Struct, frozen=True):
    """What stands before the columns."""

    format: int
    layout: str
    first: int  # positions are kept as distances from it
    texts: dict[str, list[str]]  # of each text field, what its numbers mean


def names_of(event: type[Event]) -> tuple[str, ...]:
    """The fields of a class that a segment holds."""
    shape = shape_of(event)
    return tuple(name for name in shape.fields if name not in shape.sealed)


@cache
def layout_of(event: type[Event]) -> str:
    """Tells a segment that was written for another shape of the class."""
    fields = [(name, type_of(event, name), holds_several(event, name)) for name in names_of(event)]
    return hashlib.sha256(repr((FORMAT, event.__name__, event.version, fields)).encode()).hexdigest()[:16]


def encode(event: type[Event], facts: Facts, columns: Columns, first: int) -> bytes:
    """The facts as a blob: a head, the columns, then the values of each field that holds several."""
    texts: dict[str, list[str]] = {}
    single: dict[str, pl.Series] = {
        "position": pl.Series((facts.positions - first).astype(np.uint32)),
        "occurred": pl.Series(facts.occurred),
    }
    several: list[bytes] = []
    for name in names_of(event):
        values = facts.fields[name]
        if type_of(event, name) == "text":
            values, texts[name] = _own_list(values, columns.dictionary("text").texts)
        if holds_several(event, name):
            single[f"{name} "] = pl.Series(facts.sizes[name].astype(np.uint16))
            several.append(_ipc({name: _small(values)}))
        else:
            single[name] = _small(values)
    head = msgspec.json.encode(Head(FORMAT, layout_of(event), first, texts))
    return b"".join(len(part).to_bytes(_SIZE, "big") + part for part in (head, _ipc(single), *several))


def decode(event: type[Event], blob: bytes, names: Iterable[str], columns: Columns) -> Facts:
    """The named fields of a segment.

    Raises:
        Unsound: the blob is torn, foreign, or of another shape.
    """
    try:
        head, main, *rest = _parts(blob)
        said = msgspec.json.decode(head, type=Head)
        if said.format != FORMAT or said.layout != layout_of(event):
            raise Unsound(event.__name__)
        wanted = set(names)
        own = [name for name in names_of(event) if holds_several(event, name)]
        single = [f"{name} " if name in own else name for name in names_of(event) if name in wanted]
        frame = pl.read_ipc(io.BytesIO(main), columns=["position", "occurred", *single])
        fields, sizes = {}, {}
        for name in names_of(event):
            if name not in wanted:
                continue
            series = frame[name] if name not in own else _lone(rest[own.index(name)], name)
            numbers = _plain(series)
            fields[name] = _mean(numbers, said.texts[name], columns) if name in said.texts else numbers
            if name in own:
                sizes[name] = _plain(frame[f"{name} "])
        return Facts(_plain(frame["position"]) + said.first, _plain(frame["occurred"]), fields, sizes)
    except (msgspec.MsgspecError, ValueError, LookupError, OSError, pl.exceptions.PolarsError) as error:
        raise Unsound(event.__name__) from error


def cut(facts: Facts, upto: int) -> Facts:
    """The facts with `position <= upto`."""
    keep = facts.positions <= upto
    if keep.all():
        return facts
    fields = {
        name: values[np.repeat(keep, facts.sizes[name])] if name in facts.sizes else values[keep]
        for name, values in facts.fields.items()
    }
    sizes = {name: size[keep] for name, size in facts.sizes.items()}
    return Facts(facts.positions[keep], facts.occurred[keep], fields, sizes)


def _parts(blob: bytes) -> Iterable[bytes]:
    start = 0
    parts = []
    while start < len(blob):
        size = int.from_bytes(blob[start : start + _SIZE], "big")
        start += _SIZE
        if start + size > len(blob):
            raise ValueError
        parts.append(blob[start : start + size])
        start += size
    return parts


def _ipc(series: Mapping[str, pl.Series]) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(dict(series)).write_ipc(out, compression="uncompressed")
    return out.getvalue()


def _lone(part: bytes, name: str) -> pl.Series:
    return pl.read_ipc(io.BytesIO(part))[name]


def _small(values: Array) -> pl.Series:
    """Whole numbers in the least width that holds them, NULL as null."""
    nulls = values == NULL
    given = np.where(nulls, 0, values) if nulls.any() else values
    low, high = (int(given.min()), int(given.max())) if len(given) else (0, 0)
    width = next(
        (one for one in (np.int8, np.int16, np.int32) if np.iinfo(one).min <= low and high <= np.iinfo(one).max),
        np.int64,
    )
    series = pl.Series(given.astype(width))
    return series if not nulls.any() else pl.select(pl.when(~pl.Series(nulls)).then(series)).to_series()


def _plain(series: pl.Series) -> Array:
    wide = series.cast(pl.Int64)
    return (wide.fill_null(NULL) if wide.null_count() else wide).to_numpy()


def _own_list(values: Array, texts: list[str]) -> tuple[Array, list[str]]:
    """Numbers in a list of the blob's own, and that list."""
    used = np.unique(values[values != NULL])
    numbers = np.searchsorted(used, values)
    return np.where(values == NULL, NULL, numbers), [texts[number] for number in used.tolist()]


def _mean(numbers: Array, texts: list[str], columns: Columns) -> Array:
    """Numbers in the columns' own dictionary of text."""
    dictionary = columns.dictionary("text")
    means = np.array([*(dictionary[text] for text in texts), NULL], np.int64)
    return means[np.where(numbers == NULL, len(texts), numbers)]


def layout_of_all(events: Iterable[type[Event]]) -> str:
    """Tells a run that was sealed for other shapes."""
    return hashlib.sha256("".join(layout_of(event) for event in events).encode()).hexdigest()[:16]


Blobs = dict[str, bytes]
Names = dict[type[Event], tuple[str, ...]]
Decoded = dict[type[Event], Facts]


def decode_all(wanted: Names, blobs: Blobs, counts: Mapping[str, int], columns: Columns) -> Decoded:
    """The facts of a run, class by class. Raises Unsound where a blob is missing, or holds another number of facts."""
    found: Decoded = {}
    for event, names in wanted.items():
        count = counts.get(event.__name__, 0)
        if not count:
            continue
        if event.__name__ not in blobs:
            raise Unsound(event.__name__)
        found[event] = decode(event, blobs[event.__name__], names, columns)
        if len(found[event].positions) != count:
            raise Unsound(event.__name__)
    return found
