"""Scatters: what a rule makes of lines (row, instant, position, value), for every row at once.

Rows are dense numbers from 0 to `count` - 1. Nothing here depends on the order of the lines.
"""

from collections.abc import Callable

import numpy as np

from earlystart_core.replay.columns import NULL, Array

_LEAST, _MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def winners(latest: bool, rows: Array, occurred: Array, positions: Array, count: int) -> Array:
    """For each row the index of its line of greatest (or least) (occurred, position); -1 where it has none."""
    found = np.full(count, -1, np.int64)
    if not len(rows):
        return found
    pick, worst = (np.maximum, _LEAST) if latest else (np.minimum, _MOST)
    best = np.full(count, worst, np.int64)
    pick.at(best, rows, occurred)
    lines = np.flatnonzero(occurred == best[rows])
    found[rows[lines]] = lines
    if np.count_nonzero(found >= 0) < len(lines):  # equal instants: the position decides
        best = np.full(count, worst, np.int64)
        pick.at(best, rows[lines], positions[lines])
        lines = lines[positions[lines] == best[rows[lines]]]
        found[rows[lines]] = lines
    return found


def at_winners(found: Array, values: Array, otherwise: int) -> Array:
    """The value of each row's line, or `otherwise`."""
    if not len(values):
        return np.full(len(found), otherwise, np.int64)
    return np.where(found >= 0, values[found], otherwise)


def standing(starts: tuple[Array, ...], ends: tuple[Array, ...], count: int) -> Array:
    """The value of each row's latest start, NULL where a later end names the same value."""
    rows, occurred, positions, values = starts
    found = winners(True, rows, occurred, positions, count)
    value = at_winners(found, values, NULL)
    since, place = at_winners(found, occurred, _MOST), at_winners(found, positions, _MOST)
    end_rows, end_at, end_place, end_values = ends
    later = (end_at > since[end_rows]) | ((end_at == since[end_rows]) & (end_place > place[end_rows]))
    value[end_rows[later & (end_values == value[end_rows])]] = NULL
    return value


def counted(rows: Array, _: Array, count: int) -> Array:
    """How many lines each row has."""
    return np.bincount(rows, minlength=count).astype(np.int64)


def summed(rows: Array, values: Array, count: int) -> Array:
    """The sum of each row's values."""
    sums = np.zeros(count, np.int64)
    np.add.at(sums, rows, values)
    return sums


def least(rows: Array, values: Array, count: int) -> Array:
    """The smallest of each row's values, or NULL."""
    best = np.full(count, _MOST, np.int64)
    np.minimum.at(best, rows, values)
    best[counted(rows, values, count) == 0] = NULL
    return best


def most(rows: Array, values: Array, count: int) -> Array:
    """The greatest of each row's values, or NULL."""
    best = np.full(count, _LEAST, np.int64)
    np.maximum.at(best, rows, values)
    return best  # the least number is NULL


def differing(rows: Array, values: Array, count: int) -> Array:
    """How many different values each row has."""
    rows, _ = distinct_pairs(rows, values)
    return counted(rows, rows, count)


def distinct_pairs(left: Array, right: Array) -> tuple[Array, Array]:
    """The distinct pairs (left, right), sorted."""
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    first = np.ones(len(left), bool)
    first[1:] = (np.diff(left) != 0) | (np.diff(right) != 0)
    return left[first], right[first]


def pack(parts: tuple[Array, ...], sizes: list[int]) -> tuple[tuple[Array, ...], Array]:
    """Dense rows for keys of several parts: the parts of each row, and each line's row.

    sizes: how many numbers each part's dictionary holds. Packs into 64 bits while they fit, else renumbers on the way.
    """
    packed, room = parts[0], sizes[0]
    for part, size in zip(parts[1:], sizes[1:], strict=True):
        if room * max(size, 1) >= 2**62:
            distinct, packed = np.unique(packed, return_inverse=True)
            room = len(distinct)
        packed, room = packed * max(size, 1) + part, room * max(size, 1)
    _, first, rows = np.unique(packed, return_index=True, return_inverse=True)
    return tuple(part[first] for part in parts), rows


GATHER: dict[str, Callable[[Array, Array, int], Array]] = {
    "count": counted,
    "total": summed,
    "smallest": least,
    "greatest": most,
    "distinct": differing,
}
