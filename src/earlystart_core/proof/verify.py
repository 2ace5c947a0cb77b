"""Verifying a whole log, from its rows or from an export: every leaf again, gaps, order, the tree, old checkpoints.

The log is checked in stretches, which may be checked apart, in other processes too; then the stretches are joined.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from earlystart_core.counting import entries
from earlystart_core.proof.checkpoint import Checkpoint
from earlystart_core.proof.compact import Range
from earlystart_core.proof.entries import Doubt, Rows, check
from earlystart_core.proof.hashing import BLOCK, EMPTY, LEVEL, Node, whole_root
from earlystart_core.proof.tagged import Number, commands, sums

STRETCH = 65_536  # entries, a multiple of BLOCK
MOST = 20  # doubts that are told
BEFORE_ALL = -(2**62)  # earlier than any entry, microseconds

T = TypeVar("T")


class Stretch(msgspec.Struct):
    """Entries that were checked together, behind a multiple of BLOCK others."""

    index: int  # of its first
    begun: int  # recorded_at of its first and its last entry, microseconds
    ended: int
    last: int  # the position of its last entry
    blocks: list[bytes]  # the hash of each whole block
    rest: list[bytes]  # the leaves behind the last whole block
    opened: dict[int, list[bytes]]  # for each wanted size the leaves of its block that come before it
    doubts: list[Doubt]
    sums: bytes  # of the tags of each entry (`tagged`), 8 bytes each as this machine has them; or nothing
    commands: bytes = b""  # the number of each entry's command_id, in the same form
    unreceipted: list[int] = msgspec.field(default_factory=list)  # entries of commands from before the first receipt


class Verified(msgspec.Struct, frozen=True):
    """What a verification came to. `doubts` is empty where all is well."""

    size: int  # entries
    root: bytes  # of all of them, 32 bytes
    since: Checkpoint | None  # the checkpoint that the log was held against
    signed: bool  # its signature was checked, and holds
    kept: int | None  # the position up to which a tree was kept with the log to hold it against; None: an export
    doubts: Sequence[Doubt]
    unreceipted: Sequence[int] = ()  # the last positions, of entries of commands that came before the first receipt

    @property
    def unsigned(self) -> int | None:
        """How many entries stand behind the checkpoint, None where there is none: they may be replaced unseen."""
        return None if self.since is None else max(0, self.size - self.since.size)

    @property
    def sound(self) -> bool:
        """Whether there is no doubt."""
        return not self.doubts


def checked(
    rows: Iterable[Rows],
    index: int,
    wanted: Collection[int],
    *,
    after: int,
    upto: int | None,
    ended: int = BEFORE_ALL,
    tagged: Number | None = None,
) -> Stretch:
    """The stretch whose first entry has that index.

    wanted: sizes at which the root will be asked for. after: the position before the first; ended: when that entry
    was recorded, where it is known. upto: the position of the last entry that must be there, None where nobody knows.
    tagged: the numbers by which the tags of each entry are summed; without it they are not.
    """
    leaves: list[bytes] = []
    summed, ordered = array("Q"), array("Q")
    doubts: list[Doubt] = []
    begun = None
    for some in rows:
        if not some.positions:
            continue
        found = check(some, after, ended)
        doubts += found.doubts[: MOST - len(doubts)]
        after, ended = some.positions[-1], found.ended
        begun = found.begun if begun is None else begun
        before = index + len(leaves)
        leaves += found.leaves if upto is None else _in_place(some.positions, found.leaves, before, EMPTY)
        if tagged is not None:
            summed.extend(_in_place(some.positions, sums(found.frames, tagged), before, 0))
            ordered.extend(_in_place(some.positions, commands(found.frames, tagged), before, 0))
    if upto is not None and after < upto:
        doubts.append(Doubt(after + 1, f"it is missing; entries to {upto} were expected"))
        leaves += [EMPTY] * (upto - index - len(leaves))
    whole = len(leaves) // BLOCK * BLOCK
    blocks = [whole_root(leaves[at : at + BLOCK]) for at in range(0, whole, BLOCK)]
    opened = {
        size: leaves[(size - index) // BLOCK * BLOCK : size - index]
        for size in wanted
        if index < size <= index + len(leaves)
    }
    first = ended if begun is None else begun
    summed_up = summed.tobytes(), ordered.tobytes()
    return Stretch(index, first, ended, after, blocks, leaves[whole:], opened, doubts, *summed_up)


def _in_place(positions: Sequence[int], values: list[T], before: int, otherwise: T) -> list[T]:
    """The values with something else where one is missing, so that all others keep their places."""
    if positions[-1] - before == len(values):
        return values
    found: list[T] = []
    for position, value in zip(positions, values, strict=True):
        found += [*[otherwise] * (position - before - 1 - len(found)), value]
    return found


class Joining:
    """Joins stretches in their order to one log; the roots at the wanted sizes are taken on the way."""

    def __init__(self, wanted: Collection[int]) -> None:
        self.doubts: list[Doubt] = []
        self.unreceipted: list[int] = []
        self.nodes: dict[tuple[int, int], bytes] = {}  # every whole subtree of a block or more
        self.roots: dict[int, bytes] = {0: EMPTY}  # of each wanted size that was reached
        self._wanted = sorted({*wanted} - {0})
        self._range = Range()
        self._recorded = BEFORE_ALL

    @property
    def size(self) -> int:
        """How many entries there were."""
        return self._range.size

    @property
    def root(self) -> bytes:
        """Of all of them."""
        return self._range.root()

    @property
    def full(self) -> bool:
        """Whether there are as many doubts as are told."""
        return len(self.doubts) >= MOST

    def add(self, stretch: Stretch) -> None:
        """Takes the next stretch."""
        if BEFORE_ALL < stretch.begun < self._recorded:
            self.doubt([Doubt(stretch.index + 1, "recorded before the entry at the position below")])
        self._recorded = max(self._recorded, stretch.ended)
        self.doubt(stretch.doubts)
        self.unreceipted = [*self.unreceipted, *stretch.unreceipted][-MOST:]
        for hash_ in stretch.blocks:
            self._reach(stretch)
            for level, number, made in self._range.push(hash_, LEVEL):
                self.nodes[level, number] = made
        self._reach(stretch)
        self._range.extend(stretch.rest)

    def doubt(self, found: Iterable[Doubt]) -> None:
        """Adds doubts, up to the greatest number that is told."""
        self.doubts += islice(found, MOST - len(self.doubts))

    def _reach(self, stretch: Stretch) -> None:
        """Takes the roots of the wanted sizes that begin with the range as it is and end within its next block."""
        while self._wanted and (size := self._wanted[0]) < self.size + BLOCK:
            if size != self.size and size not in stretch.opened:
                return
            there = self._range.copy()
            there.extend(stretch.opened.get(size, []) if size != self.size else [])
            self.roots[size] = there.root()
            self._wanted.pop(0)


def against_kept(joined: Joining, kept: Sequence[Node], size: int) -> Iterator[Doubt]:
    """Where the tree kept beside the log is another than that of its entries.

    kept: all of it, from the first level. size: of the log after it was read: a live one grows meanwhile.
    """
    seen = {(level, number) for level, number, _ in kept}
    for level, number, hash_ in kept:
        first, last = (number << level) + 1, (number + 1) << level
        if last <= joined.size and joined.nodes.get((level, number)) != hash_:
            yield Doubt(first, f"the entries {first} to {last} are not those whose hash is kept with the log")
    upto = kept_upto(kept)
    if upto > size:
        yield Doubt(None, f"the log is shorter than its tree: entries to {upto} were there, now {size} are")
    for level, number in joined.nodes:
        first, last = (number << level) + 1, (number + 1) << level
        if last <= upto and (level, number) not in seen:
            yield Doubt(None, f"the hash kept for entries {first} to {last} is gone")


def kept_upto(kept: Sequence[Node]) -> int:
    """The position of the last entry that the kept tree covers, 0 where nothing is kept."""
    return max(((number + 1) << level for level, number, _ in kept), default=0)


def against(joined: Joining, checkpoint: Checkpoint) -> Iterator[Doubt]:
    """Where the log is not one that goes on from that checkpoint, which was wanted."""
    size = joined.size
    if size < checkpoint.size:
        yield Doubt(None, f"the log is shorter than the checkpoint: it had {entries(checkpoint.size)}, now {size:,}")
    elif joined.roots.get(checkpoint.size) != checkpoint.root:
        found = f"the root of the first {entries(checkpoint.size)} is not the checkpoint's: it covers other ones"
        yield Doubt(None, found)
