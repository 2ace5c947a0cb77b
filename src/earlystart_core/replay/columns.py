"""Columns: the facts that some projections name, as arrays of whole numbers. Ids and codes are dense integers inside.

One array a field, one dictionary a kind of id and one for all other text; `NULL` stands for nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import chain
from typing import Annotated, Any, get_args, get_origin

import msgspec
import numpy as np
from numpy.typing import NDArray

from earlystart_core.errors import Unreadable
from earlystart_core.event import Event
from earlystart_core.log import Batch, Log
from earlystart_core.marks import struck_by
from earlystart_core.projection import Projection
from earlystart_core.registry import Registry
from earlystart_core.sources import annotation_of, holds_several, may_be_null, type_of
from earlystart_core.words.correction import MarkedInError

Array = NDArray[np.int64]
NULL = np.iinfo(np.int64).min
_DAY_ZERO = date(1970, 1, 1).toordinal()


class Dense(dict[str | None, int]):
    """A dictionary from text to 0, 1, 2, …; looking up new text gives it the next number, and None is NULL."""

    def __init__(self) -> None:
        super().__init__({None: NULL})
        self.texts: list[str] = []

    def __missing__(self, text: str | None) -> int:
        number = self[text] = len(self.texts)
        self.texts.append(str(text))
        return number


class Days(dict[str | None, int]):
    """From an ISO date to days since 1970-01-01; each text is parsed once."""

    def __init__(self) -> None:
        super().__init__({None: NULL})

    def __missing__(self, text: str | None) -> int:
        number = self[text] = msgspec.convert(text, date).toordinal() - _DAY_ZERO
        return number


class Facts(msgspec.Struct):
    """The facts of one event class, in no set order."""

    positions: Array
    occurred: Array  # microseconds since 1970, UTC
    fields: dict[str, Array]  # for a field of several values, all of them end to end
    sizes: dict[str, Array]  # and how many each fact has


class Columns:
    """What the projections need of a log, up to a position, in memory."""

    def __init__(self) -> None:
        self.dictionaries: dict[str, Dense] = {}
        self.days = Days()
        self.facts: dict[type[Event], Facts] = {}
        self.struck: Array = np.empty(0, np.int64)  # rising positions
        self.events = 0  # how many facts were read, of the types that the projections name

    def dictionary(self, kind: str) -> Dense:
        """The dense dictionary of a kind of id, or of `text`."""
        return self.dictionaries.setdefault(kind, Dense())


def load(log: Log, registry: Registry, projections: Iterable[Projection], *, upto: int | None = None) -> Columns:
    """Reads the named fields of the named events with `position <= upto`, and which positions are struck.

    Raises:
        Unreadable: an entry is not of its type and version.
    """
    wanted: dict[type[Event], dict[str, None]] = {}
    for projection in projections:
        for event, names in projection.reads().items():
            wanted.setdefault(event, {}).update(dict.fromkeys(names))
    columns = Columns()
    loaders = {event.__name__: _Loader(event, tuple(names), registry, columns) for event, names in wanted.items()}
    marks = _Loader(MarkedInError, ("target",), registry, columns)
    for batch in log.batches([*loaders, MarkedInError.__name__], upto=upto):
        (marks if batch.type == MarkedInError.__name__ else loaders[batch.type]).add(batch)
    columns.facts = {loader.event: loader.facts() for loader in loaders.values()}
    columns.events = sum(len(facts.positions) for facts in columns.facts.values())
    found = marks.facts()
    pairs = zip(found.positions.tolist(), found.fields["target"].tolist(), strict=True)
    columns.struck = np.array(sorted(struck_by(pairs)), np.int64)
    return columns


class _Loader:
    """Decodes the batches of one event class, only the named fields."""

    def __init__(self, event: type[Event], names: tuple[str, ...], registry: Registry, columns: Columns) -> None:
        self.event = event
        self._registry = registry
        self._columns = columns
        self._types = {name: type_of(event, name) for name in names}
        self._several = {name: holds_several(event, name) for name in names}
        self._one = {name: _one_of(event, name) for name in names}
        defaults = {one.name: one.default for one in msgspec.structs.fields(event) if not one.required}
        fields = [(name, _wire(event, name), *([defaults[name]] if name in defaults else [])) for name in names]
        self._part = msgspec.defstruct(event.__name__, fields, gc=False, kw_only=True)
        self._decoder = msgspec.json.Decoder(list[self._part])  # type: ignore[name-defined]  # a class made above
        self._positions: list[Array] = []
        self._occurred: list[Array] = []
        self._fields: dict[str, list[Array]] = {name: [] for name in names}
        self._sizes: dict[str, list[Array]] = {name: [] for name in names}

    def add(self, batch: Batch) -> None:
        """Takes the batch in. Raises Unreadable, naming the run of positions, for anything but this event's shape."""
        try:
            rows = self._decode(batch)
            if len(rows) != len(batch.positions):
                raise ValueError
            self._positions.append(np.array(batch.positions, np.int64))
            self._occurred.append(np.array(batch.occurred, np.int64))  # None raises TypeError
            for name in self._types:
                self._take(name, [getattr(row, name) for row in rows])
        except (
            msgspec.MsgspecError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ):
            first, last = batch.positions[0], batch.positions[-1]
            raise Unreadable(
                f"an entry from {first} to {last} cannot be read: its data is not that of {batch.type}"
                f" version {batch.version}"
            ) from None

    def _decode(self, batch: Batch) -> list[Any]:
        if batch.version == self.event.version:
            rows: list[Any] = self._decoder.decode(batch.data)
            return rows
        if not 1 <= batch.version < self.event.version:
            raise ValueError
        raw = msgspec.json.decode(batch.data, type=list[msgspec.Raw])
        return [msgspec.convert(self._registry.lift(batch.type, batch.version, bytes(one)), self._part) for one in raw]

    def _take(self, name: str, values: list[Any]) -> None:
        if self._several[name]:
            self._sizes[name].append(np.fromiter(map(len, values), np.int64, len(values)))
            values = list(chain.from_iterable(values))
        self._fields[name].append(self._numbers(name, values))

    def _numbers(self, name: str, values: list[Any]) -> Array:
        held = self._types[name]
        if held in ("number", "flag"):
            return np.fromiter((NULL if one is None else one for one in values), np.int64, len(values))
        if held == "day":
            return np.fromiter(map(self._columns.days.__getitem__, values), np.int64, len(values))
        dictionary = self._columns.dictionary(held)
        known = len(dictionary.texts)
        numbers = np.fromiter(map(dictionary.__getitem__, values), np.int64, len(values))
        if held != "text":  # a new id is checked once, not wherever it stands
            msgspec.convert(dictionary.texts[known:], list[self._one[name]])  # type: ignore[name-defined]
        return numbers

    def facts(self) -> Facts:
        """All that was added."""
        several = [name for name, many in self._several.items() if many]
        return Facts(
            _join(self._positions),
            _join(self._occurred),
            {name: _join(parts) for name, parts in self._fields.items()},
            {name: _join(self._sizes[name]) for name in several},
        )


def _one_of(event: type[Event], name: str) -> Any:
    """The type of one value of a field."""
    annotation = annotation_of(event, name)
    inner = next((part for part in (annotation, *get_args(annotation)) if get_origin(part) is tuple), None)
    return annotation if inner is None else get_args(inner)[0]


def _wire(event: type[Event], name: str) -> Any:
    """What a field is decoded as: its own type, but ids and dates as text, checked once each in `_numbers`."""
    held, annotation = type_of(event, name), annotation_of(event, name)
    if holds_several(event, name):
        bounds = [part for part in get_args(annotation) if isinstance(part, msgspec.Meta)]
        return Annotated[list[str], *bounds] if bounds else list[str]
    if held in ("number", "flag", "text"):
        return annotation
    return str | None if may_be_null(event, name) else str


def _join(parts: Sequence[Array]) -> Array:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
