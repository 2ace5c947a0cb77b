"""The tree of a log in memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from earlystart_core.proof.compact import Range
from earlystart_core.proof.entries import Rows
from earlystart_core.proof.hashing import BLOCK, Node
from earlystart_core.proof.tree import Signed, Tree, grown


class Whole(NamedTuple):
    """The whole blocks of a log: their range, and the hashes that are kept, by level and number."""

    range: Range
    kept: dict[tuple[int, int], bytes]


class MemoryTree(Tree):
    """The tree of rows of frame, stored data and leaf, which are only ever added to."""

    def __init__(self, rows: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        self._rows = rows
        self.whole = Whole(Range(), {})
        self._signed: list[Signed] = []

    def grown(self, new: Sequence[tuple[bytes, bytes, bytes]]) -> Whole:
        """The whole blocks after those rows are added; whoever appends them sets it."""
        range_, kept = self.whole
        if len(self._rows) + len(new) - range_.size < BLOCK:
            return self.whole
        range_ = range_.copy()
        leaves = [leaf for _, _, leaf in (*self._rows[range_.size :], *new)]
        return Whole(range_, kept | {(level, number): hash_ for level, number, hash_ in grown(range_, leaves)})

    def size(self) -> int:
        return len(self._rows)

    def leaves(self, first: int, last: int) -> bytes:
        return b"".join(leaf for _, _, leaf in self._rows[first:last])

    def kept(self, level: int, number: int) -> bytes | None:
        return self.whole.kept.get((level, number))

    def all_kept(self) -> Iterable[Node]:
        return [(level, number, hash_) for (level, number), hash_ in self.whole.kept.items()]

    def rows(self, after: int, upto: int) -> Iterator[Rows]:
        frames, data, leaves = zip(*self._rows[after:upto], strict=True) if after < upto else ((), (), ())
        yield Rows(range(after + 1, after + 1 + len(frames)), frames, data, list(leaves))

    def last_signed(self) -> Signed | None:
        return self._signed[-1] if self._signed else None

    def sign(self, make: Callable[[Signed | None], Signed]) -> Signed:
        self._signed.append(make(self.last_signed()))
        return self._signed[-1]
