"""Segments: the facts of one event class over a run of positions as one Arrow blob, only fields that are not sealed.

Ids stand as the whole numbers that the store's dictionaries give, codes as numbers in the blob's own list, and so do
ids wherever the store has not numbered one of them.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import msgspec
import numpy as np
import polars as pl

from earlystart_core.event import Event, shape_of
from earlystart_core.replay.columns import NULL, Array, Columns, Facts
from earlystart_core.sources import holds_several, type_of

FORMAT = 1
_SIZE = 4  # bytes that say how long a part is
_OF_POLARS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_PLAIN = ("number", "flag", "day")  # held as they are; all else is a number in some list of texts


class Unsound(Exception):
    """The blob is not a segment of that class, run and newest shape."""


class Head(msgspec.Struct, frozen=True):
    """What stands before the columns."""

    format: int
    layout: str
    first: int  # positions are kept as distances from it
    texts: dict[str, list[str]]  # of each field with a list of its own, what its numbers mean


@cache
def names_of(event: type[Event]) -> tuple[str, ...]:
    """The fields of a class that a segment holds: those that a projection can name."""
    shape = shape_of(event)
    return tuple(name for name in shape.fields if name not in shape.sealed and _fits(event, name))


@cache
def layout_of(event: type[Event]) -> str:
    """Tells a segment that was written for another shape of the class."""
    fields = [(name, type_of(event, name), holds_several(event, name)) for name in names_of(event)]
    return hashlib.sha256(repr((FORMAT, event.__name__, event.version, fields)).encode()).hexdigest()[:16]


def layout_of_all(events: Iterable[type[Event]]) -> str:
    """Tells a run that was sealed for other shapes."""
    return hashlib.sha256("".join(layout_of(event) for event in events).encode()).hexdigest()[:16]


def encode(event: type[Event], facts: Facts, first: int, columns: Columns, numbers: Mapping[str, Array]) -> bytes:
    """The facts as a blob: a head, the columns, then the values of each field that holds several.

    numbers: for each kind of id, the store's number of each of the columns' own; NULL where it has none.
    """
    texts: dict[str, list[str]] = {}
    single = {"position": pl.Series((facts.positions - first).astype(np.uint32)), "occurred": pl.Series(facts.occurred)}
    several: list[bytes] = []
    for name in names_of(event):
        values, held = facts.fields[name], type_of(event, name)
        if held not in _PLAIN:
            stored = _mean(values, numbers[held]) if held in numbers else None
            if stored is None or ((stored == NULL) & (values != NULL)).any():
                values, texts[name] = _own_list(values, columns.dictionary(held).texts)
            else:
                values = stored
        if holds_several(event, name):
            single[f"{name} "] = _small(facts.sizes[name])
            several.append(_ipc({name: _small(values)}))
        else:
            single[name] = _small(values)
    head = msgspec.json.encode(Head(FORMAT, layout_of(event), first, texts))
    return b"".join(len(part).to_bytes(_SIZE, "big") + part for part in (head, _ipc(single), *several))


def decode(event: type[Event], blob: bytes, first: int, names: Iterable[str], columns: Columns) -> Facts:
    """The named fields of a segment, its numbers those of the columns.

    Raises:
        Unsound: the blob is torn, foreign, of another run or of another shape.
    """
    try:
        head, main, *rest = _parts(blob)
        said = msgspec.json.decode(head, type=Head)
        if (said.format, said.layout, said.first) != (FORMAT, layout_of(event), first):
            raise Unsound(event.__name__)
        wanted = set(names)
        asked = [name for name in names_of(event) if name in wanted]
        own = [name for name in names_of(event) if holds_several(event, name)]
        single = [f"{name} " if name in own else name for name in asked]
        frame = pl.read_ipc(io.BytesIO(main), columns=["position", "occurred", *single])
        fields = {}
        for name in asked:
            series = pl.read_ipc(io.BytesIO(rest[own.index(name)]))[name] if name in own else frame[name]
            fields[name] = _plain(series)
            if name in said.texts:
                dictionary = columns.dictionary(type_of(event, name))
                means = np.array([dictionary[text] for text in said.texts[name]], np.int64)
                fields[name] = _mean(fields[name], means)
        sizes = {name: _plain(frame[f"{name} "]) for name in asked if name in own}
        return Facts(_plain(frame["position"]) + first, _plain(frame["occurred"]), fields, sizes)
    except (msgspec.MsgspecError, ValueError, LookupError, OSError, *_OF_POLARS) as error:
        raise Unsound(event.__name__) from error


def _fits(event: type[Event], name: str) -> bool:
    try:
        type_of(event, name)
    except TypeError:
        return False
    return True


def _parts(blob: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(blob):
        size = int.from_bytes(blob[start : start + _SIZE], "big")
        start += _SIZE
        if start + size > len(blob):
            raise ValueError
        yield blob[start : start + size]
        start += size


def _ipc(series: Mapping[str, pl.Series]) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(dict(series)).write_ipc(out, compression="uncompressed")
    return out.getvalue()


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


def _mean(numbers: Array, means: Array) -> Array:
    """What numbers mean; NULL stays. Raises IndexError for a number that means nothing."""
    nulls = numbers == NULL
    places = np.where(nulls, len(means), numbers)
    if len(places) and (places.min() < 0 or places[~nulls].max(initial=-1) >= len(means)):
        raise IndexError
    return np.append(means, NULL)[places]
