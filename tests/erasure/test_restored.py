"""A key store is put back from a backup: what the log says is gone is destroyed again when it is opened, and told."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from earlystart_core import DecideTier, Refused, StoreUnavailable
from earlystart_core.erasing.reconciling import KeysCameBack, unfinished
from tests.erasure.conftest import ANNA, BEN, BY, TEXT, WORDS_OF_TWO, Place, files, secrets_of, texts


@pytest.fixture
def restored(on_sqlite: Place) -> Iterator[tuple[Place, Path, list[bytes]]]:
    """Anna was erased, then the key store of before was put back; and the bytes that must not come back."""
    folder = Path(on_sqlite.url.removeprefix("sqlite:///")).parent
    with on_sqlite.open() as record:
        looked_for = secrets_of(record, ANNA)
    backup = shutil.copy2(folder / "store.db.keys", folder.parent / "backup.keys")
    with on_sqlite.open() as record:
        record.erase(ANNA, **WORDS_OF_TWO)
    for old in folder.glob("store.db.keys-*"):
        old.unlink()
    shutil.copy2(backup, folder / "store.db.keys")
    yield on_sqlite, folder, looked_for


def test_what_came_back_is_destroyed_again_and_told(restored: tuple[Place, Path, list[bytes]]) -> None:
    place, folder, looked_for = restored
    with place.open() as record:
        head = record.store.log.head()
        with pytest.warns(KeysCameBack, match=ANNA) as told:
            assert texts(record, ANNA) == ["(erased)"]
        assert [warned.message.subjects for warned in told] == [(ANNA,)]
        assert texts(record, BEN) == [TEXT[BEN]]
        with pytest.raises(Refused, match="was erased"):
            record.submit(DecideTier(case=ANNA, tier="universal", reason="more"), by=BY)
        assert record.store.log.head() == head
        assert not [name for name, held in files(folder).items() for one in looked_for if one in held]
    with place.open() as record:  # and nothing is left to tell
        assert texts(record, ANNA) == ["(erased)"]


def test_a_key_store_of_before_the_first_text_gives_no_new_key(on_sqlite: Place) -> None:
    """It holds neither key nor tombstone: the log alone knows."""
    with on_sqlite.open() as record:
        record.erase(ANNA, **WORDS_OF_TWO)
        keys = record.store.keys
        with keys.database.writing() as connection:  # type: ignore[attr-defined]  # it is on SQL
            connection.execute(text("DELETE FROM tombstone"))
    with on_sqlite.open() as record:
        with pytest.raises(Refused, match="was erased"):
            record.store.keys.for_subjects([ANNA])
        assert texts(record, ANNA) == ["(erased)"]


def test_where_it_may_only_be_read_it_is_not_used(restored: tuple[Place, Path, list[bytes]]) -> None:
    place, _, _ = restored
    with place.open(read_only=True) as record:
        assert texts(record, ANNA) == ["(sealed)"]
        with pytest.raises(StoreUnavailable, match="1 erased subject and may only be read"):
            _ = record.store.keys
    with place.open() as record, pytest.warns(KeysCameBack):
        assert texts(record, ANNA) == ["(erased)"]
    with place.open(read_only=True) as record:
        assert texts(record, ANNA) == ["(erased)"]


def test_a_log_of_before_the_erasure_is_told_by_the_key_store(on_sqlite: Place) -> None:
    """The key stays gone, and erasing again writes what the log has lost, on the word of the first authorities."""
    folder = Path(on_sqlite.url.removeprefix("sqlite:///")).parent
    backup = shutil.copy2(folder / "store.db", folder.parent / "backup.db")
    with on_sqlite.open() as record:
        first = record.erase(ANNA, **WORDS_OF_TWO)
    for old in folder.glob("store.db-*"):
        old.unlink()
    shutil.copy2(backup, folder / "store.db")
    with on_sqlite.open() as record:
        assert not record.erasures()
        assert texts(record, ANNA) == ["(erased)"]
        assert list(unfinished(record.store.log, record.store.keys)) == [ANNA]
        again = record.erase(ANNA, **{**WORDS_OF_TWO, "authority": "Someone else"})
        assert again.evidence == first.evidence
        assert len(record.erasures()) == 1
        assert not unfinished(record.store.log, record.store.keys)
