"""Calendar: days, office hours and instants in Leeds, as whole numbers that are cheap to add.

A day is the number of days since 1970-01-01; an instant is microseconds since then, UTC. The city ends at END:
nothing occurs or is recorded at it or after.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache

from earlystart_core.entry import EPOCH, micros
from earlystart_core.types import LONDON

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
END_AT = datetime(2026, 9, 1, tzinfo=UTC)
END = micros(END_AT)
END_DAY = END // DAY
MAX_YEARS = 30

_FIRST = date(1990, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
_LAST = date(2036, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
_ORIGIN = date(1970, 1, 1).toordinal()


def date_of(day: int) -> date:
    """The civil date of a day."""
    return date.fromordinal(day + _ORIGIN)


def number_of(day: date) -> int:
    """The day of a civil date."""
    return day.toordinal() - _ORIGIN


def moment(at: int) -> datetime:
    """An instant as an aware datetime, exactly."""
    return EPOCH + timedelta(at // DAY, 0, at % DAY)


@cache
def _noons() -> list[int]:
    days = (date_of(day) for day in range(_FIRST, _LAST))
    return [micros(datetime(day.year, day.month, day.day, 12, tzinfo=LONDON)) for day in days]


def at_minute(day: int, minute: int) -> int:
    """That minute of a Leeds day (0 is midnight) as an instant; exact from 03:00 to 23:59."""
    return _noons()[day - _FIRST] + (minute - 720) * MINUTE


def day_of(at: int) -> int:
    """The Leeds day of an instant."""
    return (at - _noons()[at // DAY - _FIRST] + at // DAY * DAY + DAY // 2) // DAY


def _holiday(day: date) -> bool:
    """The bank holidays that have a rule without Easter in it."""
    fixed = (day.month, day.day) in ((1, 1), (12, 25), (12, 26))
    in_may = day.month == 5 and (day.day <= 7 or day.day >= 25)
    in_august = day.month == 8 and day.day >= 25
    return fixed or (day.weekday() == 0 and (in_may or in_august))


@cache
def _next_working() -> list[int]:
    following, found = _LAST, []
    for day in range(_LAST - 1, _FIRST - 1, -1):
        civil = date_of(day)
        if civil.weekday() < 5 and not _holiday(civil):
            following = day
        found.append(following)
    return found[::-1]


def works(day: int) -> bool:
    """Whether it is a working day."""
    return _next_working()[day - _FIRST] == day


def next_working(day: int) -> int:
    """The day itself, or the first working day after it."""
    return _next_working()[day - _FIRST]


def working_within(day: int, last: int) -> int:
    """The next working day, or the last one before `last` where the next comes too late."""
    found = next_working(day)
    while found > last:
        last -= 1
        found = next_working(last)
    return found


def anniversary(day: int, years: int) -> int:
    """The birthday so many years on; a child born on 29 February has it on 1 March."""
    born = date_of(day)
    try:
        return number_of(born.replace(year=born.year + years))
    except ValueError:
        return number_of(date(born.year + years, 3, 1))
