"""Loading: the rows of a log into columns, only the fields that projections name, each checked as a row would be."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from operator import attrgetter
from typing import Annotated, Any, get_args, get_origin

import msgspec
import numpy as np

from earlystart_core.errors import StoreUnavailable, Unreadable
from earlystart_core.event import Event
from earlystart_core.log import Batch, Log
from earlystart_core.marks import struck_by
from earlystart_core.projection import Projection
from earlystart_core.registry import Registry
from earlystart_core.replay.columns import NULL, Array, Columns, Facts
from earlystart_core.replay.segments import Unsound
from earlystart_core.replay.shelf import Run, Shelf, cut, facts_of
from earlystart_core.sources import annotation_of, holds_several, may_be_null, type_of
from earlystart_core.words.correction import MarkedInError


def load(
    log: Log,
    registry: Registry,
    projections: Iterable[Projection],
    *,
    upto: int | None = None,
    shelf: Shelf | None = None,
) -> Columns:
    """Reads the named fields of the named events with `position <= upto`, and which positions are struck.

    shelf: where to read sealed runs from; whatever it lacks is read from the rows.

    Raises:
        Unreadable: an entry is not of its type and version.
    """
    wanted: dict[type[Event], dict[str, None]] = {MarkedInError: {"target": None}}
    named = list(projections)
    for projection in named:
        for event, names in projection.reads().items():
            wanted.setdefault(event, {}).update(dict.fromkeys(names))
    last = log.head() if upto is None else upto
    runs = shelf.runs(last) if shelf is not None else ()
    columns = Columns(shelf.numbered if shelf is not None and runs else None)
    loading = Loading(registry, {event: tuple(names) for event, names in wanted.items()}, columns)
    after = 0
    for run in runs:
        if shelf is not None and loading.take(shelf, run, last):
            loading.read(log, after, run.first - 1)
            after = min(run.last, last)
    loading.read(log, after, last)
    columns.facts = loading.facts()
    found = columns.facts[MarkedInError]
    asked = {event for projection in named for event in projection.events}
    columns.events = sum(len(columns.facts[event].positions) for event in asked)
    pairs = zip(found.positions.tolist(), found.fields["target"].tolist(), strict=True)
    columns.struck = np.array(sorted(struck_by(pairs)), np.int64)
    return columns


class Loading:
    """Facts of some classes on their way into columns, from rows and from segments."""

    def __init__(self, registry: Registry, wanted: dict[type[Event], tuple[str, ...]], columns: Columns) -> None:
        self._wanted = wanted
        self._columns = columns
        self._loaders = {event.__name__: _Loader(event, names, registry, columns) for event, names in wanted.items()}

    def read(self, log: Log, after: int, upto: int) -> None:
        """Takes in the rows with `after < position <= upto`."""
        if after < upto:
            with _collector_at_rest():
                for batch in log.batches([*self._loaders], after=after, upto=upto):
                    self._loaders[batch.type].add(batch)

    def take(self, shelf: Shelf, run: Run, upto: int) -> bool:
        """Takes in a sealed run up to a position; False, and nothing taken, where it is unsound."""
        try:
            found = facts_of(run, shelf.blobs(run, [*self._loaders]), self._wanted, self._columns)
        except (Unsound, StoreUnavailable):
            shelf.report(run)
            return False
        for event, facts in found.items():
            self._loaders[event.__name__].extend(facts if run.last <= upto else cut(facts, upto))
        return True

    def facts(self) -> dict[type[Event], Facts]:
        """All that was taken in."""
        return {loader.event: loader.facts() for loader in self._loaders.values()}


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Decoding makes many objects and no cycle: the collector would look through them again and again in vain."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


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
        self._getters = {name: attrgetter(name) for name in names}
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
            for name, get in self._getters.items():
                self._take(name, map(get, rows), len(rows))
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

    def _take(self, name: str, values: Iterable[Any], count: int) -> None:
        if self._several[name]:
            lists = list(values)
            sizes = np.fromiter(map(len, lists), np.int64, count)
            self._sizes[name].append(sizes)
            values, count = chain.from_iterable(lists), int(sizes.sum())
        self._fields[name].append(self._numbers(name, values, count))

    def _numbers(self, name: str, values: Iterable[Any], count: int) -> Array:
        held = self._types[name]
        if held in ("number", "flag"):
            return np.fromiter((NULL if one is None else one for one in values), np.int64, count)
        if held == "day":
            return np.fromiter(map(self._columns.days.__getitem__, values), np.int64, count)
        dictionary = self._columns.dictionary(held)
        known = len(dictionary)
        numbers = np.fromiter(map(dictionary.__getitem__, values), np.int64, count)
        if held != "text":  # a new id is checked once, not wherever it stands
            new = list(islice(reversed(dictionary), len(dictionary) - known))
            msgspec.convert(new, list[self._one[name]])  # type: ignore[name-defined]
        return numbers

    def extend(self, facts: Facts) -> None:
        """Takes in facts that are columns already."""
        self._positions.append(facts.positions)
        self._occurred.append(facts.occurred)
        for name in self._types:
            self._fields[name].append(facts.fields[name])
            if self._several[name]:
                self._sizes[name].append(facts.sizes[name])

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
