"""The two clocks of a question: known at K (a position of the log) and effective at D (an instant of the world)."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import msgspec

from earlystart_core.errors import Invalid
from earlystart_core.log import Log
from earlystart_core.types import london_date, london_midnight
from earlystart_core.utc import in_years, read_day, read_instant, to_utc

Moment = int | date | datetime | str  # what a caller may give
_DAY = timedelta(days=1)
_LEAST = timedelta(microseconds=1)


class Clocks(msgspec.Struct, frozen=True):
    """What a question is asked for, and what its answer carries."""

    known: int  # entries with position <= known
    known_at: datetime | None  # recorded_at of that position; None at position 0
    effective: datetime | None = None  # events with occurred_at <= effective; None cuts nothing

    def __str__(self) -> str:
        known_at = "-" if self.known_at is None else instant_text(self.known_at)
        return (
            f"known={self.known}@{known_at} effective={'-' if self.effective is None else instant_text(self.effective)}"
        )


def instant_text(moment: datetime) -> str:
    """ISO 8601 in UTC with Z, microseconds only when not zero."""
    return msgspec.json.encode(moment.astimezone(UTC)).decode().strip('"')


def clocks_at(log: Log, known: Moment | None = None, effective: Moment | None = None) -> Clocks:
    """The clocks that a caller means: None is the head, and no cut.

    A date means the whole of that day in London, of today as much as is over; a text is a position in digits, a date
    or an instant.

    Raises:
        Invalid: `known` or `effective` is none of these, or `known` lies beyond the head or is yet to come.
    """
    head = log.head()
    position = head if known is None else _position(log, _read("known", known), head)
    last = next(log.read(after=position - 1, limit=1), None) if position else None
    until = None if effective is None else _until("effective", _read("effective", effective))
    return Clocks(position, None if last is None else last.recorded_at, until)


def instant_of(known: Moment) -> datetime | None:
    """The instant that a caller means by `known`, the end of the day for a date; None for a position.

    Raises:
        Invalid: it is neither.
    """
    moment = _read("known", known)
    return None if isinstance(moment, int) and not isinstance(moment, bool) else _until("known", moment)


def begin_of(field: str, moment: date | datetime | str) -> datetime:
    """The instant that a caller means as a beginning: that of the London day for a date.

    Raises:
        Invalid: it is neither a date nor an instant.
    """
    read = _read(field, moment)
    if isinstance(read, bool | int):
        raise Invalid(field, f"expected a date or an instant, got {type(read).__name__}")
    last = _until(field, read)
    return last if isinstance(read, datetime) else london_midnight(read)


def day_in(field: str, on: date | str) -> date:
    """The London day that a caller means: a date, or a text such as 2051-12-31.

    Raises:
        Invalid: it is neither.
    """
    with suppress(ValueError):
        if isinstance(on, str):
            return read_day(on)
        if isinstance(on, date) and not isinstance(on, datetime):
            return on
    what = repr(on[:40]) if isinstance(on, str) else type(on).__name__
    raise Invalid(field, f"expected a date such as 2051-12-31, got {what}")


def _read(field: str, moment: Moment) -> int | date | datetime:
    if not isinstance(moment, str):
        return int(moment) if isinstance(moment, int) and not isinstance(moment, bool) else moment
    text = moment.strip()
    if field == "known" and text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    for read in (read_day, read_instant):
        with suppress(ValueError):
            return read(text)
    or_position = "a position, " if field == "known" else ""
    expected = f"{or_position}a date such as 2026-03-31 or an instant such as 2026-03-31T12:00:00Z"
    raise Invalid(field, f"expected {expected}, got {text[:40]!r}")


def _position(log: Log, known: int | date | datetime, head: int) -> int:
    if isinstance(known, bool) or not isinstance(known, int):
        until = _until("known", known)
        begin = until if isinstance(known, datetime) else london_midnight(london_date(until))
        _expect_come(log, begin, head)
        return log.known_at(until)
    if not 0 <= known <= head:
        raise Invalid("known", f"expected a position from 0 to the head, {head}, got {known}")
    return known


def _expect_come(log: Log, moment: datetime, head: int) -> None:
    """Raises Invalid where the moment is later than the clock and than the last entry: more may be recorded by then."""
    last = next(log.read(after=head - 1, limit=1).entries(), None) if head else None
    if last is not None and moment <= last.recorded_at:
        return
    if moment > (now := log.clock()):
        raise Invalid("known", f"expected a moment up to now, {instant_text(now)}, got {instant_text(moment)}")


def _until(field: str, moment: int | date | datetime) -> datetime:
    """The last instant meant: the end of the London day for a date."""
    try:
        if isinstance(moment, datetime):
            return to_utc(moment)
        if isinstance(moment, date):
            return london_midnight(in_years(moment) + _DAY) - _LEAST
    except (ValueError, OverflowError) as error:
        raise Invalid(field, str(error)) from None
    raise Invalid(field, f"expected a date or an instant, got {type(moment).__name__}")
