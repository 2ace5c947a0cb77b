"""Whatever is wrong with a segment is found, reported, dropped, answered from the rows, and mended by the next seal."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from earlystart_core.errors import StoreUnavailable
from earlystart_core.record import Record
from earlystart_core.words import EVENTS
from earlystart_sql.log import SqlLog
from earlystart_sql.segments import SqlShelf
from earlystart_sql.sqlite import LIBRARY

from .conftest import frames, same, told_anew

LENGTH = 400
PICK = "CaseOpened"


@pytest.fixture
def record(town: str):
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


def blob_of(sealed: SimpleNamespace, first: int = 1, kind: str = PICK) -> bytes:
    return bytes(sealed.ask(f"SELECT data FROM segment WHERE first = {first} AND type = '{kind}'")[0][0])


def put(sealed: SimpleNamespace, data: bytes) -> None:
    sealed.change("UPDATE segment SET data = ? WHERE first = 1 AND type = ?", data, PICK)


def missing(sealed: SimpleNamespace) -> None:
    sealed.change("DELETE FROM segment WHERE first = 1 AND type = ?", PICK)


def cut_short(sealed: SimpleNamespace) -> None:
    put(sealed, blob_of(sealed)[:-9])


def emptied(sealed: SimpleNamespace) -> None:
    put(sealed, b"")


def a_bit_changed(sealed: SimpleNamespace) -> None:
    data = bytearray(blob_of(sealed))
    data[len(data) // 2] ^= 4
    put(sealed, bytes(data))


def of_another_run(sealed: SimpleNamespace) -> None:
    put(sealed, blob_of(sealed, LENGTH + 1))


def of_another_class(sealed: SimpleNamespace) -> None:
    put(sealed, blob_of(sealed, 1, "ContactRecorded"))


def two_runs_swapped(sealed: SimpleNamespace) -> None:
    """The blobs and what lists them: all checksums hold."""
    other = LENGTH + 1
    for one, to in ((1, -1), (other, 1), (-1, other)):
        sealed.change(f"UPDATE segment SET first = {to} WHERE first = {one}")
    (one,), (two,) = sealed.ask(f"SELECT held FROM segment_run WHERE first IN (1, {other}) ORDER BY first")
    sealed.change("UPDATE segment_run SET held = ? WHERE first = 1", two)
    sealed.change(f"UPDATE segment_run SET held = ? WHERE first = {other}", one)


def not_bytes(sealed: SimpleNamespace) -> None:
    """SQLite lets any type stand anywhere."""
    if sealed.log.database.dialect == "postgresql":
        pytest.skip("PostgreSQL holds only bytes there")
    sealed.change("UPDATE segment SET data = 7 WHERE first = 1 AND type = ?", PICK)


def text_that_is_none(sealed: SimpleNamespace) -> None:
    not_bytes(sealed)
    sealed.change("UPDATE segment SET data = x'00' || x'ff' WHERE first = 1 AND type = ?", PICK)


SPOILT_BLOBS = [
    not_bytes,
    text_that_is_none,
    missing,
    cut_short,
    emptied,
    a_bit_changed,
    of_another_run,
    of_another_class,
]


@pytest.mark.parametrize("spoil", SPOILT_BLOBS)
def test_a_spoilt_blob(sealed: SimpleNamespace, spoil: Callable[[SimpleNamespace], None]) -> None:
    """Found when it is read, and only then."""
    spoil(sealed)
    assert sealed.shelf.sealed().unsound == [f"1 to {LENGTH}"]
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)
    assert [one.first for one in sealed.shelf.dropped] == [1]
    assert sealed.ask("SELECT count(*) FROM segment WHERE first = 1") == [(0,)]
    assert sealed.shelf.sealed().lag == LENGTH
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)
    assert len(sealed.shelf.dropped) == 1
    assert sealed.shelf.seal() == 1
    assert sealed.shelf.sealed().unsound == []
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)
    assert len(sealed.shelf.dropped) == 1


@pytest.mark.parametrize("spoil", [missing, cut_short, emptied])
def test_a_seal_sees_by_itself_what_is_missing_or_short(
    sealed: SimpleNamespace, spoil: Callable[[SimpleNamespace], None]
) -> None:
    spoil(sealed)
    assert sealed.shelf.seal() == 1
    assert sealed.shelf.sealed().unsound == []
    assert sealed.shelf.seal() == 0


SPOILT_RUNS = {
    "unlisted": "DELETE FROM segment_run WHERE first = 1",
    "an old layout": "UPDATE segment_run SET layout = 'old' WHERE first = 1",
    "bound to another": (
        "UPDATE segment_run SET bound = (SELECT bound FROM segment_run WHERE first = 401) WHERE first = 1"
    ),
    "beyond the head": "UPDATE segment_run SET last = 100000000 WHERE first = 1",
    "too short": "UPDATE segment_run SET last = 3 WHERE first = 1",
    "backwards": "UPDATE segment_run SET last = 1 WHERE first = 401",
    "begun late": "UPDATE segment_run SET first = 2 WHERE first = 1",
    "not JSON": "UPDATE segment_run SET held = '{' WHERE first = 1",
    "no counts": "UPDATE segment_run SET held = '{\"CaseOpened\":[]}' WHERE first = 1",
    "nothing held": "UPDATE segment_run SET held = '{}' WHERE first = 801",
}


@pytest.mark.parametrize("how", SPOILT_RUNS)
def test_a_spoilt_list(sealed: SimpleNamespace, how: str) -> None:
    """A run that is not listed as it must be is passed over, or dropped; the next seal makes it again."""
    sealed.change(SPOILT_RUNS[how])
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)
    assert sealed.shelf.seal() == 1
    assert sealed.shelf.sealed() == SqlShelf(sealed.log, EVENTS, LENGTH).sealed()
    assert sealed.shelf.sealed().unsound == []
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)


def test_two_runs_swapped(sealed: SimpleNamespace) -> None:
    """The blobs and what lists them changed places: all checksums hold, and neither is bound where it stands."""
    two_runs_swapped(sealed)
    assert [one.first for one in sealed.shelf.runs(900)] == [801]
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)
    assert sealed.shelf.seal() == 2
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)


def test_other_lengths_of_runs_never_overlap(sealed: SimpleNamespace) -> None:
    """Runs that another version cut otherwise are passed over, and replaced where they stand in the way."""
    for length in (300, 700, 333):
        shelf = SqlShelf(sealed.log, EVENTS, length)
        assert shelf.runs(10**9) == []
        assert same(frames(sealed.log, shelf), sealed.rows)
        shelf.seal()
        assert same(frames(sealed.log, shelf), sealed.rows)
        assert same(frames(sealed.log, sealed.shelf), sealed.rows)
        assert (shelf.dropped, shelf.sealed().lag, shelf.sealed().unsound) == ([], 0, [])


def test_segments_of_another_store(sealed: SimpleNamespace, tmp_path: Path) -> None:
    """Copied beside a log of the same length, sound in themselves, and bound to other entries."""
    entries = [one.event for one in sealed.log.read()]
    with closing(
        told_anew(f"sqlite:///{tmp_path / 'other.db'}", entries[:1] + entries[2:] + entries[:1]).database
    ) as it:
        other = SimpleNamespace(log=None)
        other.log = SqlLog(it, None)
        shelf = SqlShelf(other.log, EVENTS, LENGTH)
        shelf.seal()
        with it.reading() as connection:
            runs = connection.exec_driver_sql("SELECT first, last, layout, held, bound FROM segment_run").all()
            blobs = connection.exec_driver_sql("SELECT first, type, data FROM segment").all()
    sealed.change("DELETE FROM segment")
    sealed.change("DELETE FROM segment_run")
    for run in runs:
        sealed.change("INSERT INTO segment_run (first, last, layout, held, bound) VALUES (?, ?, ?, ?, ?)", *run)
    for blob in blobs:
        sealed.change("INSERT INTO segment (first, type, data) VALUES (?, ?, ?)", *blob)
    assert sealed.shelf.runs(10**9) == []
    assert len(sealed.shelf.sealed().unsound) == len(runs)
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)
    assert sealed.shelf.seal() == len(runs)
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)


def test_tables_that_are_not_there(sealed: SimpleNamespace) -> None:
    """One or both may be gone, before a reading or in the middle of it."""
    runs = sealed.shelf.runs(10**9)
    for tables in (["segment"], ["segment_run"], ["segment", "segment_run"]):
        for table in tables:
            sealed.change(f"DROP TABLE {table}")
        assert sealed.shelf.runs(10**9) == []
        assert sealed.shelf.blobs(runs[0], [PICK]) == {}
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
            "SELECT data FROM segment WHERE type = 'ContactRecorded' ORDER BY first"
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
