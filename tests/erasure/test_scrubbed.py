"""What PostgreSQL and SQLite keep beside their tables: whoever cannot clear it says so, and it stays unfinished."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from base_feed import base, written
from feed_kit import SqlPlace, entries, now

from earlystart_core import OpenCase, Record, StoreUnavailable
from earlystart_feeds import import_feed
from earlystart_sql.forgetting import SqlForgetting
from earlystart_sql.scrub import scrub
from tests.cli.conftest import call
from tests.erasure.conftest import ANNA, BY, WORDS_OF_TWO, Place


@pytest.fixture
def fed(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A record on PostgreSQL that a feed was imported into, and a case of it."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    store = SqlPlace(postgres_url)
    import_feed(written(tmp_path / "feed", base()), store, clock=now, chance=os.urandom)
    case = next(each["data"]["case"] for each in entries(store) if each["type"] == "CaseOpened")
    store.close()
    return postgres_url, case


@pytest.fixture
def officer(fed: tuple[str, str]) -> Iterator[str]:
    """The URL of a role that may do everything with the rows and owns no table."""
    url, _ = fed
    name = f"officer_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
        for schema in ("public", "earlystart_keys"):
            connection.execute(f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {name}")
            connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {name}")
    yield url.replace("postgres@", f"{name}@")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"REASSIGN OWNED BY {name} TO postgres")
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


def unfinished(url: str) -> list[str]:
    return call("doctor", "--db", url, "--json").json["erasures"]["unfinished"]


def erased(url: str, case: str) -> bool:
    with Record.open(url, clock=now) as record:
        return record.erase(case, **WORDS_OF_TWO).again


def test_a_role_that_owns_no_table_is_told(fed: tuple[str, str], officer: str) -> None:
    url, case = fed
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="erase again as its owner"):
            erased(officer, case)
        assert case in unfinished(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("GRANT SELECT, DELETE ON unscrubbed TO postgres")
    assert erased(url, case)
    assert unfinished(url) == []


def test_an_older_transaction_is_told(fed: tuple[str, str]) -> None:
    url, case = fed
    with psycopg.connect(url) as old:
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT 1 FROM pg_class LIMIT 1")
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match=r"an older transaction.*may still see them; end it"):
                erased(url, case)
            assert case in unfinished(url)
    assert erased(url, case)
    assert unfinished(url) == []


def opened(record: Record) -> None:
    case, family = record.new_id("case"), record.new_id("family")
    record.submit(OpenCase(case=case, family=family, team="team:armley", reason="birth"), by=BY)


@pytest.mark.parametrize("others", [1, 2])
def test_a_checkpoint_of_another_is_waited_for(on_sqlite: Place, monkeypatch: pytest.MonkeyPatch, others: int) -> None:
    """SQLite says at once that it is busy where another connection copies its write-ahead log just then."""
    with on_sqlite.open() as record:
        database = record.store.log.database
        raw, busy = database.engine.raw_connection, [(1, -1, -1)] * others

        def connected() -> Any:
            real = raw()

            def execute(statement: str) -> Any:
                if busy:
                    row = busy.pop()
                    return SimpleNamespace(fetchone=lambda: row)
                return real.driver_connection.execute(statement)

            return SimpleNamespace(driver_connection=SimpleNamespace(execute=execute), close=real.close)

        monkeypatch.setattr(database.engine, "raw_connection", connected)
        scrub(database, [])
        assert busy == []
        busy += [(1, 7, 3)]  # it waited already, for a reader that does not end
        with pytest.raises(StoreUnavailable, match="erase again"):
            scrub(database, [])
        busy += [(1, -1, -1)] * 99
        with pytest.raises(StoreUnavailable, match="erase again"):
            scrub(database, [])


def test_another_may_write_right_behind_the_scrubbing(on_sqlite: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it writes after the write-ahead log was emptied holds nothing of what was deleted before."""
    with on_sqlite.open() as record, on_sqlite.open() as other:
        database = record.store.log.database
        raw = database.engine.raw_connection

        def connected() -> Any:
            real = raw()

            def execute(statement: str) -> Any:
                row = real.driver_connection.execute(statement).fetchone()
                opened(other)
                return SimpleNamespace(fetchone=lambda: row)

            return SimpleNamespace(driver_connection=SimpleNamespace(execute=execute), close=real.close)

        monkeypatch.setattr(database.engine, "raw_connection", connected)
        scrub(database, [])


def test_a_reader_who_keeps_the_files_as_they_were_is_told(on_sqlite: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with on_sqlite.open() as record, on_sqlite.open() as other:
        database = record.store.log.database
        raw = database.engine.raw_connection

        def impatient() -> Any:
            connection = raw()
            connection.driver_connection.execute("PRAGMA busy_timeout = 100")
            return connection

        monkeypatch.setattr(database.engine, "raw_connection", impatient)
        with other.store.log.reading() as reading:
            reading.exec_driver_sql("SELECT count(*) FROM entry").scalar_one()
            opened(record)
            with pytest.raises(StoreUnavailable, match="is in use: another program reads it"):
                scrub(database, [])
        scrub(database, [])


def test_an_erasure_that_was_killed_before_its_scrub_is_unfinished(place: Place) -> None:
    child = os.fork()
    if child == 0:
        SqlForgetting.scrub = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
        with place.open() as record:
            record.erase(ANNA, **WORDS_OF_TWO)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert unfinished(place.url) == [ANNA]
    with place.open() as record:
        assert record.erase(ANNA, **WORDS_OF_TWO).again
        assert record.store.forgetting.owed() == []
    assert unfinished(place.url) == []


def test_what_another_came_to_owe_meanwhile_is_not_settled(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with place.open() as record:
        forgetting: Any = record.store.forgetting
        scrub = forgetting.scrub
        monkeypatch.setattr(forgetting, "scrub", lambda: (scrub(), forgetting.owe(["case:other"])))
        record.erase(ANNA, **WORDS_OF_TWO)
        assert forgetting.owed() == ["case:other"]
