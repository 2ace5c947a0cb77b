"""Entries as they are stored, held against what they must be. Fast while all is well, exact where it is not.

An entry is sound when its bytes give its leaf, when its frame and its data are the one spelling of what they say, when
it says its own place, and when the columns that are kept beside it say what it says.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import cast

import msgspec

from earlystart_core.entry import EPOCH, canonical, from_micros, is_deep, is_stored, leaf_of, micros, no_float

Shape = tuple[str, int]  # type and version
_CUT, _NULL = b'"data":', b'"data":null'
_MICROSECOND = timedelta(microseconds=1)


class Doubt(msgspec.Struct, frozen=True):
    """Something that must not be. position: of the entry that it is about, None where it is about the whole log."""

    position: int | None
    found: str

    def __str__(self) -> str:
        return self.found if self.position is None else f"position {self.position}: {self.found}"


class Columns(msgspec.Struct):
    """What a store keeps beside each entry, said again."""

    shapes: Sequence[Shape | None]
    recorded: Sequence[int]  # microseconds since 1970, UTC
    occurred: Sequence[int | None]


class Rows(msgspec.Struct):
    """Entries as they stand one behind the other, by the positions under which they are stored."""

    positions: Sequence[int]
    frames: Sequence[bytes]
    data: Sequence[bytes | None]
    leaves: Sequence[bytes | None]  # None: an export that gives none
    columns: Columns | None = None
    doubts: Sequence[Doubt] = ()  # what the reading itself found


class Checked(msgspec.Struct):
    """What came of checking: of each row its leaf and its frame, when the first and last were recorded, the doubts."""

    leaves: list[bytes]
    frames: Sequence["Frame | None"]  # None: cannot be read
    begun: int  # microseconds
    ended: int
    doubts: list[Doubt]


class By(msgspec.Struct, frozen=True, gc=False):
    """Who recorded an entry."""

    employer: str
    practitioner: str
    role: str


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A frame as it was parsed."""

    command_id: str | None
    data: None
    occurred_at: datetime | None
    position: int
    recorded_at: datetime
    recorded_by: By | None
    tags: list[str]
    type: str
    version: int


_frames = msgspec.json.Decoder(Frame).decode_lines
_one = msgspec.json.Decoder(Frame).decode
_values = msgspec.json.Decoder(float_hook=no_float).decode_lines
_encoder = msgspec.json.Encoder()
_deterministic = msgspec.json.Encoder(order="deterministic")


def check(rows: Rows, after: int, recorded: int) -> Checked:
    """The rows checked, which must follow that position; `recorded`: of the entry there (microseconds)."""
    if not rows.doubts and list(rows.positions) == list(range(after + 1, after + 1 + len(rows.positions))):
        found = _sound(rows, recorded)
        if found is not None:
            return found
    return _searched(rows, after, recorded)


