"""A store in memory: the shortest reading of every port, for tests and examples. Nothing outlives the process."""

import os
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from eventsourcing.dcb.api import DCBAppendCondition
from eventsourcing.persistence import IntegrityError

from earlystart_core.block import block
from earlystart_core.checking import checked_chance
from earlystart_core.clocks import clocks_at
from earlystart_core.entry import Entry
from earlystart_core.privacy.keys import Chance, KeyStore
from earlystart_core.replay.as_at import AsAt
from earlystart_core.replay.check import built, differences, rows_by_row
from earlystart_core.replay.explain import Explained
from earlystart_core.store import Difference, Frames, Rebuilt, Source, Store, Views, still_open
from earlystart_core.ulid import ulid
from earlystart_core.utc import Clock, utc_clock
from earlystart_core.views import VIEWS
from earlystart_core.words import EVENTS
from earlystart_sql.system import system_clock
from earlystart_sql.while_open import OpenAccessLog, OpenKeys, OpenLog, WhileOpen

if TYPE_CHECKING:
    from earlystart_core.access.keeping import AccessLog
    from earlystart_core.erasing.erasure import Forgetting
    from earlystart_core.log import Log


class MemoryViews(WhileOpen):
    """Views that are folded anew for every question: never stale, never stored."""

    shelf = None
    threads = 1

    def __init__(self, store: Store) -> None:
        self._store = store
        self._log = store.log

    @block
    def reading(self) -> Iterator[Frames]:
        yield AsAt(self._log, EVENTS, clocks_at(self._log))

    def rebuild(self, source: Source | None = None) -> Rebuilt:
        return self.check()[0]

    def check(self, source: Source | None = None) -> tuple[Rebuilt, list[Difference]]:
        started = perf_counter()
        folded = AsAt(self._log, EVENTS, clocks_at(self._log))
        folded.fold([view.name for view in VIEWS])
        seconds = perf_counter() - started
        columns = {view.name: folded.rows(view.name) for view in VIEWS}
        found = list(differences("by the row executor", rows_by_row(self._log, EVENTS, folded.clocks.known), columns))
        views = {name: built(rows) for name, rows in columns.items()}
        return Rebuilt(folded.events, "rows", seconds, 0.0, seconds, views), found

    def sample(self, chance: Chance) -> tuple[int, list[Difference]]:
        return 0, []  # nothing is stored: each answer is folded when it is asked

    def explain(self, source: Source | None = None) -> Explained:
        return AsAt(self._log, EVENTS, clocks_at(self._log)).explain()

    def lag(self) -> dict[str, int | None]:
        return {view.name: 0 for view in VIEWS}


class MemoryForgetting(WhileOpen):
    """Forgetting where nothing is beside the log (`erasure.Forgetting`)."""

    def __init__(self, store: Store, log: OpenLog) -> None:
        self._store = store
        self._log = log

    def behind(self, subject: str) -> list[str]:
        return []

    def remembers(self, subject: str) -> bool:
        return False

    def people(self) -> list[tuple[str, str]]:
        return []

    def children(self) -> list[tuple[str, str]]:
        return []

    def sealed(self, subjects: Sequence[str]) -> list[tuple[str, bytes]]:
        return []

    def certify(
        self, tombstone: Entry, condition: DCBAppendCondition, subjects: Sequence[str], destroy: Callable[[], None]
    ) -> tuple[int, int]:
        with self._log.lock:
            found = self._log.read(condition.fail_if_events_match, after=condition.after, limit=1)
            if next(found, None) is not None:
                raise IntegrityError(condition)
            destroy()
            return self._log.append([tombstone], condition), 0

    def forget(self, subjects: Sequence[str]) -> int:
        return 0

    def scrub(self) -> None:
        """Nothing is in a file."""

    def owe(self, subjects: Sequence[str]) -> None:
        """Nothing is in a file."""

    def owed(self) -> list[str]:
        return []

    def settle(self, subjects: Sequence[str]) -> None:
        """Nothing was owed."""


class MemoryStore:
    """The log, its keys and its views in this process (`store.Store`)."""

    def __init__(self, clock: Clock, chance: Chance) -> None:
        self.clock = clock = utc_clock(clock)
        self.chance = chance
        self.closed = False
        log = OpenLog(self)
        self.log: Log = log
        self._keys = OpenKeys(self, lambda: f"k_{ulid(clock(), chance)}")
        self.views: Views = MemoryViews(self)
        self.forgetting: Forgetting = MemoryForgetting(self, log)
        self.access: AccessLog = OpenAccessLog(self, log)

    @property
    def keys(self) -> KeyStore:
        """The keys of sealed text.

        Raises:
            Invalid: the store was closed.
        """
        still_open(self)
        return self._keys

    def secret(self, name: str) -> bytes:
        """As the port says."""
        return self.keys.secret(name)

    def close(self) -> None:
        """Nothing to give back: only nothing more is told, by no part of it (`WhileOpen`)."""
        self.closed = True


def open_store(
    url: str, *, keys: str | None = None, clock: Clock | None = None, chance: Chance | None = None
) -> MemoryStore:
    """A fresh store at `memory://`. keys: not used, they are in memory too."""
    return MemoryStore(
        system_clock if clock is None else clock, checked_chance(os.urandom if chance is None else chance)
    )
