"""The peer's tables: the four views as plain rows in an SQLite file of its own, in one durable transaction.

Two forms, and the peer gets the faster: `text` (ids as they are, instants and dates as ISO 8601), or `numbers` with
all text in a dictionary beside, which is kept from one rebuild to the next (instants as microseconds, dates as days).
Same rows, keys and columns as ours, no index but the key, rows in the order of their keys, so that they are only
appended.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from benchmarks.by_hand import Row
from earlystart_core.entry import micros

FORMS = ("text", "numbers")
KEYS = {
    "case_status": ("case",),
    "request_queue": ("request",),
    "package_status": ("package",),
    "consent_status": ("case", "recipient", "purpose"),
}
_ZERO = date(1970, 1, 1).toordinal()
_PLAIN: dict[type, Callable[[Any], Any]] = {datetime: datetime.isoformat, date: date.isoformat}


class Tables:
    """The tables in a file, in one of the forms."""

    def __init__(self, path: Path, form: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -32768"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE IF NOT EXISTS ids (n INTEGER PRIMARY KEY, id TEXT NOT NULL)")
        self._ids: dict[str, int] = {}
        self._rows = self._text if form == "text" else self._numbers
        self._key = "TEXT NOT NULL" if form == "text" else "INTEGER NOT NULL"
        self._plain = {
            datetime: micros,
            date: lambda day: day.toordinal() - _ZERO,
            str: lambda text: self._ids.setdefault(text, len(self._ids)),
        }

    def commit(self, views: Mapping[str, Sequence[Row]]) -> None:
        """Makes the tables anew and fills them, durably (`synchronous` FULL)."""
        run = self._connection.execute
        known = len(self._ids)
        run("BEGIN IMMEDIATE")
        for view, rows in views.items():
            keys = KEYS[view]
            names = list(rows[0]) if rows else [*keys]
            columns = ", ".join(f'"{name}" {self._key}' if name in keys else f'"{name}"' for name in names)
            key = ", ".join(f'"{name}"' for name in keys)
            without = "" if len(keys) == 1 and self._key.startswith("INTEGER") else " WITHOUT ROWID"
            run(f"DROP TABLE IF EXISTS {view}")
            run(f"CREATE TABLE {view} ({columns}, PRIMARY KEY ({key})){without}")
            insert = f"INSERT INTO {view} VALUES ({', '.join('?' * len(names))})"
            self._connection.executemany(insert, self._rows(rows))
        new = list(self._ids.items())[known:]
        self._connection.executemany("INSERT INTO ids VALUES (?, ?)", ((number, text) for text, number in new))
        run("COMMIT")

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _text(self, rows: Sequence[Row]) -> Iterator[list[Any]]:
        for row in rows:
            yield [_PLAIN[type(one)](one) if type(one) in _PLAIN else one for one in row.values()]

    def _numbers(self, rows: Sequence[Row]) -> Iterator[list[Any]]:
        plain = self._plain
        for row in rows:
            yield [plain[type(one)](one) if type(one) in plain else one for one in row.values()]
