"""Values: what one field of a feed can hold, read strictly; None where the text is not such a value."""

import re
from datetime import UTC, date, datetime, time
from functools import lru_cache

from earlystart_core.types import LONDON, SLUG, clean_text
from earlystart_core.utc import in_years

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}")
_NHS = re.compile(r"[0-9]{10}")
_SLUG = re.compile(SLUG)
_ORG = re.compile(f"org:{SLUG}")
LONGEST_LABEL, LONGEST_TEXT, LONGEST_ID, LONGEST_CONTACT = 200, 10_000, 100, 1440
NOT_TEXT = "\N{REPLACEMENT CHARACTER}"


@lru_cache(maxsize=100_000)
def day(text: str) -> date | None:
    """The civil date that `YYYY-MM-DD` names, from 1900 to 2200."""
    if _DAY.fullmatch(text) is None:
        return None
    try:
        return in_years(date.fromisoformat(text))
    except ValueError:
        return None


@lru_cache(maxsize=100_000)
def clock_time(text: str) -> time | None:
    """The local time that `HH:MM:SS` names."""
    if _TIME.fullmatch(text) is None:
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=100_000)
def instant(on: date, at: time = time()) -> datetime | None:
    """The instant (UTC) of that London time; None where the spring change skips it; the first where it comes twice."""
    local = datetime.combine(on, at, tzinfo=LONDON)
    moment = local.astimezone(UTC)
    return moment if moment.astimezone(LONDON).replace(tzinfo=None) == local.replace(tzinfo=None) else None


def nhs_number(text: str) -> str | None:
    """The ten digits, without spaces, of a number whose check digit is right (domain.md 4.2)."""
    digits = text.replace(" ", "")
    if _NHS.fullmatch(digits) is None or len(set(digits)) == 1:
        return None
    check = 11 - sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), digits, strict=False)) % 11
    return digits if check % 11 == int(digits[9]) and check != 10 else None


def slug(text: str) -> str | None:
    """The text, where `team:` and it make an id."""
    return text if _SLUG.fullmatch(text) and len(text) <= LONGEST_ID - len("team:") else None


def org(text: str) -> str | None:
    """The text, where it is a full `org:` id."""
    return text if _ORG.fullmatch(text) and len(text) <= LONGEST_ID else None


@lru_cache(maxsize=10_000)
def label(text: str) -> str | None:
    """The short free code in NFC, where the record can hold it: up to 200 characters of plain text."""
    try:
        cleaned = clean_text(text)
    except ValueError:
        return None
    return cleaned if 0 < len(cleaned) <= LONGEST_LABEL else None


def free_text(text: str) -> str:
    """The text as the record holds it: LF line ends, what is no text replaced, 10,000 characters at most."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return clean_text(text)[:LONGEST_TEXT]
    except ValueError:
        return "".join(char if _is_text(char) else NOT_TEXT for char in text)[:LONGEST_TEXT]


def _is_text(char: str) -> bool:
    try:
        clean_text(char)
    except ValueError:
        return False
    return True


def minutes(text: str) -> int | None:
    """The length of a contact in whole minutes, 0 to 1440."""
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) and int(text) <= LONGEST_CONTACT else None
