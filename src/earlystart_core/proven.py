"""An entry compared with its leaf: readers are judged by, and shown, what was hashed when it was recorded.

A verification of the whole log says the same of every entry, and much more; this is what a single read can afford.
"""

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from hashlib import sha256

import msgspec

from earlystart_core.entry import Recorded, canonical, frame_of, leaf_of, stored_data
from earlystart_core.errors import Tampered, Unreadable

_CUT = b'"data":'


class Proven(msgspec.Struct, frozen=True, gc=False):
    """What an entry says, without who recorded it and when."""

    position: int
    type: str
    version: int
    occurred_at: datetime | None
    data: bytes  # as it is stored


class _Head(msgspec.Struct, gc=False):
    occurred_at: datetime | None
    position: int
    tags: list[str]
    type: str
    version: int


_head = msgspec.json.Decoder(_Head).decode


def proven(position: int, frame: bytes, stored: bytes, leaf: bytes, tags: AbstractSet[str]) -> Proven:
    """The entry that stands at a position, of its stored bytes. tags: by which the index found it.

    Raises:
        Unreadable: its data is gone, or the bytes are no entry's.
        Tampered: they do not give its leaf, are those of an entry at another position, or name none of the tags.
    """
    try:
        cut = frame.index(_CUT) + len(_CUT)
        found = sha256(b"".join((b"\x00", frame[:cut], stored, frame[cut:]))).digest()
        head = _head(b"".join((frame[:cut], b"null", frame[cut:])))
    except (ValueError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError):
        raise Unreadable(f"entry {position} cannot be read: expected the bytes of an entry, got other bytes") from None
    _expect(position, found == leaf, head.position)
    _expect_named(position, tags, head.tags)
    return Proven(position, head.type, head.version, head.occurred_at, stored)


def proven_of(recorded: Recorded, tags: AbstractSet[str]) -> Proven:
    """The same of an entry that was read from a log.

    Raises:
        Tampered: its bytes do not give its leaf, or it names none of the tags.
    """
    entry, position = recorded.event, recorded.position
    _expect(position, _is_its_leaf(recorded), position)
    _expect_named(position, tags, entry.tags)
    return Proven(position, entry.type, entry.version, entry.occurred_at, stored_data(entry.data))


def about(tag: str, entries: Iterable[Recorded]) -> Iterator[Recorded]:
    """The same entries, each checked against its leaf and against the tag by which the index found it.

    Raises:
        Tampered: the bytes of one do not give its leaf, or it does not name the tag.
    """
    tags = {tag}
    for one in entries:
        _expect(one.position, _is_its_leaf(one), one.position)
        _expect_named(one.position, tags, one.event.tags)
        yield one


def _is_its_leaf(recorded: Recorded) -> bool:
    data = recorded.event.data
    frame = frame_of(recorded.event, recorded.position, recorded.recorded_at)
    if data[:1] == b"{" and leaf_of(canonical(frame, data)) == recorded.leaf:
        return True  # as nearly all are stored: how other data is stored takes longer to find
    return leaf_of(canonical(frame, stored_data(data))) == recorded.leaf


def _expect(position: int, is_its_leaf: bool, says: int) -> None:
    if not is_its_leaf:
        raise Tampered(f"position {position}: its bytes do not give its leaf; earlystart log verify says more")
    if says != position:
        raise Tampered(f"position {position}: the entry here says that it is the one at position {says}")


def _expect_named(position: int, tags: AbstractSet[str], named: Collection[str]) -> None:
    if tags.isdisjoint(named):
        raise Tampered(
            f"position {position}: the index gives this entry for an id that the entry does not name;"
            " earlystart log verify says more"
        )
