"""What the tests of feeds share: writing feeds, stores to import into, and reading back what was recorded."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earlystart_core.entry import canonical_of
from earlystart_core.memory_log import MemoryLog
from earlystart_core.privacy.keys import Keys, MemoryKeys
from earlystart_core.ulid import ulid
from earlystart_feeds import Report, import_feed
from earlystart_feeds.ledger import Ledger, MemoryLedger
from earlystart_sql import open_store

if TYPE_CHECKING:
    from earlystart_core.log import Log

DATA = Path(__file__).parent.parent / "data" / "feeds"
SMALL = DATA / "small"
EXPECTED = json.loads((DATA / "small.expected.json").read_text())
SEALED = ("reason", "rationale")


def now() -> datetime:
    return datetime.now(UTC)


class Store:
    """A store in memory."""

    def __init__(self) -> None:
        self.log: Log = MemoryLog(now)
        self.keys: Keys = MemoryKeys(os.urandom, lambda: f"k_{ulid(now(), os.urandom)}")
        self.ledger: Ledger = MemoryLedger(self.log)

    def close(self) -> None:
        pass


class SqlPlace(Store):
    """A store at a URL."""

    def __init__(self, url: str) -> None:
        self.store = open_store(url, clock=now, chance=os.urandom)
        self.log = self.store.log
        self.keys = self.store.keys
        self.ledger = self.store.ledger

    def close(self) -> None:
        self.store.close()


def take(store: Store, folder: Path) -> Report:
    return import_feed(folder, store, clock=now, chance=os.urandom)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A folder with those files."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def rows_as_csv(rows: Iterable[Sequence[str]], end: str = "\n") -> str:
    out = StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue()


def entries(store: Store) -> list[dict[str, Any]]:
    """The log as it is exported."""
    return [json.loads(canonical_of(each)) for each in store.log.read()]


def types(store: Store) -> Counter[str]:
    return Counter(each["type"] for each in entries(store))


def story(facts: Iterable[tuple[str, str, Mapping[str, Any]]]) -> list[tuple[str, str, str]]:
    """Facts with each id by its place of first mention, and each sealed text by whether there is one."""
    places: dict[str, str] = {}

    def told(name: str, value: Any) -> Any:
        if name in SEALED and not isinstance(value, str | None):
            return "text"
        if isinstance(value, list):
            return [told("", each) for each in value]
        kind, colon, rest = str(value).partition(":")
        if value is None or not colon or kind in ("team", "org") or rest == "unknown":
            return value
        return places.setdefault(str(value), f"{kind} {len(places)}")

    return [
        (type, at, json.dumps({name: told(name, data[name]) for name in sorted(data)}, sort_keys=True))
        for type, at, data in facts
    ]


def recorded_story(store: Store) -> list[tuple[str, str, str]]:
    return story((each["type"], each["occurred_at"], each["data"]) for each in entries(store))


def naive_story(events: Iterable[tuple[str, str, Mapping[str, Any]]]) -> list[tuple[str, str, str]]:
    codes = {"CaseClosed", "CaseOpened", "AllocationEnded"}  # there a reason is a code
    return story(
        (type, at, {k: "text" if k in SEALED and v is not None and type not in codes else v for k, v in data.items()})
        for type, at, data in events
    )
