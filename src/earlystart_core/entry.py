"""An entry: an event as the log holds it, its canonical bytes, and the leaf that the proof is built on.

These bytes can never change (docs/decisions/0001-bytes-of-an-entry.md). They are deterministic JSON: UTF-8, keys
sorted, no spaces, no floats. `data` stands in them as it came, so that they can be cut into the event's own bytes
and the frame around them, kept side by side without a second copy, and joined again without parsing.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import chain
from typing import Any

import msgspec
from eventsourcing.dcb.api import DCBEvent, DCBSequencedEvent

from earlystart_core.errors import Invalid, Unreadable
from earlystart_core.utc import utc_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder(order="deterministic").encode


def no_float(_: str) -> None:
    """Raises ValueError: in canonical bytes there are no floats."""
    raise ValueError


_decode = msgspec.json.Decoder(float_hook=no_float).decode
_CUT = b'"data":'

_TEXT = re.compile(rb'"(?:[^"\\]+|\\.)*"', re.DOTALL)

LONGEST_TEXT = 1_000  # characters of a type, tag, command_id, role
MOST_TAGS = 10_000
MOST_DATA = 16 * 2**20  # bytes
DEEPEST = 64  # objects and arrays within each other, in data that stands as it came


class Practitioner(msgspec.Struct, frozen=True):
    """Who recorded an entry, in which role, for which employer.

    practitioner: a `practitioner:` id. role: a short label (`health_visitor`). employer: an `org:` id.
    """

    practitioner: str
    role: str
    employer: str


@dataclass
class Entry(DCBEvent):
    """What is handed to the log. `data`: canonical JSON of the event's fields but `occurred_at`, or opaque bytes."""

    recorded_by: Practitioner | None = None
    command_id: str | None = None  # null where no command was given: history that came in a file
    version: int = 1
    occurred_at: datetime | None = None  # aware, UTC


@dataclass
class Recorded(DCBSequencedEvent):
    """An entry with what the log gave it under its append lock."""

    event: Entry
    position: int  # 1, 2, 3, … no gaps
    recorded_at: datetime  # aware, UTC, never smaller than the one before
    leaf: bytes = b""  # SHA-256(0x00 ‖ canonical bytes)


class Frame(msgspec.Struct):
    """The frame, parsed: everything of an entry but its data."""

    command_id: str | None
    occurred_at: datetime | None
    position: int
    recorded_at: datetime
    recorded_by: Practitioner | None
    tags: list[str]
    type: str
    version: int


_frames: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970-01-01T00:00:00Z, exactly."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(count: int) -> datetime:
    """The instant that many microseconds after 1970-01-01T00:00:00Z."""
    return EPOCH + timedelta(microseconds=count)


def blob_of(stored: object) -> bytes:
    """The bytes in a column of a store.

    Raises:
        TypeError: something else is there. `bytes` would make so many zeros of a number, however great.
    """
    return memoryview(stored).tobytes()  # type: ignore[arg-type]


def stored_data(data: bytes) -> bytes:
    """The data as it stands in the canonical bytes: a JSON object in its one spelling as it came, else base64 text."""
    return data if _is_object(data) else b'"' + base64.b64encode(data) + b'"'


def is_stored(stored: bytes) -> bool:
    """Whether those bytes are data as `stored_data` gives it."""
    if stored[:1] == b"{":
        return _is_object(stored)
    try:
        return stored_data(given_data(stored)) == stored
    except ValueError:
        return False


def _is_object(data: bytes) -> bool:
    """Whether it is a JSON object in its one spelling: sorted, without spaces, floats or a name said twice."""
    if data[:1] != b"{" or is_deep(data):
        return False
    try:
        return _encode(_decode(data)) == data
    except (ValueError, msgspec.MsgspecError):
        return False


def is_deep(data: bytes) -> bool:
    """Whether more objects and arrays stand within each other than `DEEPEST`.

    A bound of its own: how deep a parser gets depends on how deep in the program it is called.
    """
    if data.count(b"{") + data.count(b"[") <= DEEPEST:
        return False
    depth = 0
    for sign in _TEXT.sub(b"", data):
        depth += (sign in b"{[") - (sign in b"}]")
        if depth > DEEPEST:
            return True
    return False


def given_data(stored: bytes) -> bytes:
    """The data as it was given to `append`: the inverse of `stored_data`."""
    return stored if stored[:1] == b"{" else base64.b64decode(stored[1:-1])


