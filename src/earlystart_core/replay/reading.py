"""Reading: a log in spans of bounded length, each class's facts from sealed runs where there are any, else from rows."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec
import numpy as np

from earlystart_core.errors import StoreUnavailable
from earlystart_core.event import Event
from earlystart_core.log import Log
from earlystart_core.marks import struck_by
from earlystart_core.registry import Registry
from earlystart_core.replay.columns import PLAIN, Array, Dictionaries, Facts, end_to_end
from earlystart_core.replay.loading import facts_of_rows
from earlystart_core.replay.packed import Unsound
from earlystart_core.replay.segments import columns_of, opened
from earlystart_core.replay.shelf import Run, Shelf
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
        self, log: Log, registry: Registry, upto: int, shelf: Shelf | None = None, length: int = SPAN
    ) -> None:
        self._log = log
        self._registry = registry
        self._shelf = shelf
        runs = shelf.runs(upto) if shelf is not None else ()
        self.parts = [*_parts(runs, upto, length)]
        self.spans = [*_spans(self.parts, length)]
        self.dictionaries = Dictionaries(shelf.numbered if shelf is not None and runs else None)
        self._struck: Array | None = None

    @property
    def struck(self) -> Array:
        """The struck positions, rising: of all marks up to the position, whatever they are effective by."""
        if self._struck is None:
            found = [self.facts(span, MarkedInError, ("target",)) for span in self.spans]
            pairs = [
                pair
                for facts in found
                for pair in zip(facts.positions.tolist(), facts.fields["target"].whole().tolist(), strict=True)
            ]
            self._struck = np.array(sorted(struck_by(pairs)), np.int64)
        return self._struck

    def facts(self, span: Sequence[Part], event: type[Event], names: Sequence[str]) -> Facts:
        """The facts of a class in a span, only those fields.

        Raises:
            Unreadable: an entry is not of its type and version.
        """
        sealed = self._sealed(span, event, names)
        found = [sealed.get(part.after) or self._rows(part, event, names) for part in span]
        return end_to_end([facts for facts in found if len(facts.positions)] or found[:1])

    def _rows(self, part: Part, event: type[Event], names: Sequence[str]) -> Facts:
        if part.run is not None and not part.run.count(event.__name__):
            return facts_of_rows(self._log, self._registry, event, names, self.dictionaries, after=0, upto=0)
        return facts_of_rows(
            self._log, self._registry, event, names, self.dictionaries, after=part.after, upto=part.upto
        )

    def _sealed(self, span: Sequence[Part], event: type[Event], names: Sequence[str]) -> dict[int, Facts]:
        """The facts of those parts that are sealed and sound, by where the part begins."""
        runs = [part.run for part in span if part.run is not None and part.run.count(event.__name__)]
        if self._shelf is None or not runs:
            return {}
        columns = [*columns_of(event, names)]
        room = {held: self.dictionaries[held].size for _, held in columns if held not in PLAIN}
        blobs = {}
        with suppress(StoreUnavailable):
            blobs = self._shelf.blobs(runs, event.__name__, [name for name, _ in columns])
        found = {}
        for part in span:
            if part.run not in runs or part.run is None:
                continue
            try:
                segment = part.run.held[event.__name__]
                facts = opened(event, segment, blobs.get(part.run.first, {}), part.run.first, names, room)
            except Unsound:
                self._shelf.report(part.run)
                continue
            whole = part.upto >= part.run.last
            found[part.after] = facts if whole else facts.keep(facts.positions <= part.upto)
        return found


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


def _spans(parts: Sequence[Part], length: int) -> Iterator[list[Part]]:
    span: list[Part] = []
    for part in parts:
        if span and part.upto - span[0].after > length:
            yield span
            span = []
        span.append(part)
    if span:
        yield span
