"""A key store belongs to one log: another log's is refused, and none is made anew beside text that was sealed."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from earlystart_core import DecideTier, Record, StoreUnavailable
from tests.erasure.conftest import ANNA, BY, TEXT, WORDS_OF_TWO, Place, files, texts, told
from tests.older import unbind_keys

KEK = "5a" * 32


@pytest.fixture
def vault(tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A record whose keys are in `vault.db`, not beside it."""
    monkeypatch.setenv("EARLYSTART_KEK", KEK)
    clock.now = datetime(2026, 5, 1, 9, tzinfo=UTC)
    place = Place(str(tmp_path / "city.db"), clock)
    with place.open(keys=str(tmp_path / "vault.db")) as record:
        told(record)
    return place


def test_no_keys_are_made_beside_text_that_others_sealed(vault: Place, tmp_path: Path) -> None:
    with vault.open() as record:
        assert texts(record, ANNA) == ["(sealed)"]
        with pytest.raises(StoreUnavailable, match=r"city\.db holds sealed text: expected the keys that sealed it"):
            record.erase(ANNA, **WORDS_OF_TWO)
        assert not record.erasures()
    assert not (tmp_path / "city.db.keys").exists()
    with vault.open(keys=str(tmp_path / "vault.db")) as record:
        assert texts(record, ANNA) == [TEXT[ANNA]]


def test_empty_keys_that_are_there_are_not_taken(vault: Place, tmp_path: Path) -> None:
    """They were made by a version that did not ask, or for nothing yet."""
    with Record.open(str(tmp_path / "empty.db"), keys=str(tmp_path / "city.db.keys")) as other:
        _ = other.store.keys
    with vault.open() as record, pytest.raises(StoreUnavailable, match="never had the key of text in"):
        record.erase(ANNA, **WORDS_OF_TWO)


def test_lost_keys_are_replaced_only_when_that_is_said(vault: Place, tmp_path: Path) -> None:
    with vault.open(lost_keys=True) as record:
        assert texts(record, ANNA) == ["(sealed)"]
        record.submit(DecideTier(case=ANNA, tier="universal", reason="written later"), by=BY)
    with vault.open() as record:
        assert texts(record, ANNA) == ["(sealed)", "written later"]
    with vault.open(keys=str(tmp_path / "vault.db")) as record:
        assert texts(record, ANNA) == [TEXT[ANNA], "(sealed)"]


def test_the_keys_of_another_log_are_refused(vault: Place, tmp_path: Path) -> None:
    with Record.open(str(tmp_path / "town.db")) as other:
        told(other)
        other.erase(ANNA, **WORDS_OF_TWO)
    before = files(tmp_path)
    with vault.open(keys=str(tmp_path / "town.db.keys")) as record:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="is the key store of another log than"):
                record.erase(ANNA, **WORDS_OF_TWO)
        assert not record.erasures()
    assert {name: held for name, held in files(tmp_path).items() if "-" not in name} == {
        name: held for name, held in before.items() if "-" not in name
    }


def test_a_key_store_of_before_is_bound_at_first_use(place: Place) -> None:
    """One that says nothing of its log is held against the log's text, and bound."""
    with place.open() as record:
        keys: Any = record.store.keys
        leaf = next(record.store.log.read(limit=1).entries()).leaf
        assert keys.first_leaf() == leaf
        with keys.database.writing() as connection:
            unbind_keys(connection, "first leaf")
    with place.open(read_only=True) as record:
        keys = record.store.keys
        assert texts(record, ANNA) == [TEXT[ANNA]]
        assert keys.first_leaf() is None
    with place.open() as record:
        keys = record.store.keys
        assert keys.first_leaf() == leaf


def test_a_key_store_is_bound_by_the_second_command_at_the_latest(tmp_path: Path) -> None:
    with Record.open(str(tmp_path / "city.db")) as record:
        told(record)
    with Record.open(str(tmp_path / "new.db"), keys=str(tmp_path / "city.db.keys")) as record:
        with pytest.raises(StoreUnavailable, match="another log"):
            told(record)
        assert record.store.log.head() == 0


def test_no_new_key_encryption_key_is_made_for_an_old_key_store(on_sqlite: Place) -> None:
    folder = Path(on_sqlite.url.removeprefix("sqlite:///")).parent
    (folder / "store.db.keys.kek").rename(folder / "kept")
    with on_sqlite.open() as record, pytest.raises(StoreUnavailable, match="kek does not exist"):
        _ = record.store.keys
    assert not (folder / "store.db.keys.kek").exists()
    shutil.move(folder / "kept", folder / "store.db.keys.kek")
    with on_sqlite.open() as record:
        assert texts(record, ANNA) == [TEXT[ANNA]]


def test_keys_put_back_beneath_an_open_record_open_nothing(on_sqlite: Place) -> None:
    """The key store that a running process has open is overwritten with one of before the erasure."""
    folder = Path(on_sqlite.url.removeprefix("sqlite:///")).parent
    backup = shutil.copy2(folder / "store.db.keys", folder.parent / "backup.keys")
    with on_sqlite.open() as early:
        assert texts(early, ANNA) == [TEXT[ANNA]]
        with on_sqlite.open() as record:
            record.erase(ANNA, **WORDS_OF_TWO)
        with (folder / "store.db.keys").open("r+b") as held:
            held.write(Path(backup).read_bytes())
        assert early.store.keys.names([ANNA])
        assert texts(early, ANNA) == ["(erased)"]
        with pytest.raises(Exception, match="was erased"):
            early.submit(DecideTier(case=ANNA, tier="universal", reason=os.urandom(4).hex()), by=BY)
