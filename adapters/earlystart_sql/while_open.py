"""The parts of a store that are in memory: nothing in a part knows that its store was closed, so each is told here."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from earlystart_core.access.keeping import MemoryAccessLog
from earlystart_core.memory_log import MemoryLog
from earlystart_core.privacy.keys import Chance, MemoryKeys
from earlystart_core.proof.memory import MemoryTree
from earlystart_core.store import was_closed
from earlystart_core.utc import Clock


class Closing(Protocol):
    """Of a store what its parts need."""

    clock: Clock
    chance: Chance

    @property
    def closed(self) -> bool:
        """Whether it was closed."""


class WhileOpen:
    """A part of a store, of which nothing can be had once the store is closed, whoever still holds the part."""

    _store: Closing

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if not name.startswith("__") and super().__getattribute__("_store").closed:
            raise was_closed()
        return found


class OpenTree(WhileOpen, MemoryTree):
    """The tree of a log of the store."""

    def __init__(self, store: Closing, rows: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        self._store = store
        super().__init__(rows)


class OpenLog(WhileOpen, MemoryLog):
    """A log of the store."""

    def __init__(self, store: Closing) -> None:
        self._store = store
        super().__init__(store.clock)
        self.tree = OpenTree(store, self._rows)


class OpenKeys(WhileOpen, MemoryKeys):
    """The keys of the store. new_kid: names a key."""

    def __init__(self, store: Closing, new_kid: Callable[[], str]) -> None:
        self._store = store
        super().__init__(store.chance, new_kid)


class OpenAccessLog(WhileOpen, MemoryAccessLog):
    """Who looked at the store. record: its other log."""

    def __init__(self, store: Closing, record: MemoryLog) -> None:
        self._store = store
        super().__init__(record, store.clock)
        self._log = OpenLog(store)
