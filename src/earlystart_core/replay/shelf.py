"""The shelf: sealed runs of positions, and what each blob of a run must be. A run is read whole and sound, or not.

A segment only saves time: the rows are the truth, and whatever is wrong with a run makes it be read from them.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np

from earlystart_core.event import Event
from earlystart_core.replay.columns import Columns, Dense, Facts
from earlystart_core.replay.segments import Unsound, decode

Blobs = Mapping[str, bytes]  # by the name of the event class


class Held(msgspec.Struct, frozen=True, array_like=True):
    """What the blob of one event class must be."""

    facts: int
    size: int  # bytes
    checksum: int  # CRC-32

    @classmethod
    def of(cls, facts: Facts, blob: bytes) -> "Held":
        """What to expect of that blob from now on."""
        return cls(len(facts.positions), len(blob), zlib.crc32(blob))

    def fits(self, blob: bytes | None) -> bool:
        """Whether a blob is the one."""
        return blob is not None and len(blob) == self.size and zlib.crc32(blob) == self.checksum


class Run(msgspec.Struct, frozen=True):
    """A run of positions that was sealed."""

    first: int
    last: int
    held: dict[str, Held]  # by the name of the event class; one without facts has no blob

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class Shelf(Protocol):
    """The sealed runs of a log."""

    def runs(self, upto: int) -> Sequence[Run]:
        """The runs that begin at or before a position and are bound to the log as it is, rising and apart."""

    def blobs(self, run: Run, types: Sequence[str]) -> Blobs:
        """The run's blobs of those classes, as they are found."""

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


def facts_of(
    run: Run, blobs: Blobs, wanted: Mapping[type[Event], Sequence[str]], columns: Columns
) -> dict[type[Event], Facts]:
    """The facts of a run, class by class, only the named fields.

    Raises:
        Unsound: a blob is missing, or not what the run says it must be.
    """
    found = {}
    for event, names in wanted.items():
        held = run.held.get(event.__name__)
        if held is None:
            continue
        blob = blobs.get(event.__name__)
        if blob is None or not held.fits(blob):
            raise Unsound(event.__name__)
        facts = decode(event, blob, run.first, names, columns)
        if len(facts.positions) != held.facts:
            raise Unsound(event.__name__)
        found[event] = facts
    return found


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
