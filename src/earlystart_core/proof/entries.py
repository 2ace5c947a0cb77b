"""Entries as they are stored, held against what they must be. Fast while all is well, exact where it is not.

An entry is sound when its bytes give its leaf, when its frame is the one spelling of what it says, when it says its
own place, and when the columns that are kept beside it say what it says.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec

from earlystart_core.entry import EPOCH, canonical, from_micros, leaf_of, micros

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
    """What came of checking: the leaf of each row, when the first and the last were recorded, and the doubts."""

    leaves: list[bytes]
    begun: int  # microseconds
    ended: int
    doubts: list[Doubt]


class _By(msgspec.Struct, frozen=True, gc=False):
    employer: str
    practitioner: str
    role: str


class _Frame(msgspec.Struct, frozen=True, gc=False):
    command_id: str | None
    data: None
    occurred_at: datetime | None
    position: int
    recorded_at: datetime
    recorded_by: _By | None
    tags: list[str]
    type: str
    version: int


_many = msgspec.json.Decoder(list[_Frame]).decode
_one = msgspec.json.Decoder(_Frame).decode
_encode = msgspec.json.Encoder().encode


def check(rows: Rows, after: int, recorded: int) -> Checked:
    """The rows checked, which must follow that position; `recorded`: of the entry there (microseconds)."""
    if not rows.doubts and list(rows.positions) == list(range(after + 1, after + 1 + len(rows.positions))):
        found = _sound(rows, recorded)
        if found is not None:
            return found
    return _searched(rows, after, recorded)


def _sound(rows: Rows, recorded: int) -> Checked | None:
    """The rows where nothing at all is wrong with them, looked at together; else None."""
    try:
        parts = [frame.partition(_CUT) for frame in rows.frames]
        leaves = [
            sha256(b"".join((b"\x00", before, _CUT, data or b"", after))).digest()
            for (before, _, after), data in zip(parts, rows.data, strict=True)
        ]
        pieces = [b"", _NULL, b"", b","] * len(parts)  # one join of many is far faster than a replacement in each
        pieces[::4] = [before for before, _, _ in parts]
        pieces[2::4] = [after for _, _, after in parts]
        whole = b"[%b]" % b"".join(pieces[:-1])
        frames = _many(whole)
        times = [(frame.recorded_at - EPOCH) // _MICROSECOND for frame in frames]
    except (ValueError, TypeError, OverflowError, msgspec.MsgspecError):
        return None
    sound = (
        None not in rows.data
        and (
            rows.leaves == leaves or all(given in (leaf, None) for given, leaf in zip(rows.leaves, leaves, strict=True))
        )
        and _encode(frames) == whole
        and [frame.position for frame in frames] == list(rows.positions)
        and {frame.recorded_at.tzinfo for frame in frames} <= {UTC}
        and sorted([recorded, *times]) == [recorded, *times]
        and _agree(frames, times, rows.columns)
    )
    return Checked(leaves, times[0] if times else recorded, times[-1] if times else recorded, []) if sound else None


def _agree(frames: list[_Frame], times: list[int], columns: Columns | None) -> bool:
    """Whether the columns say what the frames say, and `occurred_at` is in UTC."""
    occurred = [frame.occurred_at for frame in frames]
    return {None if moment is None else moment.tzinfo for moment in occurred} <= {None, UTC} and (
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
    leaves, doubts, begun = [], list(rows.doubts), None
    for at, position in enumerate(rows.positions):
        doubts += _place(position, after)
        frame, data, given = rows.frames[at], rows.data[at], rows.leaves[at]
        leaf = given or b""
        try:
            if data is None:
                doubts.append(Doubt(position, "its data is gone"))
            else:
                leaf = leaf_of(canonical(frame, data))
                if given not in (leaf, None):
                    doubts.append(
                        Doubt(position, "its bytes do not give its leaf: it was changed after it was recorded")
                    )
            said = _one(frame.replace(_CUT, _NULL, 1))
            moment = micros(said.recorded_at)
        except (ValueError, TypeError, OverflowError, msgspec.MsgspecError):
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
                doubts += _beside(position, said, rows.columns, at)
        leaves.append(leaf)
        after = position
    return Checked(leaves, recorded if begun is None else begun, recorded, doubts)


def _place(position: int, after: int) -> Iterator[Doubt]:
    if position > after + 1:
        missing = f"it is missing; the next entry is at {position}"
        yield Doubt(after + 1, missing)
    elif position <= after:
        yield Doubt(position, f"it stands behind the entry at position {after}: expected rising positions")


def _frame(position: int, frame: bytes, said: _Frame) -> Iterator[Doubt]:
    if said.position != position:
        yield Doubt(position, f"the entry here says that it is the one at position {said.position}")
    utc = said.recorded_at.tzinfo is UTC and (said.occurred_at is None or said.occurred_at.tzinfo is UTC)
    if not utc or _encode(said) != frame.replace(_CUT, _NULL, 1):
        yield Doubt(position, "its bytes are not the one spelling of what they say")


def _beside(position: int, said: _Frame, columns: Columns, at: int) -> Iterator[Doubt]:
    occurred = None if said.occurred_at is None else micros(said.occurred_at)
    for name, kept, right in (
        ("type and version", columns.shapes[at], (said.type, said.version)),
        ("recorded_at", columns.recorded[at], micros(said.recorded_at)),
        ("occurred_at", columns.occurred[at], occurred),
    ):
        if kept != right:
            yield Doubt(position, f"the {name} kept beside it is not the one that it says")
