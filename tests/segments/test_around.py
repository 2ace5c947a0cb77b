"""Segments where something else is the matter: no tables, other readers, a store that fails or takes no writing."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_core.record import Record
from earlystart_core.words import EVENTS
from earlystart_sql.segments import SqlShelf
from earlystart_sql.sqlite import LIBRARY

from .conftest import LENGTH, frames, same, told_anew
from .test_unsound import PICK, a_bit_changed


def test_tables_that_are_not_there(sealed: SimpleNamespace) -> None:
    """One or both may be gone, before a reading or in the middle of it."""
    runs = sealed.shelf.runs(10**9)
    for tables in (["segment"], ["segment_run"], ["segment_ids"], ["segment", "segment_run"]):
        for table in tables:
            sealed.change(f"DROP TABLE {table}")
        assert sealed.shelf.runs(10**9) == []
        assert sealed.shelf.blobs(runs, PICK, ["case"]) == {}
        assert sealed.shelf.sealed().positions == 0
        assert same(frames(sealed.log, sealed.shelf), sealed.rows)
        sealed.shelf.seal()
        assert sealed.shelf.runs(10**9) == runs
        assert same(frames(sealed.log, sealed.shelf), sealed.rows)


def test_a_run_made_again_meanwhile_is_not_dropped(sealed: SimpleNamespace) -> None:
    """Who read an older list does not drop what a newer one lists."""
    old = sealed.shelf.runs(10**9)[0]
    changed = msgspec.structs.replace(old, last=old.last - 1)
    sealed.shelf.report(changed)
    assert sealed.shelf.dropped == []
    assert sealed.shelf.runs(10**9)[0] == old
    sealed.shelf.report(old)  # found missing, and made again as it was before it could be said
    assert sealed.shelf.dropped == []
    a_bit_changed(sealed)
    with sealed.log.writing():  # busy: reported, and left for another time
        SqlShelf.report(shelf := SqlShelf(sealed.log, EVENTS, LENGTH), old)
    assert shelf.dropped == [old]
    assert sealed.shelf.runs(10**9)[0] == old


def test_a_store_that_fails_to_give_a_blob(sealed: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable("database disk image is malformed")

    monkeypatch.setattr(sealed.shelf, "blobs", fail)
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)


def test_a_damaged_page_under_a_blob(city: Path, tmp_path: Path) -> None:
    """SQLite itself says that the file is damaged, or gives other bytes: the rows answer."""
    path = tmp_path / "town.db"
    shutil.copy(city, path)
    with Record.open(str(path)) as record:
        SqlShelf(record.store.log, EVENTS, LENGTH).seal()
        rows = frames(record.store.log)
    with closing(LIBRARY.connect(path)) as connection:
        (blob,) = connection.execute(
            "SELECT data FROM segment WHERE type = 'ContactRecorded' AND name = 'cases' ORDER BY first"
        ).fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    whole = path.read_bytes()
    place = next(at for start in range(0, len(blob), 32) if (at := whole.find(blob[start : start + 32])) > 0)
    path.write_bytes(whole[:place] + b"\xa5" * 300 + whole[place + 300 :])
    with Record.open(str(path)) as record:
        shelf = SqlShelf(record.store.log, EVENTS, LENGTH)
        assert same(frames(record.store.log, shelf), rows)
        assert shelf.dropped != []


@pytest.mark.parametrize("spoil", [a_bit_changed, None])
def test_a_reader_who_may_not_write(
    town: str, sealed: SimpleNamespace, spoil: Callable[[SimpleNamespace], None] | None
) -> None:
    """It reads segments, reports what is unsound, and changes nothing."""
    if spoil is not None:
        spoil(sealed)
    before = sealed.ask("SELECT first, last, held FROM segment_run ORDER BY first")
    with Record.open(town, read_only=True) as reader:
        shelf = SqlShelf(reader.store.log, EVENTS, LENGTH)
        for _ in range(2):
            assert same(frames(reader.store.log, shelf), sealed.rows)
        assert len(shelf.dropped) == (spoil is not None)
        assert (shelf.seal() if spoil is None else 0) == 0
        other = SqlShelf(reader.store.log, EVENTS, 300)
        assert other.runs(10**9) == []
        with pytest.raises(StoreUnavailable):
            other.seal()
    assert sealed.ask("SELECT first, last, held FROM segment_run ORDER BY first") == before
    if spoil is not None:
        assert len(sealed.shelf.sealed().unsound) == 1


def test_a_store_that_never_sealed_has_no_tables_and_a_reader_makes_none(town: str) -> None:
    with Record.open(town, read_only=True) as reader:
        shelf = SqlShelf(reader.store.log, EVENTS, LENGTH)
        assert shelf.runs(10**9) == []
        assert shelf.sealed().lag == reader.store.log.head()
        assert same(frames(reader.store.log, shelf), frames(reader.store.log))
        with reader.store.log.reading() as connection, pytest.raises(Exception, match="segment"):
            connection.exec_driver_sql("SELECT * FROM segment")


def test_numbers_that_were_undone_are_not_kept() -> None:
    """In memory a reader within its own writing sees ids that may never be: their numbers go to others."""
    log = told_anew(":memory:", [])
    shelf = SqlShelf(log, EVENTS, LENGTH)

    def undone(*_: object) -> None:
        assert shelf.numbered("case").texts == ["", "case:x"]
        raise KeyError

    with pytest.raises(KeyError):
        log.append([Entry("Tried", b"{}", ["case:x"])], also=undone)
    log.append([Entry("Tried", b"{}", ["case:y"])])
    assert shelf.numbered("case").texts == ["", "case:y"]
    log.database.close()
