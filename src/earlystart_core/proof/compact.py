"""The compact range: all that is needed to go on with a tree, one hash for each one in its size written in binary."""

from collections.abc import Sequence
from functools import reduce
from typing import Self

from earlystart_core.proof.hashing import EMPTY, Node, node_hash, whole_root


class Range:
    """The first `size` leaves of a tree. `hashes`: of its whole subtrees, the largest (and leftmost) first."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or size.bit_count() != len(hashes):
            raise ValueError(f"expected one hash for each one in the binary form of {size}, got {len(hashes)}")
        self.size = size
        self.hashes = list(hashes)

    def push(self, hash_: bytes, level: int = 0) -> list[Node]:
        """Adds a leaf, or the whole subtree of that level; returns it and every node that it completes, rising.

        Raises:
            ValueError: a subtree of that level cannot begin here.
        """
        if self.size & ((1 << level) - 1):
            raise ValueError(f"expected a size that is a multiple of {1 << level}, got {self.size}")
        number = self.size >> level
        self.size += 1 << level
        made = [(level, number, hash_)]
        while number & 1:
            hash_ = node_hash(self.hashes.pop(), hash_)
            level, number = level + 1, number >> 1
            made.append((level, number, hash_))
        self.hashes.append(hash_)
        return made

    def extend(self, hashes: Sequence[bytes], level: int = 0) -> None:
        """Adds many leaves, or many whole subtrees of one level."""
        at = 0
        while at < len(hashes):
            room = len(hashes) - at
            begins = self.size >> level
            step = 1 << (room.bit_length() - 1)
            step = min(step, begins & -begins) if begins else step
            self.push(whole_root(hashes[at : at + step]), level + step.bit_length() - 1)
            at += step

    def merge(self, after: "Range") -> None:
        """Adds a range that was counted from zero but stands behind this one.

        Raises:
            ValueError: its largest subtree cannot begin here.
        """
        for level, hash_ in zip(levels_of(after.size), after.hashes, strict=True):
            self.push(hash_, level)

    def root(self) -> bytes:
        """The root of the tree so far: 32 bytes."""
        return reduce(lambda right, left: node_hash(left, right), reversed(self.hashes)) if self.hashes else EMPTY

    def copy(self) -> Self:
        """The same range, to go on with apart from this one."""
        return type(self)(self.size, self.hashes)


def levels_of(size: int) -> list[int]:
    """The levels of the whole subtrees that a tree of that size consists of, from the left."""
    return [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
