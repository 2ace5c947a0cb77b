"""Stores for segments: one that many small logs are told into, one after another, and small cities."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from earlystart_core.clocks import clocks_at
from earlystart_core.entry import Entry, micros
from earlystart_core.record import Record
from earlystart_core.replay.frames import Folding
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
from earlystart_sql.segments import SqlShelf
from tests.cli.conftest import city, copied

__all__ = ["city"]

LENGTH = 400
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Tell = Callable[[list[Entry]], SqlLog]


def told_anew(url: str, entries: list[Entry]) -> SqlLog:
    """A log of those entries in that place, where another may have been."""
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET client_min_messages = warning")
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    log = SqlLog(open_database(url, LOG), lambda: NOW)
    if entries:
        log.append(entries)
    return log


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Iterator[Tell]:
    """Makes a log of entries: in memory, or where the test asks for it on PostgreSQL, one at a time."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ":memory:"
    opened: list[SqlLog] = []

    def telling(entries: list[Entry]) -> SqlLog:
        for log in opened:
            log.database.close()
        opened[:] = [told_anew(url, entries)]
        return opened[0]

    yield telling
    for log in opened:
        log.database.close()


@pytest.fixture(params=("sqlite", "postgresql"))
def town(request: pytest.FixtureRequest, city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a small city of a test's own, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{copied(city, tmp_path)}"
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    url: str = request.getfixturevalue("postgres_url")
    with Record.open(f"sqlite:///{city}") as record, Record.open(url, lost_keys=True) as other:  # text stays sealed
        other.store.log.append([one.event for one in record.store.log.read()])
        assert other.store.keys
    return url


def frames(log, shelf=None, known=None, effective=None, registry=EVENTS, views=VIEW, **how):
    """Every view whole, at two clocks as a caller may write them."""
    at = clocks_at(log, known, effective)
    cut = None if at.effective is None else micros(at.effective)
    folding = Folding(log, registry, views, known=at.known, effective=cut, shelf=shelf, **how)
    folding.fold(dict.fromkeys(views))
    return {view: folding.frame(view) for view in views}, folding.events


def same(one, other):
    """Whether two answers of `frames` are equal to the last cell, and counted the same events."""
    return one[1] == other[1] and all(one[0][view].equals(other[0][view], null_equal=True) for view in one[0])


@pytest.fixture
def record(town: str) -> Iterator[Record]:
    with Record.open(town) as opened:
        yield opened


@pytest.fixture
def sealed(record: Record) -> SimpleNamespace:
    """A sealed town: its log, a shelf, the answer of its rows, and how to change what is stored."""
    log = record.store.log
    shelf = SqlShelf(log, EVENTS, LENGTH)
    shelf.seal()

    def change(statement: str, *values: object) -> None:
        if log.database.dialect == "postgresql":
            statement = statement.replace("?", "%s")
        with log.writing() as connection:
            connection.exec_driver_sql(statement, values).close()

    def ask(statement: str) -> list[tuple[object, ...]]:
        with log.reading() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    return SimpleNamespace(log=log, shelf=shelf, rows=frames(log), change=change, ask=ask)
