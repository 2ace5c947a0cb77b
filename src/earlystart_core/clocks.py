"""The two clocks of a question: known at K (a position of the log) and effective at D (an instant of the world)."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import msgspec

from earlystart_core.errors import Invalid
from earlystart_core.log import Log
from earlystart_core.types import in_years, london_midnight, to_utc

Moment = int | date | datetime | str  # what a caller may give
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
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

    A date means the whole of that day in London; a text is a position in digits, a date or an instant.

    Raises:
        Invalid: `known` or `effective` is none of these, lies beyond the head, or is before the log's first position.
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
        if isinstance(on, str) and _DATE.fullmatch(on):
            return date.fromisoformat(on)
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
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        return msgspec.json.decode(msgspec.json.encode(text), type=datetime)
    except (ValueError, msgspec.MsgspecError):
        or_position = "a position, " if field == "known" else ""
        expected = f"{or_position}a date such as 2026-03-31 or an instant such as 2026-03-31T12:00:00Z"
        raise Invalid(field, f"expected {expected}, got {text[:40]!r}") from None


def _position(log: Log, known: int | date | datetime, head: int) -> int:
    if isinstance(known, bool) or not isinstance(known, int):
        return log.known_at(_until("known", known))
    if not 0 <= known <= head:
        raise Invalid("known", f"expected a position from 0 to the head, {head}, got {known}")
    return known


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
