"""Reading: a log in spans of bounded length, each class's facts from sealed runs where there are, else from rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import numpy as np
import polars as pl

from earlystart_core.errors import StoreUnavailable
from earlystart_core.event import Event
from earlystart_core.log import Batched
from earlystart_core.marks import struck_by
from earlystart_core.registry import Registry
from earlystart_core.replay.columns import PLAIN, Array, Facts, Piece, end_to_end
from earlystart_core.replay.dictionaries import Dense, Dictionaries, Given, Numbered
from earlystart_core.replay.loading import Wanted, facts_of_rows
from earlystart_core.replay.packed import Unsound
from earlystart_core.replay.segments import columns_of, none_of, opened
from earlystart_core.replay.shelf import Blobs, Run, Runs, Shelf
from earlystart_core.words.correction import MarkedInError

SPAN = 2_097_152  # positions read at once: what bounds the memory of a fold, beside its rows


class Part(msgspec.Struct, frozen=True):
    """Positions that are read in one way: `after < position <= upto`, from a run where there is one."""

    after: int
    upto: int
    run: Run | None = None

    def count(self, event: str) -> int:
        """How many facts of a class are known to be in it."""
        return 0 if self.run is None else self.run.count(event)


class Reading:
    """A log up to a position, and what is needed to read its facts."""

    def __init__(
        self, log: Batched, registry: Registry, upto: int, shelf: Shelf | None = None, length: int = SPAN
    ) -> None:
        """length: of a span, in positions."""
        self._log = log
        self._registry = registry
        self._shelf = shelf
        runs = shelf.runs(upto) if shelf is not None else Runs()
        self.spans = [*_spans(_parts(runs, upto, length), length)]
        self.dictionaries = Dictionaries(_numbered(shelf, runs) if shelf is not None and runs else None)
        self._struck: Array | None = None

    def struck(self, threads: int = 1) -> Array:
        """The struck positions, rising: of all marks up to the position, whatever they are effective by."""
        if self._struck is None:
            found = [self.facts(span, {MarkedInError: ("target",)}, threads)[MarkedInError] for span in self.spans]
            marks = end_to_end([one.piece() for one in found or [none_of(MarkedInError, ("target",))]])
            self._struck = _struck(marks.positions, marks.fields["target"].whole())
        return self._struck

    def facts(self, span: Sequence[Part], wanted: Wanted, threads: int = 1) -> dict[type[Event], Facts]:
        """The facts of those classes in a span, only the named fields.

        Raises:
            Unreadable: an entry is not of its type and version.
        """
        # By one thread: between blobs it is Python that works, and two threads took a fifth longer than one.
        sealed = {event: self._sealed(span, event, names) for event, names in wanted.items()}
        found: dict[type[Event], list[Piece]] = {event: [] for event in wanted}
        for part in span:
            lacking = {event: names for event, names in wanted.items() if part.after not in sealed[event]}
            rows = facts_of_rows(
                self._log, self._registry, lacking, self.dictionaries, (part.after, part.upto), threads
            )
            for event, some in found.items():
                some.append(rows[event].piece() if event in rows else sealed[event][part.after])
        return {event: end_to_end(some) for event, some in found.items()}

    def _sealed(self, span: Sequence[Part], event: type[Event], names: Sequence[str]) -> dict[int, Piece]:
        """The facts of those parts that are sealed and sound, by where the part begins."""
        columns = [*columns_of(event, names)]
        found = {}
        runs = [part.run for part in span if part.run is not None and part.run.count(event.__name__)]
        blobs: Blobs = {}
        if self._shelf is not None and runs:
            with suppress(StoreUnavailable):
                blobs = self._shelf.blobs(runs, event.__name__, [name for name, _ in columns])
        room = {held: self.dictionaries[held].size for _, held in columns if runs and held not in PLAIN}
        for part in span:
            if part.run is None or self._shelf is None:
                continue
            segment = part.run.held.get(event.__name__)
            if segment is None:
                found[part.after] = none_of(event, names).piece()
                continue
            try:
                piece = opened(event, segment, blobs.get(part.run.first, {}), part.run.first, names, room)
            except Unsound:
                self._shelf.report(part.run)
                continue
            if part.upto < part.run.last:
                facts = end_to_end([piece])
                piece = facts.keep(facts.positions <= part.upto).piece()
            found[part.after] = piece
        return found


@contextmanager
def threads_of(threads: int) -> Iterator[Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]]:
    """`map`, by so many threads."""
    if threads == 1:
        yield map
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool.map


def _numbered(shelf: Shelf, runs: Runs) -> Callable[[str], Dense]:
    """The numbers that the runs hold, of text as it was when they were listed: the store may number it anew."""
    texts = Given(pl.Series([None, *runs.texts], dtype=pl.String))

    def numbered(kind: str) -> Dense:
        return Numbered(len(texts.texts), lambda: texts) if kind == "text" else shelf.numbered(kind)

    return numbered


def _struck(positions: Array, targets: Array) -> Array:
    """The struck positions. Only marks that bear on other marks need be resolved one by one: all others strike."""
    bear = np.isin(positions, targets) | np.isin(targets, positions)
    some = struck_by(zip(positions[bear].tolist(), targets[bear].tolist(), strict=True))
    return np.unique(np.concatenate([targets[~bear], np.array([*some], np.int64)]))


def _parts(runs: Sequence[Run], upto: int, length: int) -> Iterator[Part]:
    after = 0
    for run in runs:
        yield from _of_rows(after, run.first - 1, length)
        after = min(run.last, upto)
        yield Part(run.first - 1, after, run)
    yield from _of_rows(after, upto, length)


def _of_rows(after: int, upto: int, length: int) -> Iterator[Part]:
    for start in range(after, upto, length):
        yield Part(start, min(start + length, upto))


def _spans(parts: Iterable[Part], length: int) -> Iterator[list[Part]]:
    span: list[Part] = []
    for part in parts:
        if span and part.upto - span[0].after > length:
            yield span
            span = []
        span.append(part)
    if span:
        yield span
