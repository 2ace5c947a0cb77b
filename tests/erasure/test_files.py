"""What is left in the files: not the text, not its key, bare or wrapped, and none of the ledger's digests."""

import os
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from base_feed import add, base, written
from feed_kit import SqlPlace, entries, now

from conftest import Clock
from earlystart_core import Record, StoreUnavailable
from earlystart_feeds import import_feed
from earlystart_feeds.ledger import Digests
from earlystart_feeds.tables import TABLES
from earlystart_sql import sqlite
from tests.erasure.conftest import ANNA, WORDS_OF_TWO, Place, files, secrets_of, told, wrapped_keys


def found_in(folder: Path, looked_for: list[bytes]) -> list[tuple[str, bytes]]:
    return [(name, one) for name, held in files(folder).items() for one in looked_for if one in held]


@pytest.mark.parametrize("journal", ["as it is", "delete"])
def test_no_byte_of_text_or_key_is_left_in_any_file(
    tmp_path: Path, clock: Clock, journal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the write-ahead log, and with the rollback journal that an SQLite of doubtful soundness gets."""
    if journal == "delete":
        monkeypatch.setattr(sqlite, "journal_mode", lambda: "delete")
    folder = tmp_path / "store"
    folder.mkdir()
    clock.now = datetime(2026, 5, 1, 9, tzinfo=UTC)
    with Record.open(str(folder / "store.db"), clock=clock, chance=os.urandom) as record:
        told(record)
        looked_for = secrets_of(record, ANNA)
        assert {name for name, _ in found_in(folder, [wrapped_keys(record)[ANNA]])} != set()
        record.erase(ANNA, **WORDS_OF_TWO)
        assert not found_in(folder, looked_for)
    assert not found_in(folder, looked_for)
    assert not [name for name in files(folder) if name.endswith("-journal")]


def test_many_keys_leave_no_second_copy_behind(tmp_path: Path, clock: Clock) -> None:
    """Pages of the key store were split and refilled many times; erased keys are in none of their gaps."""
    folder = tmp_path / "store"
    folder.mkdir()
    chance = random.Random(5)
    subjects = [f"case:{n:026d}" for n in chance.sample(range(10**6), 1_500)]
    with Record.open(str(folder / "store.db"), clock=clock, chance=os.urandom) as record:
        clock.now = datetime(2026, 5, 1, 9, tzinfo=UTC)
        for start in range(0, len(subjects), 50):
            record.store.keys.for_subjects(subjects[start : start + 50])
        gone = subjects[700:712]
        wrapped = wrapped_keys(record)
        for subject in gone:
            record.erase(subject, **WORDS_OF_TWO)
        assert not found_in(folder, [wrapped[subject] for subject in gone])
        assert wrapped_keys(record).keys() == set(subjects) - set(gone)


def test_a_reader_in_the_way_is_told_and_erasing_again_finishes(
    on_sqlite: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds a snapshot of the key store: no certificate while its old pages must stay."""
    folder = Path(on_sqlite.url.removeprefix("sqlite:///")).parent
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.2)
    with on_sqlite.open() as other, on_sqlite.open() as record:
        looked_for = secrets_of(record, ANNA)
        head = record.store.log.head()
        keys: Any = other.store.keys
        with keys.database.reading() as reading:
            reading.exec_driver_sql("SELECT count(*) FROM data_key").all()
            with pytest.raises(StoreUnavailable):
                record.erase(ANNA, **WORDS_OF_TWO)
        assert record.store.log.head() == head
        assert not record.erasures()
        done = record.erase(ANNA, **{**WORDS_OF_TWO, "authority": "Someone else"})
        assert done.evidence.authority == WORDS_OF_TWO["authority"]  # on whose word the key went
        assert len(record.erasures()) == 1
        assert not found_in(folder, looked_for)


def fed(url: str, tmp_path: Path, children: int = 40) -> SqlPlace:
    """A store with an import of many children, so that the ledger's pages were split."""
    feed = base()
    for number in range(2, children):
        add(feed, "cases.csv", child_ref=f"C{number}", family_ref=f"F{number}")
        add(feed, "tiers.csv", child_ref=f"C{number}", reason=f"A reason of C{number}")
        add(feed, "links.csv", LocalPatientID=f"L{number}", child_ref=f"C{number}")
        add(feed, "CYP001MPI.csv", LocalPatientID=f"L{number}")
    store = SqlPlace(url)
    folder = written(tmp_path / "feed", feed)
    for _ in range(2):
        import_feed(folder, store, clock=now, chance=os.urandom)
    return store


def ledger_of(store: SqlPlace) -> list[tuple[bytes, str, bytes, bytes | None, str | None, str | None]]:
    with store.log.reading() as connection:
        return connection.exec_driver_sql(
            "SELECT key, file, fields, sealed, about_case, about_person FROM import_row"
        ).all()


