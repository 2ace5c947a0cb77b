"""UTC: every instant is UTC from where it comes in, be it text, a datetime of any zone, or what a clock says."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import msgspec

from earlystart_core.errors import Invalid

FIRST_YEAR, LAST_YEAR = 1900, 2200
FURTHEST = timedelta(hours=14)  # from UTC, of any zone
Clock = Callable[[], datetime]  # gives aware instants, of any offset; a log asks once an entry, under the append lock

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FINER = re.compile(r"(\.[0-9]{6})[0-9]+")
_TO_THE_MINUTE = re.compile(r"([Tt ][0-9]{2}:[0-9]{2})(?=$|[Zz+-])")


def to_utc(moment: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError when naive, offset by over 14 hours, or outside 1900 to 2200."""
    try:
        offset = moment.utcoffset()
    except Exception:  # noqa: BLE001 - a zone of the caller's own may fail in any way
        raise ValueError("expected an instant with its offset from UTC, got one whose zone gives none") from None
    if offset is None:
        raise ValueError("expected an instant with its offset from UTC, got one without")
    if abs(offset) > FURTHEST:
        raise ValueError("expected an offset within 14 hours of UTC")
    try:
        moment = datetime.combine(moment.date(), moment.time(), UTC) - offset  # plain, whatever subclass it was
    except OverflowError:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def in_years(day: date) -> date:
    """The same civil date. Raises ValueError outside 1900 to 2200."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    return date(day.year, day.month, day.day)  # plain, whatever subclass it was


def read_instant(text: str) -> datetime:
    """The instant that a text says, as it says it; what is finer than a microsecond is cut off.

    Raises:
        ValueError: it is not spelt so: 2026-03-31T12:00:00Z, or with another offset; the seconds may be left out.
    """
    try:
        return msgspec.convert(_TO_THE_MINUTE.sub(r"\1:00", _FINER.sub(r"\1", text), count=1), datetime)
    except (ValueError, msgspec.MsgspecError):
        raise ValueError("expected an instant such as 2026-03-31T12:00:00Z, got other text") from None


def read_day(text: str) -> date:
    """The date that a text says. Raises ValueError where it is not spelt as 2026-03-31."""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass  # no such day
    raise ValueError("expected a date such as 2026-03-31, got other text")


def utc_of(field: str, moment: datetime) -> datetime:
    """The same instant in UTC, as a plain datetime.

    Raises:
        Invalid: it is no instant with an offset from UTC, or outside 1900 to 2200; names `field`.
    """
    if type(moment) is datetime and moment.tzinfo is UTC and FIRST_YEAR <= moment.year <= LAST_YEAR:
        return moment
    if not isinstance(moment, datetime):
        raise Invalid(field, f"expected an instant with its offset from UTC, got {type(moment).__name__}")
    try:
        return to_utc(moment)
    except ValueError as error:
        raise Invalid(field, str(error)) from None


def utc_clock(clock: Clock) -> Clock:
    """The same clock, giving UTC whatever it gave. It may stand still or run back: a log does not.

    Raises:
        Invalid: it cannot be called; later, when it is: it fails, or gives anything but an instant with its offset from
            UTC, from 1900 to 2200.
    """
    if not callable(clock):
        raise Invalid("clock", f"expected a function that gives an instant, got {type(clock).__name__}")
    return clock if isinstance(clock, _UtcClock) else _UtcClock(clock)


class _UtcClock:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self) -> datetime:
        try:
            now = self._clock()
        except Exception as error:
            raise Invalid("clock", f"expected an instant, got {type(error).__name__}") from error
        return utc_of("clock", now)
