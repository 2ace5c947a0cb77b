"""Whatever is wrong with a segment is found, reported, dropped, answered from the rows, and mended by the next seal."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from earlystart_core.words import EVENTS
from earlystart_sql.log import SqlLog
from earlystart_sql.segments import SqlShelf
from earlystart_sql.system import system_clock

from .conftest import LENGTH, frames, same, told_anew

PICK = "CaseOpened"


def blob_of(sealed: SimpleNamespace, first: int = 1, kind: str = PICK) -> bytes:
    key = f"first = {first} AND type = '{kind}' AND name = '@occurred_at'"
    return bytes(sealed.ask(f"SELECT data FROM segment WHERE {key}")[0][0])


def put(sealed: SimpleNamespace, data: bytes) -> None:
    sealed.change("UPDATE segment SET data = ? WHERE first = 1 AND type = ? AND name = '@occurred_at'", data, PICK)


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
    "more texts than there are": "UPDATE segment_run SET texts = 100000 WHERE first = 1",
    "other texts": "UPDATE segment_run SET texts = texts - 1 WHERE first = 1",
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
        other.log = SqlLog(it, system_clock)
        shelf = SqlShelf(other.log, EVENTS, LENGTH)
        shelf.seal()
        with it.reading() as connection:
            runs = connection.exec_driver_sql("SELECT first, last, layout, texts, held, bound FROM segment_run").all()
            blobs = connection.exec_driver_sql("SELECT first, type, name, data FROM segment").all()
    sealed.change("DELETE FROM segment")
    sealed.change("DELETE FROM segment_run")
    for run in runs:
        sealed.change(
            "INSERT INTO segment_run (first, last, layout, texts, held, bound) VALUES (?, ?, ?, ?, ?, ?)", *run
        )
    for blob in blobs:
        sealed.change("INSERT INTO segment (first, type, name, data) VALUES (?, ?, ?, ?)", *blob)
    assert sealed.shelf.runs(10**9) == []
    assert len(sealed.shelf.sealed().unsound) == len(runs)
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)
    assert sealed.shelf.seal() == len(runs)
    assert same(frames(sealed.log, sealed.shelf), sealed.rows)
