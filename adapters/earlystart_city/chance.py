"""Chance: everything random in the city, from one seed.

Only PCG64's raw output is used, which NumPy promises never to change; its distributions it may change.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from earlystart_core.errors import Invalid
from earlystart_core.privacy.keys import Chance
from earlystart_core.ulid import ALPHABET

T = TypeVar("T")
BLOCK = 65_536
DICE, IDS, PLAN, NONCES, KEYS, KIDS = range(6)  # streams of one seed, independent of one another


def bits(seed: int, stream: int) -> np.random.PCG64:
    """One stream of raw chance.

    Raises:
        Invalid: the seed is negative or too large.
    """
    if not 0 <= seed < 2**63:
        raise Invalid("seed", "expected a whole number from 0 to 9223372036854775807")
    return np.random.PCG64(np.random.SeedSequence([seed, stream]))


def units(source: np.random.PCG64, count: int) -> NDArray[np.float64]:
    """That many numbers of [0, 1)."""
    return (source.random_raw(count) >> np.uint64(11)).astype(np.float64) * np.float64(2.0**-53)


def seeded_chance(seed: int, stream: int = KEYS) -> Chance:
    """Bytes of chance from the seed, for key material and nonces of a simulation. Never for real keys."""
    source = bits(seed, stream)
    held, at = b"", 0

    def chance(count: int) -> bytes:
        nonlocal held, at
        if at + count > len(held):
            held, at = held[at:] + source.random_raw(max(BLOCK, count) // 8 + 1).astype("<u8").tobytes(), 0
        at += count
        return held[at - count : at]

    return chance


class Weighted(Generic[T]):
    """Values, each with its weight."""

    def __init__(self, weights: dict[T, float]) -> None:
        total = sum(weights.values())
        self.values = list(weights)
        self.bounds = [bound / total for bound in accumulate(weights.values())][:-1]


class Dice:
    """Single throws, drawn from NumPy by the block."""

    def __init__(self, seed: int) -> None:
        self.unit = self._blocks(bits(seed, DICE)).__next__  # a number of [0, 1)

    @staticmethod
    def _blocks(source: np.random.PCG64) -> Iterator[float]:
        while True:
            yield from units(source, BLOCK).tolist()

    def yes(self, share: float) -> bool:
        """True in that share of throws."""
        return self.unit() < share

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def pick(self, values: Sequence[T]) -> T:
        """One of the values, each as likely."""
        return values[int(self.unit() * len(values))]

    def of(self, weighted: Weighted[T]) -> T:
        """One of the values by its weight."""
        return weighted.values[bisect(weighted.bounds, self.unit())]


class Ids:
    """Fresh ULIDs: the milliseconds of their instant, and chance from the seed."""

    def __init__(self, seed: int, stream: int = IDS) -> None:
        self._tail = self._tails(bits(seed, stream)).__next__

    @staticmethod
    def _tails(source: np.random.PCG64) -> Iterator[str]:
        letters = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
        while True:
            fives = source.random_raw(BLOCK).astype("<u8").view(np.uint8) & np.uint8(31)
            yield from letters[fives].view("S16").astype("U16").tolist()

    def ulid(self, at: int) -> str:
        """26 characters; `at`: microseconds since 1970."""
        ms = at // 1000
        return (
            _PAIRS[ms >> 40] + _PAIRS[ms >> 30 & 1023] + _PAIRS[ms >> 20 & 1023]
            + _PAIRS[ms >> 10 & 1023] + _PAIRS[ms & 1023] + self._tail()
        )  # fmt: skip

    def new(self, kind: str, at: int) -> str:
        """A fresh id of that kind."""
        return f"{kind}:{self.ulid(at)}"


_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # ten bits each
