"""Scatters: what a rule makes of lines (row, instant, …), for every row at once.

Rows are dense numbers below `count`; lines come in rising position. With keys that are rows already there is no
hashing and no sorting, and where one place is written twice the last writing wins: so ties go to the greater position.
"""

import numpy as np
from numpy.typing import NDArray

from earlystart_core.replay.columns import Array

LEAST, MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def latest(rows: Array, occurred: Array, count: int) -> Array:
    """The line of the greatest (occurred, position) of each row that has any, by rising line."""
    lines = np.arange(len(rows))
    top = np.empty(count, np.int64)  # written before it is read
    top[rows] = lines  # the last line of each row, which is its latest where facts came in order
    late = occurred > occurred[top[rows]]
    if late.any():
        _settle(top, rows, occurred, _of_rows(rows, late, count), greatest=True)
    return np.flatnonzero(top[rows] == lines)


def earliest(rows: Array, occurred: Array, count: int) -> Array:
    """The line of the smallest (occurred, position) of each row that has any, by rising line."""
    lines = np.arange(len(rows))
    top = np.empty(count, np.int64)
    top[rows[::-1]] = lines[::-1]
    early = occurred < occurred[top[rows]]
    if early.any():
        _settle(top, rows, occurred, _of_rows(rows, early, count)[::-1], greatest=False)
    return np.flatnonzero(top[rows] == lines)


def _of_rows(rows: Array, lines: NDArray[np.bool_], count: int) -> Array:
    """All lines of the rows that have one of those."""
    odd = np.zeros(count, bool)
    odd[rows[lines]] = True
    return np.flatnonzero(odd[rows])


def _settle(top: Array, rows: Array, occurred: Array, lines: Array, *, greatest: bool) -> None:
    """Writes the line of the greatest or smallest instant of each row; the last of `lines` wins a tie."""
    best = np.full(len(top), LEAST if greatest else MOST, np.int64)
    (np.maximum if greatest else np.minimum).at(best, rows[lines], occurred[lines])
    found = lines[occurred[lines] == best[rows[lines]]]
    top[rows[found]] = found


def counted(rows: Array, count: int) -> Array:
    """How many lines each row has."""
    return np.bincount(rows, minlength=count).astype(np.int64, copy=False)


def distinct_pairs(left: Array, right: Array) -> tuple[Array, Array]:
    """The distinct pairs (left, right), sorted."""
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    first = np.ones(len(left), bool)
    first[1:] = (np.diff(left) != 0) | (np.diff(right) != 0)
    return left[first], right[first]


def pack(parts: tuple[Array, ...], sizes: list[int]) -> tuple[tuple[Array, ...], Array]:
    """Dense rows for keys of several parts: the parts of each row, and each line's row.

    sizes: how many numbers each part's dictionary holds. The smallest go together first; what has been put together
    is numbered anew, by a table where that is no larger than the lines make worth while, else by sorting.
    """
    small_first = sorted(range(len(parts)), key=sizes.__getitem__)
    packed, room = parts[small_first[0]], max(sizes[small_first[0]], 1)
    for part in small_first[1:]:
        if room * sizes[part] >= 2**62:
            packed, firsts = _renumbered(packed, room)
            room = len(firsts)
        rows, firsts = _renumbered(packed * sizes[part] + parts[part], room * max(sizes[part], 1))
        packed, room = rows, len(firsts)
    return tuple(part[firsts] for part in parts), rows


def _renumbered(packed: Array, room: int) -> tuple[Array, Array]:
    """Each line's number among the distinct ones from 0, and a line of each."""
    if room > max(64 * len(packed), 1 << 16):
        _, firsts, rows = np.unique(packed, return_index=True, return_inverse=True)
        return rows, firsts
    line = np.full(room, -1, np.int64)
    line[packed] = np.arange(len(packed))
    there = np.flatnonzero(line >= 0)
    number = np.empty(room, np.int64)
    number[there] = np.arange(len(there))
    return number[packed], line[there]
