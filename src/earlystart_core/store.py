"""What a record stands on: a log, keys, views and who looked, given by an adapter together with a clock and chance.

A scheme of a URL finds its adapter through the entry point group `earlystart.stores`; the core imports none.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from earlystart_core.clocks import Clocks
from earlystart_core.errors import Invalid, shown
from earlystart_core.log import Log
from earlystart_core.privacy.keys import Chance, KeyStore
from earlystart_core.utc import Clock

if TYPE_CHECKING:
    import polars as pl

    from earlystart_core.access.keeping import AccessLog
    from earlystart_core.erasing.erasure import Forgetting
    from earlystart_core.replay.explain import Explained
    from earlystart_core.replay.shelf import Shelf

GROUP = "earlystart.stores"
Source = Literal["segments", "rows"]


class Frames(Protocol):
    """The views at one moment."""

    clocks: Clocks  # the position and instants that they answer for

    def frame(
        self, view: str, columns: Sequence[str] | None = None, *, team: str | None = None, case: str | None = None
    ) -> "pl.DataFrame":
        """A view's rows by key, with its key and those columns; None means all.

        team: only rows whose case is under that team in `case_status` at the same moment. case: only of that case.
        """

    def rows(self, view: str, *, team: str | None = None, case: str | None = None) -> list[dict[str, Any]]:
        """The same with every column, as rows."""


class ViewBuilt(msgspec.Struct, frozen=True):
    """One view after a rebuild. sha256: hex, over the exact bytes of `view NAME --ndjson`."""

    rows: int
    sha256: str


class Rebuilt(msgspec.Struct, frozen=True):
    """What a rebuild did. Times in seconds; hashing and process start are in none of them."""

    events: int  # of the types that the views name
    source: Source
    fold_seconds: float  # stored log to view columns in memory
    write_seconds: float  # columns to committed tables
    seconds: float  # all of it, sealing too
    views: Mapping[str, ViewBuilt]

    @property
    def fold_events_per_second(self) -> float:
        return self.events / self.fold_seconds if self.fold_seconds else 0.0

    @property
    def events_per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0


class Difference(msgspec.Struct, frozen=True):
    """Where a rebuilt view and the served one part: the view, the key, and what was found."""

    view: str
    key: str
    found: str


class Views(Protocol):
    """The views that a store keeps beside its log."""

    @property
    def shelf(self) -> "Shelf | None":
        """The log's sealed segments, where the store can have any."""

    @property
    def threads(self) -> int:
        """How many may read and fold at once."""

    def reading(self) -> AbstractContextManager[Frames]:
        """The views at the head of the log, never stale."""

    def rebuild(self, source: Source | None = None) -> Rebuilt:
        """Builds every view anew from the log and serves it from then on.

        source: `segments` seals what is not sealed yet and reads that; `rows` reads nothing else; None reads the
        segments that there are. A store without any reads rows.
        """

    def check(self, source: Source | None = None) -> tuple[Rebuilt, list[Difference]]:
        """Rebuilds beside the served views at their own positions; changes nothing, and seals nothing.

        Rows are folded by both executors, and segments too where there are any. source: which of them the others are
        held against, and timed; `segments` means rows where there are none.
        """

    def sample(self, chance: Chance) -> tuple[int, list[Difference]]:
        """Holds some of the served rows against the log, by chance; changes nothing.

        Gives how many cases were looked at, and where their rows are not what their entries give.
        """

    def explain(self, source: Source | None = None) -> "Explained":
        """The plan of a rebuild; `source` as there, but nothing is sealed."""

    def lag(self) -> dict[str, int | None]:
        """How many positions each view is behind the head; None where it was never built."""


class Store(Protocol):
    """An open store."""

    log: Log
    views: Views
    forgetting: "Forgetting"
    access: "AccessLog"
    clock: Clock
    chance: Chance

    @property
    def closed(self) -> bool:
        """Whether it was closed. What is asked of it then raises, and opens nothing again."""

    @property
    def keys(self) -> KeyStore:
        """The keys of sealed text; what needs none never asks for them. Raises StoreUnavailable without them."""

    def secret(self, name: str) -> bytes:
        """A secret of the whole store (`Keys.secret`). Raises StoreUnavailable without the keys."""

    def close(self) -> None:
        """Gives back what the store holds. Closing twice is harmless."""


def still_open(store: Store) -> Store:
    """The same store.

    Raises:
        Invalid: it was closed.
    """
    if store.closed:
        raise was_closed()
    return store


def was_closed() -> Invalid:
    """What is said to whoever asks something of a record after it was closed."""
    return Invalid("record", "expected an open one, got one that was closed: open it again")


def open_store(url: str, **options: Any) -> Store:
    """The store at a URL, or at a file path (an SQLite file).

    Raises:
        Invalid: no adapter knows the URL's scheme, or it is no text.
        StoreUnavailable: the store cannot be opened.
    """
    if not isinstance(url, str):
        raise Invalid("db", f"expected text, a file path or a URL, got {type(url).__name__}")
    scheme = url.partition("://")[0].partition("+")[0] if "://" in url else "sqlite"
    found = {point.name: point for point in entry_points(group=GROUP)}
    if scheme not in found:
        names = ", ".join(sorted(found))
        raise Invalid("db", f"expected a file path or a URL of {names}, got the scheme {shown(scheme)}")
    opener = found[scheme].load()
    taken = signature(opener).parameters
    for name in options:
        if name not in taken:
            others = ", ".join(sorted(set(taken) - {"url"}))
            raise Invalid(shown(name)[1:-1], f"expected an option of a store on {scheme} ({others}), got another")
    store: Store = opener(url, **options)
    return store
