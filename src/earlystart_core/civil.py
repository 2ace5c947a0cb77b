"""Civil days in Leeds of many instants at once: the same as `types.london_date`, by a table of when clocks changed."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from earlystart_core.types import LONDON

_DAY = 86_400_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def london_days(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    """The civil day of each instant, in days since 1970-01-01. Instants are microseconds since then, UTC."""
    if not len(instants):
        return instants
    years = range(_year(int(instants.min())), _year(int(instants.max())) + 1)
    changes = [change for year in years for change in _changes(year)]
    since, offset = (np.array(column, np.int64) for column in zip(*changes, strict=True))
    return (instants + offset[np.searchsorted(since, instants, side="right") - 1]) // _DAY


def _year(instant: int) -> int:
    return (_EPOCH + timedelta(microseconds=instant)).year


@cache
def _changes(year: int) -> list[tuple[int, int]]:
    """From when on which offset held in a year, both in microseconds; the first is the year's beginning in UTC."""
    months = [datetime(year, month, 1, tzinfo=UTC) for month in range(1, 13)]
    months.append(datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC))
    found = [months[0]]
    for before, after in pairwise(months):  # no two changes lie in one month
        if _offset(before) != _offset(after):
            found.append(_change(before, after))
    return [((one - _EPOCH) // timedelta(microseconds=1), _offset(one) // timedelta(microseconds=1)) for one in found]


def _change(before: datetime, after: datetime) -> datetime:
    """The first second at which the later offset holds."""
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        before, after = (middle, after) if _offset(middle) == _offset(before) else (before, middle)
    return after


def _offset(moment: datetime) -> timedelta:
    offset = moment.astimezone(LONDON).utcoffset()
    assert offset is not None
    return offset