def frame_of(entry: Entry, position: int, recorded_at: datetime) -> bytes:
    """The canonical bytes of an entry without its data, cut after `"data":` where that stands first."""
    fields: dict[str, Any] = {
        "command_id": entry.command_id,
        "data": msgspec.Raw(b""),
        "occurred_at": entry.occurred_at,
        "position": position,
        "recorded_at": recorded_at,
        "recorded_by": entry.recorded_by and _author(entry.recorded_by),
        "tags": entry.tags,
        "type": entry.type,
        "version": entry.version,
    }
    return _encode(fields)


def canonical(frame: bytes, stored: bytes) -> bytes:
    """The canonical bytes: the frame with the stored data put back in its place."""
    cut = frame.index(_CUT) + len(_CUT)
    return frame[:cut] + stored + frame[cut:]


def leaf_of(canonical_bytes: bytes) -> bytes:
    """The leaf of the hash tree: SHA-256(0x00 ‖ canonical bytes), RFC 6962 section 2.1."""
    return sha256(b"\x00" + canonical_bytes).digest()


def parse(frame: bytes, stored: bytes, leaf: bytes) -> Recorded:
    """The recorded entry that those stored bytes stand for.

    Raises:
        Unreadable: the frame is not the frame of an entry, or its data is gone.
    """
    try:
        cut = frame.index(_CUT) + len(_CUT)
        head = _frames.decode(frame[:cut] + b"null" + frame[cut:])
        data = given_data(stored)
    except (ValueError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError):
        # TypeError: there is no data at all. AttributeError: no bytes, as SQLite lets a number stand anywhere.
        raise Unreadable(
            "an entry of the log cannot be read: expected the frame of an entry, got other bytes"
        ) from None
    entry = Entry(
        type=head.type,
        data=data,
        tags=head.tags,
        recorded_by=head.recorded_by,
        command_id=head.command_id,
        version=head.version,
        occurred_at=head.occurred_at,
    )
    return Recorded(entry, head.position, head.recorded_at, leaf)


def canonical_of(recorded: Recorded) -> bytes:
    """The canonical bytes of an entry that was read from a log."""
    return canonical(
        frame_of(recorded.event, recorded.position, recorded.recorded_at), stored_data(recorded.event.data)
    )


def _author(by: Practitioner) -> dict[str, str]:
    return {"employer": by.employer, "practitioner": by.practitioner, "role": by.role}


def as_entry(event: DCBEvent) -> Entry:
    """The event as an entry: itself, or a plain DCB event with nothing added."""
    return event if isinstance(event, Entry) else Entry(event.type, event.data, list(event.tags))


def as_entries(events: Sequence[DCBEvent]) -> list[Entry]:
    """All of them, as entries that every store can hold, their instants in UTC.

    Raises:
        Invalid: a field of one is of another type than declared, or longer than any store need hold.
    """
    return [_checked(as_entry(event)) for event in events]


def check_text(field: str, text: object) -> None:
    """Refuses text that not every store can hold: over 1,000 characters, or with NUL or half a surrogate pair."""
    if not isinstance(text, str) or len(text) > LONGEST_TEXT or "\x00" in text:
        raise Invalid(field, f"expected text of at most {LONGEST_TEXT:,} characters without NUL")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Invalid(field, "expected text that UTF-8 can hold, got half of a surrogate pair") from None


def _checked(entry: Entry) -> Entry:
    by = entry.recorded_by
    texts = {"type": [entry.type], "tags": entry.tags}
    texts["command_id"] = [] if entry.command_id is None else [entry.command_id]
    texts["recorded_by"] = [] if by is None else [by.practitioner, by.role, by.employer]
    if not _plain(texts.values()):  # as good as never: then name the field
        for field, each in texts.items():
            for text in each:
                check_text(field, text)
    if not isinstance(entry.data, bytes) or len(entry.data) > MOST_DATA:
        raise Invalid("data", f"expected at most {MOST_DATA:,} bytes")
    if len(entry.tags) > MOST_TAGS:
        raise Invalid("tags", f"expected at most {MOST_TAGS:,} tags, got {len(entry.tags):,}")
    if not 1 <= entry.version < 2**31:
        raise Invalid("version", "expected a number from 1 to 2147483647")
    at = None if entry.occurred_at is None else utc_of("occurred_at", entry.occurred_at)
    return entry if at is entry.occurred_at else replace(entry, occurred_at=at)


def _plain(texts: Iterable[list[str]]) -> bool:
    """Whether all of it together is short ASCII, so that nothing in it can be at fault."""
    try:
        whole = "".join(chain.from_iterable(texts))
    except TypeError:
        return False
    return len(whole) <= LONGEST_TEXT and whole.isascii() and "\x00" not in whole
