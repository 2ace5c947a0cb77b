"""The tree of one log as its store keeps it, and what is asked of it: roots and proofs at any size.

Kept beside the leaves, and never changed, are the whole subtrees of 256 leaves or more. From these and fewer than
256 leaves follows the compact range of every size, so a root or a proof costs a few dozen reads. What is not kept,
because the log is older than that, is made from the leaves.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from earlystart_core.errors import Invalid, Tampered
from earlystart_core.proof import paths
from earlystart_core.proof.checkpoint import Checkpoint
from earlystart_core.proof.compact import Range, levels_of
from earlystart_core.proof.entries import Doubt, Rows
from earlystart_core.proof.hashing import BLOCK, EMPTY, HASH, LEVEL, Node, cut, node_hash, whole_root
from earlystart_core.proof.verify import STRETCH, Stretch, checked

AT_ONCE = 16  # level up to which a subtree's leaves are read at once


class Signed(msgspec.Struct, frozen=True):
    """A checkpoint that was signed, and when."""

    checkpoint: Checkpoint
    at: datetime  # aware, UTC


class Tree(ABC):
    """The port: what a store gives of its log's tree. Indexes count from 0."""

    @abstractmethod
    def size(self) -> int:
        """How many entries the log has now."""

    @abstractmethod
    def leaves(self, first: int, last: int) -> bytes:
        """The leaves first ≤ index < last that there are, one behind the other."""

    @abstractmethod
    def kept(self, level: int, number: int) -> bytes | None:
        """The kept hash of a whole subtree, None where it is not kept."""

    @abstractmethod
    def all_kept(self) -> Iterable[Node]:
        """Everything that is kept."""

    @abstractmethod
    def rows(self, after: int, upto: int) -> Iterable[Rows]:
        """The entries with after < position ≤ upto as they are stored, in stretches: what a verification reads."""

    def strays(self, size: int) -> Iterable[Doubt]:
        """What stands beyond a log of that size, and no entry of it says."""
        return ()

    @abstractmethod
    def last_signed(self) -> Signed | None:
        """The checkpoint that was signed last, None before the first.

        Raises:
            Tampered: what is remembered of it cannot be read.
        """

    @abstractmethod
    def sign(self, make: Callable[[Signed | None], Signed]) -> Signed:
        """Remembers what `make` gives for the last one, and returns it; one signs at a time.

        Raises:
            StoreUnavailable: the store takes no writing.
        """

    def stretches(self, size: int, wanted: Collection[int], processes: int = 1) -> Iterator[Stretch]:
        """The first `size` entries, checked stretch by stretch in order; by several processes where the store can."""
        for index in range(0, size, STRETCH):
            upto = min(index + STRETCH, size)
            yield checked(self.rows(index, upto), index, wanted, after=index, upto=upto)

    def node(self, level: int, number: int) -> bytes:
        """The hash of a whole subtree.

        Raises:
            Tampered: leaves of it are missing.
        """
        if level >= LEVEL and (found := self.kept(level, number)) is not None:
            return found
        if level > AT_ONCE:
            return node_hash(self.node(level - 1, 2 * number), self.node(level - 1, 2 * number + 1))
        first, last = number << level, (number + 1) << level
        leaves = self.leaves(first, last)
        if len(leaves) != (last - first) * HASH:
            raise Tampered(f"leaves are missing or cut among the entries {first + 1} to {last}")
        return whole_root(cut(leaves))

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` entries, of all where it is left out: 32 bytes.

        Raises:
            Invalid: the log has not that many.
            Tampered: leaves are missing.
        """
        wanted = self._size(size)
        return paths.root_of(self.node, 0, wanted) if wanted else EMPTY

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that the leaf of that index is in the tree of that size.

        Raises:
            Invalid: there is no such leaf, or the log has not that many entries.
            Tampered: leaves are missing.
        """
        return paths.inclusion(self.node, index, self._size(size))

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the tree of the new size begins with that of the old one.

        Raises:
            Invalid: the old size is 0 or above the new one, or the log has not that many entries.
            Tampered: leaves are missing.
        """
        return paths.consistency(self.node, old, self._size(new))

    def _size(self, size: int | None) -> int:
        there = self.size()
        if size is None:
            return there
        if not 0 <= size <= there:
            raise Invalid("size", f"expected a size from 0 to that of the log, {there}, got {size}")
        return size


def range_at(tree: Tree, size: int) -> Range:
    """The compact range of that size."""
    hashes, at = [], 0
    for level in levels_of(size):
        hashes.append(tree.node(level, at >> level))
        at += 1 << level
    return Range(size, hashes)


def grown(range_: Range, leaves: Sequence[bytes]) -> list[Node]:
    """What is to be kept once whole blocks of leaves come behind the range, which itself is of whole blocks."""
    made: list[Node] = []
    for at in range(0, len(leaves) - BLOCK + 1, BLOCK):
        made += range_.push(whole_root(leaves[at : at + BLOCK]), LEVEL)
    return made
