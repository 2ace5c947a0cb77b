"""The column executor: projections folded whole columns at a time, equal to the row executor to the last cell.

Keys are dense integers, so a group-by is a scatter. The log is read span by span and each class's facts go straight
into partial results, so memory is bounded by one span and the rows. Classes are taken in by several threads.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from earlystart_core.event import Event
from earlystart_core.finish import CountOf
from earlystart_core.replay.columns import Array, Facts, end_to_end, of_numbers
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.lines import Asked, Standing
from earlystart_core.replay.loading import collector_at_rest
from earlystart_core.replay.partials import partial_of
from earlystart_core.replay.plan import Plan
from earlystart_core.replay.reading import Reading, threads_of
from earlystart_core.replay.scatter import counted, pack
from earlystart_core.sources import type_of

if TYPE_CHECKING:
    from earlystart_core.replay.partial import Partial

_ROW = "@row"  # the field in which facts get their row where a key has several parts


class Folded(msgspec.Struct):
    """A projection's rows as whole numbers, in no set order."""

    keys: tuple[Array, ...]  # one a key part: numbers in the dictionary of its kind
    kinds: tuple[str, ...]
    columns: dict[str, Array]  # by reducer; in a dictionary 0 is nothing, among plain numbers NULL


class Took(msgspec.Struct):
    """Where the time of folding went, in seconds, and how many facts of each class were read."""

    reading: float = 0.0  # stored bytes to columns
    folding: float = 0.0  # columns to rows of whole numbers
    finishing: float = 0.0  # finishing expressions, and text at the edge
    facts: dict[str, int] = msgspec.field(default_factory=dict)
    stopwatch: Callable[[], float] = lambda: 0.0  # seconds since some moment; the core has no clock of its own


def fold(plan: Plan, reading: Reading, effective: int | None, threads: int, took: Took) -> dict[str, Folded]:
    """What the plan asks for, by projection, of the facts that are read.

    effective: microseconds since 1970, inclusive; None cuts nothing.

    Raises:
        Unreadable: an entry is not of its type and version.
    """
    with collector_at_rest(), threads_of(threads) as each:
        started = took.stopwatch()
        struck = reading.struck(threads)
        folds = [_fold_of(plan, name, reading.dictionaries) for name in plan.steps]
        counts = dict.fromkeys((event.__name__ for event in plan.reads), 0)
        for span in reading.spans:
            read = reading.facts(span, plan.reads, threads)
            for event, facts in read.items():
                counts[event.__name__] += len(facts.positions)
            done = took.stopwatch()
            took.reading += done - started

            def take(event: type[Event], read: Mapping[type[Event], Facts] = read) -> None:
                standing = Standing(read[event], struck, effective)
                for projection in folds:
                    projection.take(event, standing)

            [*each(take, sorted(read, key=lambda event: -len(read[event].positions)))]
            started = took.stopwatch()
            took.folding += started - done
        took.facts.update(counts)
        found = {}
        while folds:  # each lets go of its partial results before the next is finished
            one = folds.pop()
            found[one.name] = one.folded()
        took.folding += took.stopwatch() - started
        return found


def count_rows(folded: Folded, count: CountOf, other: Folded, *, none: int, size: int) -> Array:
    """For each row of one projection, how many rows of another name its key and have nothing in `without`.

    none: what stands for nothing in that column. size: how many numbers the key's dictionary holds.
    """
    by = other.columns[count.by]
    named = by[(by != 0) & (other.columns[count.without] == none)]
    return counted(named, size)[folded.keys[0]]


class _Fold:
    """One projection on its way: its partial results by the classes that they take in."""

    def __init__(self, plan: Plan, name: str, dictionaries: Dictionaries) -> None:
        self.name = name
        self._projection = plan.projections[name]
        self._dictionaries = dictionaries
        self._partials = [partial_of(self._projection, step, dictionaries) for step in plan.steps[name]]
        self._takers: dict[type[Event], list[Partial]] = {self._projection.exists: []}
        for step, partial in zip(plan.steps[name], self._partials, strict=True):
            for event in dict.fromkeys(ask.event for ask in step.asks):
                self._takers.setdefault(event, []).append(partial)

    @property
    def _kinds(self) -> tuple[str, ...]:
        exists = self._projection.exists
        return tuple(type_of(exists, name) for name in self._projection.key_fields[exists])

    def _columns(self, count: int, kept: Array | slice) -> dict[str, Array]:
        found: dict[str, Array] = {}
        while self._partials:  # likewise
            found |= {name: one[kept] for name, one in self._partials.pop(0).columns(count).items()}
        return found


class _Single(_Fold):
    """A projection by one id: its own dense number is its row, so there is no grouping at all."""

    def __init__(self, plan: Plan, name: str, dictionaries: Dictionaries) -> None:
        super().__init__(plan, name, dictionaries)
        self._there = np.zeros(0, bool)

    def take(self, event: type[Event], facts: Standing) -> None:
        if event not in self._takers:
            return
        (key,) = self._projection.key_fields[event]
        count = self._dictionaries[self._kinds[0]].size
        if event is self._projection.exists:
            there = np.zeros(count, bool)
            there[: len(self._there)] = self._there
            there[facts.lines(Asked(key)).rows] = True
            self._there = there
        for partial in self._takers[event]:
            partial.take(event, facts, key, count)

    def folded(self) -> Folded:
        keys = np.flatnonzero(self._there)
        return Folded((keys,), self._kinds, self._columns(self._dictionaries[self._kinds[0]].size, keys))


class _Parted(_Fold):
    """A projection by several fields of one event: its facts wait until all are there, then get dense rows."""

    def __init__(self, plan: Plan, name: str, dictionaries: Dictionaries) -> None:
        super().__init__(plan, name, dictionaries)
        self._waiting: list[Facts] = []

    def take(self, event: type[Event], facts: Standing) -> None:
        if event is self._projection.exists:
            self._waiting.append(facts.whole())

    def folded(self) -> Folded:
        event = self._projection.exists
        if not self._waiting:
            none = np.empty(0, np.int64)
            return Folded((none,) * len(self._kinds), self._kinds, self._columns(0, none))
        facts = end_to_end([one.piece() for one in self._waiting])
        parts = tuple(facts.fields[name].whole() for name in self._projection.key_fields[event])
        keys, rows = pack(parts, [self._dictionaries[kind].size for kind in self._kinds])
        facts = msgspec.structs.replace(facts, fields=facts.fields | {_ROW: of_numbers(rows, "number")})
        standing = Standing(facts, np.empty(0, np.int64), None)
        for partial in self._takers[event]:
            partial.take(event, standing, _ROW, len(keys[0]))
        return Folded(keys, self._kinds, self._columns(len(keys[0]), slice(None)))


def _fold_of(plan: Plan, name: str, dictionaries: Dictionaries) -> _Single | _Parted:
    several = len(plan.projections[name].keys) > 1
    return (_Parted if several else _Single)(plan, name, dictionaries)
