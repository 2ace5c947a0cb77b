"""Lines: the facts that stand at an effective instant, one line for each row of a projection that a fact bears on."""

import msgspec
import numpy as np

from earlystart_core.event import Event
from earlystart_core.projection import Projection
from earlystart_core.replay.columns import Array, Columns, Facts
from earlystart_core.replay.scatter import distinct_pairs, pack
from earlystart_core.sources import holds_several, type_of


class Lines(msgspec.Struct):
    """Lines of one event class."""

    rows: Array  # the row of each line
    facts: Array  # its index among the class's facts
    occurred: Array
    positions: Array


class Rows(msgspec.Struct):
    """The possible rows of a projection, and the lines that bear on them."""

    keys: tuple[Array, ...]  # one a key part: numbers in its dictionary
    kinds: tuple[str, ...]  # the dictionary of each part
    lines: dict[type[Event], Lines]


class InRange:
    """Which facts stand: not struck, and effective by then. Worked out once a class."""

    def __init__(self, columns: Columns, effective: int | None) -> None:
        self._columns = columns
        self._effective = effective
        self._found: dict[type[Event], Array] = {}

    def __getitem__(self, event: type[Event]) -> Array:
        """The indexes of the facts of that class that stand."""
        found = self._found.get(event)
        if found is None:
            found = self._found[event] = self._standing(self._columns.facts[event])
        return found

    def _standing(self, facts: Facts) -> Array:
        struck = self._columns.struck
        keep = np.ones(len(facts.positions), bool)
        if len(struck):
            place = np.minimum(np.searchsorted(struck, facts.positions), len(struck) - 1)
            keep = struck[place] != facts.positions
        if self._effective is not None:
            keep &= facts.occurred <= self._effective
        return np.flatnonzero(keep)


def rows_of(projection: Projection, columns: Columns, standing: InRange) -> Rows:
    """The rows and lines of a projection."""
    kinds = tuple(type_of(projection.exists, name) for name in projection.key_fields[projection.exists])
    keyed = {event: _keyed(projection, event, columns.facts[event], standing[event]) for event in projection.events}
    sizes = [len(columns.dictionary(kind).texts) for kind in kinds]
    if len(kinds) == 1:  # an id's own dense number is its row: no grouping at all
        keys: tuple[Array, ...] = (np.arange(sizes[0]),)
        rows = {event: parts[0] for event, (_, parts) in keyed.items()}
    else:
        keys, packed = pack(keyed[projection.exists][1], sizes)
        rows = {projection.exists: packed}
    lines = {}
    for event, (index, _) in keyed.items():
        facts = columns.facts[event]
        lines[event] = Lines(rows[event], index, facts.occurred[index], facts.positions[index])
    return Rows(keys, kinds, lines)


def _keyed(projection: Projection, event: type[Event], facts: Facts, index: Array) -> tuple[Array, tuple[Array, ...]]:
    """The fact of each line, and its key parts."""
    names = projection.key_fields[event]
    if not holds_several(event, names[0]):
        return index, tuple(facts.fields[name][index] for name in names)
    sizes, keys = facts.sizes[names[0]], facts.fields[names[0]]
    owners = np.repeat(np.arange(len(sizes)), sizes)
    if len(index) < len(sizes):
        keep = np.zeros(len(sizes), bool)
        keep[index] = True
        owners, keys = owners[keep[owners]], keys[keep[owners]]
    many = sizes[owners] > 1
    if many.any():  # a fact counts once for each of its keys, however often it names one
        several, named = distinct_pairs(owners[many], keys[many])
        owners, keys = np.concatenate([owners[~many], several]), np.concatenate([keys[~many], named])
    return owners, (keys,)
