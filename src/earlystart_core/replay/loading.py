"""Loading: rows of a log into columns, only the fields that are asked for, each checked as a row would be."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from operator import attrgetter
from typing import Annotated, Any, get_args, get_origin

import msgspec
import numpy as np

from earlystart_core.block import block
from earlystart_core.errors import Unreadable
from earlystart_core.event import Event
from earlystart_core.log import Batch, Batched
from earlystart_core.registry import MALFORMED, Registry
from earlystart_core.replay.columns import NULL, Array, Facts, of_numbers
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.sources import annotation_of, holds_several, may_be_null, type_of

Wanted = Mapping[type[Event], Sequence[str]]  # by class, the fields that are asked for


def facts_of_rows(
    log: Batched,
    registry: Registry,
    wanted: Wanted,
    dictionaries: Dictionaries,
    positions: tuple[int, int],
    threads: int = 1,
) -> dict[type[Event], Facts]:
    """The facts of those classes with `after < position <= upto`, only the named fields.

    positions: after and upto. threads: with more than one, the log reads on while what it gave is decoded.

    Raises:
        Unreadable: an entry is not of its type and version.
    """
    after, upto = positions
    loaders = {event.__name__: _Loader(event, tuple(names), registry, dictionaries) for event, names in wanted.items()}
    if after < upto and loaders:
        batches = log.batches([*loaders], after=after, upto=upto)
        for batch in batches if threads == 1 else _ahead(batches):
            loaders[batch.type].add(batch)
    return {loader.event: loader.facts() for loader in loaders.values()}


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same, each fetched by another thread while the one before is in use."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


@block
def collector_at_rest() -> Iterator[None]:
    """Decoding makes many objects and no cycle: the collector would look through them again and again in vain."""
    was = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if was:
            gc.enable()


class _Loader:
    """Decodes the batches of one event class, only the named fields."""

    def __init__(
        self, event: type[Event], names: tuple[str, ...], registry: Registry, dictionaries: Dictionaries
    ) -> None:
        self.event = event
        self._registry = registry
        self._dictionaries = dictionaries
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
            with self._dictionaries.lock:
                for name, get in self._getters.items():
                    self._take(name, map(get, rows), len(rows))
        except MALFORMED:
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
            return np.fromiter(map(self._dictionaries.days.__getitem__, values), np.int64, count)
        dictionary = self._dictionaries[held]
        known = len(dictionary)
        numbers = np.fromiter(map(dictionary.__getitem__, values), np.int64, count)
        if held != "text":  # a new id is checked once, not wherever it stands
            new = list(islice(reversed(dictionary), len(dictionary) - known))
            msgspec.convert(new, list[self._one[name]])  # type: ignore[name-defined]
        return numbers

    def facts(self) -> Facts:
        """All that was added, by position: batches of several versions come one after the other."""
        several = [name for name, many in self._several.items() if many]
        found = Facts(
            _join(self._positions),
            _join(self._occurred),
            {name: of_numbers(_join(parts), self._types[name]) for name, parts in self._fields.items()},
            {name: _join(self._sizes[name]) for name in several},
        )
        if (np.diff(found.positions) > 0).all():
            return found
        return found.keep(np.argsort(found.positions, kind="stable"))


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
