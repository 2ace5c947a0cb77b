"""The shelf: sealed runs of positions. A column of a run is read whole and sound, or its class is read from the rows.

A segment only saves time: the rows are the truth, and whatever is wrong with a run makes it be read from them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from earlystart_core.replay.dictionaries import Dense
from earlystart_core.replay.segments import POSITION, Segment

Blobs = Mapping[int, Mapping[str, bytes]]  # by the first position of the run, by column


class Run(msgspec.Struct, frozen=True):
    """A run of positions that was sealed."""

    first: int
    last: int
    held: dict[str, Segment]  # by the name of the event class; one without facts has none

    def count(self, event: str) -> int:
        """How many facts of a class it holds."""
        segment = self.held.get(event)
        return 0 if segment is None else segment[POSITION].count

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class Runs(list[Run]):
    """Sealed runs, and what their numbers of text mean: both of one moment."""

    def __init__(self, runs: Iterable[Run] = (), texts: Sequence[str] = ()) -> None:
        super().__init__(runs)
        self.texts = texts  # by number, from 1 on


class Shelf(Protocol):
    """The sealed runs of a log."""

    def runs(self, upto: int) -> Runs:
        """The runs that begin at or before a position and are bound to the log as it is, rising and apart."""

    def blobs(self, runs: Sequence[Run], event: str, columns: Sequence[str]) -> Blobs:
        """Those columns of a class in those runs, as they are found."""

    def numbered(self, kind: str) -> Dense:
        """The store's numbers of a kind of id: at least all that the runs hold."""

    def report(self, run: Run) -> None:
        """Says that a run is unsound. Never raises: whoever reads has the rows."""


class Looking:
    """A shelf that nothing is dropped from."""

    def __init__(self, shelf: Shelf) -> None:
        self.runs = shelf.runs
        self.blobs = shelf.blobs
        self.numbered = shelf.numbered

    def report(self, run: Run) -> None:
        """Leaves it as it is."""