def _sound(rows: Rows, recorded: int) -> Checked | None:
    """The rows where nothing at all is wrong with them, looked at together; else None."""
    if None in rows.data:
        return None
    data = cast("Sequence[bytes]", rows.data)
    try:
        parts = [frame.partition(_CUT) for frame in rows.frames]
        leaves = [
            sha256(b"".join((b"\x00", before, _CUT, each, after))).digest()
            for (before, _, after), each in zip(parts, data, strict=True)
        ]
        pieces = [b"", _NULL, b"", b"\n"] * len(parts)  # one join of many is far faster than a replacement in each
        pieces[::4] = [before for before, _, _ in parts]
        pieces[2::4] = [after for _, _, after in parts]
        lines = b"".join(pieces)
        frames = _frames(lines)
        times = [(frame.recorded_at - EPOCH) // _MICROSECOND for frame in frames]
        spelled = _encoder.encode_lines(frames) == lines and _are_stored(data)
    except (ValueError, TypeError, OverflowError, RecursionError, msgspec.MsgspecError):
        return None
    sound = (
        (rows.leaves == leaves or all(given in (leaf, None) for given, leaf in zip(rows.leaves, leaves, strict=True)))
        and spelled
        and [frame.position for frame in frames] == list(rows.positions)
        and {frame.recorded_at.tzinfo for frame in frames} <= {UTC}
        and sorted([recorded, *times]) == [recorded, *times]
        and _agree(frames, times, rows.columns)
    )
    begun, ended = (times[0], times[-1]) if times else (recorded, recorded)
    return Checked(leaves, frames, begun, ended, []) if sound else None


def _are_stored(data: Sequence[bytes]) -> bool:
    """Whether each is data as a log stores it: `entry.is_stored`, of many at once.

    Line feeds stand between values and never in one, so that equal lines are the same values, one by one.
    """
    lines = b"\n".join([*data, b""])
    values = _values(lines)
    return (
        len(values) == len(data)
        and not any(map(is_deep, data))
        and _deterministic.encode_lines(values) == lines
        and (
            {*map(type, values)} == {dict}
            or all(type(value) is dict or is_stored(each) for value, each in zip(values, data, strict=True))
        )
    )


def _agree(frames: list[Frame], times: list[int], columns: Columns | None) -> bool:
    """Whether the columns say what the frames say, and `occurred_at` is in UTC."""
    occurred = [frame.occurred_at for frame in frames]
    return {moment.tzinfo for moment in occurred if moment is not None} <= {UTC} and (
        columns is None
        or (
            list(columns.recorded) == times
            and list(columns.shapes) == [(frame.type, frame.version) for frame in frames]
            and list(columns.occurred)
            == [None if moment is None else (moment - EPOCH) // _MICROSECOND for moment in occurred]
        )
    )


def _searched(rows: Rows, after: int, recorded: int) -> Checked:
    """The rows looked at one by one."""
    leaves, frames, doubts, begun = [], list[Frame | None](), list(rows.doubts), None
    for at, position in enumerate(rows.positions):
        doubts += _place(position, after)
        frame, data, given = rows.frames[at], rows.data[at], rows.leaves[at]
        leaf, said = given or b"", None
        try:
            if data is None:
                doubts.append(Doubt(position, "its data is gone"))
            else:
                leaf = leaf_of(canonical(frame, data))
                if given not in (leaf, None):
                    doubts.append(Doubt(position, "its bytes do not give its leaf: it or the leaf was changed since"))
            said = _one(frame.replace(_CUT, _NULL, 1))
            moment, occurred = micros(said.recorded_at), None if said.occurred_at is None else micros(said.occurred_at)
            from_micros(moment)  # one that is no instant in UTC cannot be told
            if data is not None and not is_stored(data):
                doubts.append(Doubt(position, "its data is not the one spelling of a JSON object, nor base64 text"))
        except (ValueError, TypeError, OverflowError, RecursionError, msgspec.MsgspecError):
            doubts.append(Doubt(position, "expected the canonical bytes of an entry, got other bytes"))
        else:
            doubts += _frame(position, frame, said)
            if moment < recorded:
                before = f"{from_micros(recorded):%Y-%m-%dT%H:%M:%S.%fZ}"
                doubts.append(
                    Doubt(position, f"recorded before the entry at the position below, which was at {before}")
                )
            begun = moment if begun is None else begun
            recorded = max(recorded, moment)
            if rows.columns is not None:
                doubts += _beside(position, said, (moment, occurred), rows.columns, at)
        leaves.append(leaf)
        frames.append(said)
        after = position
    return Checked(leaves, frames, recorded if begun is None else begun, recorded, doubts)


def _place(position: int, after: int) -> Iterator[Doubt]:
    if position > after + 1:
        missing = f"it is missing; the next entry is at {position}"
        yield Doubt(after + 1, missing)
    elif position == after:
        yield Doubt(position, "it is there a second time")
    elif position < after:
        yield Doubt(position, f"it stands behind the entry at position {after}: expected rising positions")


def _frame(position: int, frame: bytes, said: Frame) -> Iterator[Doubt]:
    if said.position != position:
        yield Doubt(position, f"the entry here says that it is the one at position {said.position}")
    utc = said.recorded_at.tzinfo is UTC and (said.occurred_at is None or said.occurred_at.tzinfo is UTC)
    if not utc or _encoder.encode(said) != frame.replace(_CUT, _NULL, 1):
        yield Doubt(position, "its bytes are not the one spelling of what they say")


def _beside(position: int, said: Frame, moments: tuple[int, int | None], columns: Columns, at: int) -> Iterator[Doubt]:
    recorded, occurred = moments
    for name, kept, right in (
        ("type and version", columns.shapes[at], (said.type, said.version)),
        ("recorded_at", columns.recorded[at], recorded),
        ("occurred_at", columns.occurred[at], occurred),
    ):
        if kept != right:
            yield Doubt(position, f"the {name} kept beside it is not the one that it says")
