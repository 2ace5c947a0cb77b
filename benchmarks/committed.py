"""The peer's tables: the four views as plain rows in an SQLite file of its own, in one durable transaction.

Two forms, and the peer gets the faster: ids as `text` (instants and dates too, as ISO 8601), or `numbers` with the
ids in a table beside (instants as microseconds, dates as days). Same rows, keys and columns as ours; no index but the
key; no row ids, so that rows in the order of their keys are only appended.
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


def commit(path: Path, views: Mapping[str, Sequence[Row]], form: str) -> None:
    """Makes the tables anew and fills them, durably (`synchronous` FULL)."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32768")
    connection.execute("BEGIN IMMEDIATE")
    ids: dict[str, int] = {}
    for view, rows in views.items():
        names = list(rows[0]) if rows else list(KEYS[view])
        columns = ", ".join(f'"{name}"' for name in names)
        key = ", ".join(f'"{name}"' for name in KEYS[view])
        connection.execute(f"DROP TABLE IF EXISTS {view}")
        connection.execute(f"CREATE TABLE {view} ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID")
        insert = f"INSERT INTO {view} VALUES ({', '.join('?' * len(names))})"
        connection.executemany(insert, _text(rows) if form == "text" else _numbers(rows, ids))
    if form == "numbers":
        connection.execute("DROP TABLE IF EXISTS ids")
        connection.execute("CREATE TABLE ids (n INTEGER PRIMARY KEY, id TEXT NOT NULL)")
        connection.executemany("INSERT INTO ids VALUES (?, ?)", zip(ids.values(), ids, strict=True))
    connection.execute("COMMIT")
    connection.close()


def _text(rows: Sequence[Row]) -> Iterator[list[Any]]:
    plain: dict[type, Callable[[Any], Any]] = {datetime: datetime.isoformat, date: date.isoformat}
    for row in rows:
        yield [plain[type(one)](one) if type(one) in plain else one for one in row.values()]


def _numbers(rows: Sequence[Row], ids: dict[str, int]) -> Iterator[list[Any]]:
    plain: dict[type, Callable[[Any], Any]] = {
        datetime: micros,
        date: lambda day: day.toordinal() - _ZERO,
        str: lambda text: ids.setdefault(text, len(ids)),
    }
    for row in rows:
        yield [plain[type(one)](one) if type(one) in plain else one for one in row.values()]