def test_nothing_of_an_imported_child_is_left_in_the_ledger(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    store = fed(f"sqlite:///{folder / 'store.db'}", tmp_path)
    record = Record(store.store)
    case = next(each["data"]["case"] for each in entries(store) if each["type"] == "CaseOpened")
    mine = [row for row in ledger_of(store) if row[4] == case]
    (person,) = {row[5] for row in mine if row[1] == "CYP001MPI.csv"}
    digests = [bytes(row[2][start : start + 16]) for row in mine for start in range(0, len(row[2]), 16)]
    sealed = [bytes(row[3]) for row in mine if row[3]]
    assert len(digests) > 40
    assert len(sealed) == 1
    assert {name for name, _ in found_in(folder, digests + sealed)}
    kept = len(ledger_of(store)) - len(mine)
    done = record.erase(case, **WORDS_OF_TWO)
    assert done.evidence.subjects == (case, person)
    assert done.forgotten == len(mine) + 1  # and the name by which the person's local id was known
    assert not found_in(folder, digests + sealed)
    assert len(ledger_of(store)) == kept
    with store.log.reading() as connection:
        indexes = connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'index'").scalars().all()
    assert {"import_row_by_case", "import_row_by_person", "import_name_by_id"} <= set(indexes)
    store.close()
    assert not found_in(folder, digests + sealed)


def test_the_same_feed_brings_nobody_back(sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    store = fed(sql_url, tmp_path, children=4)
    record = Record(store.store)
    cases = [each["data"]["case"] for each in entries(store) if each["type"] == "CaseOpened"]
    record.erase(cases[0], **WORDS_OF_TWO)
    before = list(entries(store))
    again = import_feed(tmp_path / "feed", store, clock=now, chance=os.urandom)
    assert (again.total.accepted, again.total.refused) == (0, 0)
    assert entries(store) == before
    (note,) = [note for note in again.notes if note.code == "row.erased"]
    assert {file for file, _ in note.rows} >= {"cases.csv", "tiers.csv", "links.csv", "CYP001MPI.csv"}
    digests = Digests(store.keys.secret("ledger"))
    table = next(table for table in TABLES if table.file == "cases.csv")
    assert store.ledger.erased([digests.row(table, "C1"), digests.row(table, "C2")]) == {digests.row(table, "C1")}
    store.close()


def test_a_new_row_about_who_was_erased_is_refused(sql_url: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    store = fed(sql_url, tmp_path, children=4)
    cases = [each["data"]["case"] for each in entries(store) if each["type"] == "CaseOpened"]
    Record(store.store).erase(cases[0], **WORDS_OF_TWO)
    feed = base()
    add(feed, "tiers.csv", child_ref="C1", reason="Something new", decided_on="2026-04-01")
    later = import_feed(written(tmp_path / "later", feed), store, clock=now, chance=os.urandom)
    assert [(one.file, one.field, one.reason) for one in later.refused] == [
        ("tiers.csv", "child_ref", "refers_to_not_accepted")
    ]
    store.close()


def test_a_person_is_erased_without_the_case(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    store = fed(f"sqlite:///{folder / 'store.db'}", tmp_path, children=4)
    record = Record(store.store)
    person, case = next((row[5], row[4]) for row in ledger_of(store) if row[1] == "CYP001MPI.csv")
    done = record.erase(person, **WORDS_OF_TWO)
    assert done.evidence.subjects == (person,)
    assert not [row for row in ledger_of(store) if row[5] == person]
    assert [row for row in ledger_of(store) if row[4] == case]
    assert not record.store.keys.tombstones([case])
    store.close()


def test_on_postgresql_nothing_is_left_once_tables_are_vacuumed_and_the_log_is_removed(
    postgres_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables by the erasure itself; the server's own log as docs/how-to/erase.md says."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    clock.now = datetime(2026, 5, 1, 9, tzinfo=UTC)
    with Record.open(postgres_url, clock=clock, chance=os.urandom) as record:
        told(record)
        looked_for = secrets_of(record, ANNA)
        record.erase(ANNA, **WORDS_OF_TWO)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        (number,) = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        (home,) = connection.execute("SHOW data_directory").fetchone()
        assert len(files(Path(home, "base", str(number)))) > 100
        assert not found_in(Path(home, "base", str(number)), looked_for)
        assert {found for _, found in found_in(Path(home, "pg_wal"), looked_for)} <= {looked_for[1]}  # the wrapped key
        connection.execute("ALTER SYSTEM SET wal_recycle = off")
        connection.execute("SELECT pg_reload_conf()")
        for _ in range(2):
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
        assert not found_in(Path(home, "pg_wal"), looked_for)
        connection.execute("ALTER SYSTEM RESET wal_recycle")
        connection.execute("SELECT pg_reload_conf()")
