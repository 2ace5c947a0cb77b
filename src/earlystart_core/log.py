"""The log: one append-only sequence of tagged facts. Here is the port; its shortest reading is `memory_log`.

The port is eventsourcing's `DCBRecorder` with what a record of two clocks needs besides: the store gives each entry
a gapless position and a `recorded_at` under its append lock, and remembers the receipt of each command.
"""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from threading import Event as Signal
from typing import Protocol, Self

import msgspec
from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBReadResponse,
    DCBRecorder,
    DCBSubscription,
)

from earlystart_core.entry import (
    Recorded,
)
from earlystart_core.errors import StoreUnavailable
from earlystart_core.proof.tree import Tree
from earlystart_core.proven import Proven, proven_of
from earlystart_core.utc import Clock

POLL_SECONDS = 0.05


class Receipt(msgspec.Struct, frozen=True):
    """What became of a command: stored with its events, also when there were none."""

    command_id: str
    digest: bytes  # keyed digest of the command's content
    positions: tuple[int, ...] = ()


class AlreadyRecorded(Exception):
    """Under the append lock: that command_id has a receipt already. The log was not changed."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(receipt.command_id)
        self.receipt = receipt


class Batch(msgspec.Struct):
    """Entries of one shape (type and version) in rising position, their data as one JSON array."""

    type: str
    version: int
    positions: Sequence[int]
    occurred: Sequence[int | None]  # microseconds since 1970, UTC
    data: bytes


@dataclass
class Condition(DCBAppendCondition):
    """An append condition that also fails where the entry at `after` is another: the log was put back meanwhile."""

    leaf: bytes | None = None  # of the entry at `after`; None: not asked


class Batched(Protocol):
    """What gives entries in bulk: a log, or a part of one."""

    def batches(self, types: Sequence[str], *, after: int = 0, upto: int | None = None) -> Iterator[Batch]:
        """As `Log.batches`."""


class Read(DCBReadResponse):
    """Entries in rising position. `head`: the log's head as read, or with a limit the last position given."""

    def __init__(self, entries: Iterable[Recorded], head: int | None, leaf: bytes | None = None) -> None:
        """leaf: of the entry at the head."""
        self._entries = iter(entries)
        self._head = head
        self.leaf = leaf

    @property
    def head(self) -> int | None:
        return self._head

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Recorded:
        return next(self._entries)

    def entries(self) -> Iterator[Recorded]:
        """The same, typed: the port's own type knows only plain DCB events."""
        return self._entries


class Log(DCBRecorder):
    """The port. Every store passes one contract suite (tests/test_log_contract.py)."""

    clock: Clock  # gives entries their `recorded_at`, and says which moments are yet to come
    tree: Tree  # the hash tree over its leaves, kept in the transaction of each append

    @property
    def history(self) -> object:
        """The same object while the log only grows; another one once it was found put back to an earlier state."""
        return self

    @abstractmethod
    def read(self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None) -> Read:
        """Entries that match any item of the query (a type of its types and all of its tags), after a position."""

    @abstractmethod
    def append(
        self,
        events: Sequence[DCBEvent],
        condition: DCBAppendCondition | None = None,
        *,
        receipt: Receipt | None = None,
    ) -> int:
        """Appends all of the events or none, durably, and returns the position of the last.

        With a receipt there may be no events; its positions are filled in by the log.

        Raises:
            AlreadyRecorded: the receipt's command_id is known; looked up under the lock, before the condition.
            IntegrityError (eventsourcing's): entries after `condition.after` match the condition's query, or the
                entry at `condition.after` is another than the condition says.
            ProgrammingError (eventsourcing's): neither events nor a receipt.
            StoreUnavailable: the store did not take it; nothing was kept.
        """

    @abstractmethod
    def head(self) -> int:
        """The greatest position, 0 for an empty log."""

    @abstractmethod
    def known_at(self, moment: datetime) -> int:
        """The last position recorded at or before that instant, 0 when there is none."""

    @abstractmethod
    def receipt(self, command_id: str) -> Receipt | None:
        """What became of that command, or None when it was never recorded."""

    def about(self, types: Sequence[str], tags: Collection[str], *, upto: int) -> list[Proven]:
        """The entries of those types that carry any of those tags, with `position <= upto`, in rising position.

        Each is compared with its leaf. A store may have a quicker way.

        Raises:
            Tampered: the bytes of one do not give its leaf, or it names none of the tags.
            Unreadable: one cannot be read.
        """
        asked = frozenset(tags)
        items = [DCBQueryItem([*types], [tag]) for tag in tags]
        read = self.read(DCBQuery(items)).entries() if items else iter(())
        return [proven_of(one, asked) for one in takewhile(lambda one: one.position <= upto, read)]

    @abstractmethod
    def batches(self, types: Sequence[str], *, after: int = 0, upto: int | None = None) -> Iterator[Batch]:
        """The entries of those types with `after < position <= upto`, in batches: the bulk way to columns."""

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> "Subscription":
        """Entries as they are recorded, from after a position on; blocks at the head."""
        return Subscription(self, query, after)


def put_back() -> StoreUnavailable:
    """What is said to whoever read a log that is no longer there."""
    return StoreUnavailable("the store was put back to an earlier state while it was read: ask again")


@contextmanager
def of_one_log(log: Log, history: object = None) -> Iterator[None]:
    """Within, whatever is read is of one log that only grows.

    history: as it was when something was read that is used here; it is looked at again first.

    Raises:
        StoreUnavailable: the log was put back to an earlier state since.
    """
    if history is None:
        history = log.history
    else:
        log.head()
    if log.history is not history:
        raise put_back()
    try:
        yield
    except Exception as error:
        if log.history is not history:  # what was read of two logs may fail in any way
            raise put_back() from error
        raise
    if log.history is not history:
        raise put_back()


class Subscription(DCBSubscription[Log]):
    """Reads a page, then waits and reads again: a lost wake-up cannot lose an entry.

    Raises StoreUnavailable where the log was put back to before what it gave last.
    """

    def __init__(self, log: Log, query: DCBQuery | None = None, after: int | None = None) -> None:
        super().__init__(log, query, after)
        self._page = Read((), None)
        self._last: Recorded | None = None  # what was given last
        self._stopped = Signal()

    def stop(self) -> None:
        super().stop()
        self._stopped.set()

    def __next__(self) -> Recorded:
        while not self._stopped.is_set():
            for entry in self._page:
                self._last, self._last_position = entry, entry.position
                return entry
            self._page = self._next_page()
            entry_or_none = next(self._page, None)
            if entry_or_none is not None:
                self._last, self._last_position = entry_or_none, entry_or_none.position
                return entry_or_none
            self._stopped.wait(POLL_SECONDS)
        raise StopIteration

    def _next_page(self) -> Read:
        last = self._last
        if last is None:
            return self._recorder.read(self._query, after=self._last_position, limit=500)
        page = self._recorder.read(self._query, after=last.position - 1, limit=501)
        again = next(page, None)
        if again is None or (again.position, again.leaf) != (last.position, last.leaf):
            raise put_back()
        return page


def matches(query: DCBQuery | None, kind: str, tags: Iterable[str]) -> bool:
    """Whether an entry of that type and those tags is asked for."""
    if query is None or not query.items:
        return True
    held = set(tags)
    return any((not item.types or kind in item.types) and held.issuperset(item.tags) for item in query.items)
