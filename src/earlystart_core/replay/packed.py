"""Packed: a column as bytes: whole numbers of the least width that holds them, little end first, nothing else.

A number is kept as how many steps it lies above a base. The base, the step, the width and what stands for nothing are
kept beside the bytes, with their length and CRC-32.
"""

import zlib

import msgspec
import numpy as np

from earlystart_core.replay.columns import NULL, PLAIN, Array, Column

_WIDTHS = (1, 2, 4, 8)


class Unsound(Exception):
    """The bytes are not those of the column: torn, foreign, or of another run or shape."""


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """How a column was packed, and what its bytes must be."""

    count: int  # how many numbers
    width: int  # bytes a number; 0 where all are the base
    base: int
    step: int
    void: int | None  # what stands for nothing
    checksum: int  # CRC-32 of the bytes

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self.count * self.width


def pack(values: Array, held: str) -> tuple[Packed, bytes]:
    """Numbers (as `Column.whole`) held so, packed: how, and the bytes."""
    return _plain(values) if held in PLAIN else _of_dictionary(values)


def _of_dictionary(values: Array) -> tuple[Packed, bytes]:
    """Numbers of a dictionary stand as they are, so that columns of several runs can be joined: 0 is nothing."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if low < 0:
        raise ValueError("expected numbers of a dictionary, got one below 0")
    return _kept(values, next(width for width in _WIDTHS if high < 256**width), 0, 1, 0)


def _plain(values: Array) -> tuple[Packed, bytes]:
    there = values != NULL
    some = values if there.all() else values[there]
    if not len(some):
        return _kept(np.zeros(len(values), np.int64), 1, 0, 1, 0) if len(values) else (Packed(0, 0, 0, 1, None, 0), b"")
    base, high = int(some.min()), int(some.max())
    if base == high and len(some) == len(values):
        return Packed(len(values), 0, base, 1, None, 0), b""
    room = high - base
    step = int(np.gcd.reduce((some - base).view(np.uint64))) if room < 2**63 else 1
    steps = room // (step or 1)
    width = next((width for width in _WIDTHS if steps < 256**width - 1), 8)
    if steps >= 2**63 - 1:
        return _kept(values, 8, 0, 1, NULL)
    void = None if len(some) == len(values) else 256**width - 1 if width < 8 else 2**63 - 1
    raw = np.where(there, (values - base) // (step or 1), void or 0)
    return _kept(raw, width, base, step or 1, void)


def _kept(raw: Array, width: int, base: int, step: int, void: int | None) -> tuple[Packed, bytes]:
    data = raw.astype(_type(width)).tobytes()
    return Packed(len(raw), width, base, step, void, zlib.crc32(data)), data


def unpack(packed: Packed, data: bytes | None, held: str) -> Column:
    """The column.

    Raises:
        Unsound: the bytes are not those that were packed.
    """
    nothing = NULL if held in PLAIN else 0
    if packed.width == 0:
        raw = np.zeros(packed.count, np.uint8)
        return Column(raw, packed.base, void=packed.void, nothing=nothing)
    if not packed.count:
        data = b""  # nothing is kept of it
    if packed.width not in _WIDTHS or not isinstance(data, bytes) or len(data) != packed.size:
        raise Unsound
    if zlib.crc32(data) != packed.checksum:
        raise Unsound
    return Column(np.frombuffer(data, _type(packed.width)), packed.base, packed.step, packed.void, nothing)


def _type(width: int) -> str:
    return "<i8" if width == 8 else f"<u{width}"
