"""The access log: who looked, kept beside the record in the same database, append-only, with a hash tree of its own.

Here are its port and its shortest reading, in memory. Its entries have the form of the log's, so what proves the one
proves the other; who and when stand in them as there.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.entry import Entry, Recorded
from earlystart_core.memory_log import MemoryLog
from earlystart_core.proof.tree import Tree
from earlystart_core.utc import Clock


class Moved(Exception):
    """Something was recorded about a case or a glass after what was read of it. Nothing was kept."""


class Garbled(msgspec.Struct, frozen=True):
    """An entry of the access log whose bytes are no entry: someone else wrote there, or the disk did.

    position: None where not even that is a number.
    """

    position: int | None


class AccessLog(Protocol):
    """What a store keeps of who looked."""

    @property
    def tree(self) -> Tree:
        """The hash tree over its leaves."""

    def append(
        self,
        entries: Sequence[Entry],
        *,
        cases: Collection[str] = (),
        known: int = 0,
        glass: str | None = None,
        read: int = 0,
    ) -> int:
        """Appends all of them or none, durably, and returns the position of the last.

        cases: whose readers were judged by the log as it was known at that position. glass: one that was judged by
        this log's entries about it up to the position `read`.

        Raises:
            Moved: there is a later entry about one of the cases, or about the glass; looked up under the append lock.
            StoreUnavailable: they could not be kept; then nothing may be shown.
        """

    def latest(self) -> datetime | None:
        """When its last entry that can be read was recorded; None where it has none."""

    def about(self, tag: str | None = None, since: datetime | None = None) -> Iterable[Recorded | Garbled]:
        """The entries that carry that tag, or all; recorded at that instant or later; in rising position.

        One that cannot be read stands in its place as Garbled: the others are given all the same.
        """


class MemoryAccessLog:
    """The access log of a store in memory."""

    def __init__(self, record: MemoryLog, clock: Clock) -> None:
        self._record = record
        self._log = MemoryLog(clock)

    @property
    def tree(self) -> Tree:
        return self._log.tree

    def append(
        self,
        entries: Sequence[Entry],
        *,
        cases: Collection[str] = (),
        known: int = 0,
        glass: str | None = None,
        read: int = 0,
    ) -> int:
        with self._record.lock:
            if (cases and _is_about(self._record, cases, known)) or (glass and _is_about(self._log, [glass], read)):
                raise Moved
            return self._log.append(entries)

    def latest(self) -> datetime | None:
        last = next(self._log.read(after=max(self._log.head() - 1, 0)).entries(), None)
        return None if last is None else last.recorded_at

    def about(self, tag: str | None = None, since: datetime | None = None) -> Iterable[Recorded | Garbled]:
        read = self._log.read(None if tag is None else DCBQuery([DCBQueryItem(tags=[tag])]))
        return (one for one in read.entries() if since is None or one.recorded_at >= since)


def _is_about(log: MemoryLog, tags: Iterable[str], after: int) -> bool:
    """Whether an entry after that position carries one of the tags."""
    query = DCBQuery([DCBQueryItem(tags=[tag]) for tag in tags])
    return next(log.read(query, after=after, limit=1), None) is not None
