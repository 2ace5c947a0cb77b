"""What is done to files beneath an open record: the next call uses what is there now, or says what is wrong."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_sql.log import SqlLog

Opening = Callable[..., SqlLog]


def entry(tag: str = "case:a") -> Entry:
    return Entry("Tried", b"{}", [tag])


def closed(open_log: Opening, path: Path, entries: int) -> Path:
    """A store of so many entries that nobody has open."""
    log = open_log(str(path))
    for n in range(entries):
        log.append([entry(f"at:{path.name}-{n}")])
    log.database.close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def test_a_file_that_replaces_it_is_read_and_written(tmp_path: Path, path: Path, open_log: Opening) -> None:
    other = closed(open_log, tmp_path / "other.db", 5)
    log = open_log(str(path))
    log.append([entry(), entry()])
    with log.reading() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    other.replace(path)
    assert log.head() == 5
    assert log.append([entry()]) == 6
    log.database.close()
    assert open_log(str(path)).head() == 6


def test_a_file_that_replaces_it_beside_the_former_log_is_refused_until_that_is_gone(
    tmp_path: Path, path: Path, open_log: Opening
) -> None:
    other = closed(open_log, tmp_path / "other.db", 5)
    log = open_log(str(path))
    log.append([entry(), entry()])
    other.replace(path)
    for ask in (log.head, lambda: log.append([entry()])):
        with pytest.raises(StoreUnavailable, match=r"was replaced while it was open, and .*store.db-wal belongs to"):
            ask()
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink()
    assert log.head() == 5
    assert log.append([entry()]) == 6


@pytest.mark.parametrize("emptied", [False, True])
def test_a_file_that_is_copied_over_it_is_refused_until_what_is_beside_it_is_gone(
    tmp_path: Path, path: Path, open_log: Opening, emptied: bool
) -> None:
    """SQLite would read a mixture of the copy and of what was written to the former file, or call it malformed."""
    other = closed(open_log, tmp_path / "other.db", 50)
    log, second = open_log(str(path)), open_log(str(path))
    log.append([entry()])
    assert second.head() == 1
    if emptied:
        with log.reading() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert second.head() == 1
    shutil.copy(other, path)
    for ask in (log.head, lambda: log.append([entry()]), second.head):
        with pytest.raises(StoreUnavailable, match=r"was written over while it was open, and .*-wal belongs to"):
            ask()
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink()
    assert log.head() == second.head() == 50
    assert second.append([entry()]) == 51
    assert log.append([entry()]) == 52


def test_touching_it_or_reading_it_is_no_matter(path: Path, open_log: Opening) -> None:
    log = open_log(str(path))
    log.append([entry()])
    os.utime(path, (1, 1))
    assert log.head() == 1
    shutil.copy(path, path.with_name("copy"))
    os.utime(path)
    assert log.append([entry()]) == 2


def test_checkpoints_of_other_processes_are_no_matter(path: Path, open_log: Opening) -> None:
    log, other = open_log(str(path)), open_log(str(path), read_only=False)
    shell = (
        "import sys; from pysqlite3 import dbapi2 as d; c = d.connect(sys.argv[1]); c.execute(sys.argv[2]); c.close()"
    )
    for n in range(1, 13):
        assert log.append([Entry("Tried", b"x" * 5_000, ["case:a"])] * 3) == 3 * n
        mode = ("PASSIVE", "RESTART", "TRUNCATE")[n % 3]
        subprocess.run([sys.executable, "-c", shell, str(path), f"PRAGMA wal_checkpoint({mode})"], check=True)
        assert other.head() == 3 * n


@pytest.mark.parametrize("what", ["-wal", "-shm"])
def test_what_is_beside_it_taken_away_between_two_calls(path: Path, open_log: Opening, what: str) -> None:
    log = open_log(str(path))
    assert log.append([entry()]) == 1
    with log.reading() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    Path(f"{path}{what}").unlink()
    assert log.append([entry()]) == 2
    fresh = open_log(str(path))
    assert fresh.head() == log.head() == 2
    assert fresh.append([entry()]) == 3
    assert log.append([entry()]) == 4


@pytest.mark.parametrize("what", ["", "-wal", "-shm"])
def test_what_is_taken_away_within_a_call_makes_it_fail(path: Path, open_log: Opening, what: str) -> None:
    log = open_log(str(path))
    log.append([entry()])
    with pytest.raises(StoreUnavailable, match=r"did not confirm a commit \(its files were replaced meanwhile\)"):
        log.append([entry()], also=lambda *_: Path(f"{path}{what}").rename(f"{path}{what}.away"))


def test_a_second_name_stops_writing_and_not_reading(tmp_path: Path, path: Path, open_log: Opening) -> None:
    log = open_log(str(path))
    log.append([entry()])
    second = tmp_path / "second.db"
    second.hardlink_to(path)
    with pytest.raises(StoreUnavailable, match=r"store.db has 2 names \(hard links\): expected one"):
        log.append([entry()])
    assert log.head() == 1
    second.unlink()
    assert log.append([entry()]) == 2


def test_a_file_that_was_moved_while_it_is_open_is_not_opened_under_its_new_name(path: Path, open_log: Opening) -> None:
    """In this process, or in another: what is beside it would be another for each."""
    log = open_log(str(path))
    log.append([entry()])
    moved = path.rename(path.with_name("moved.db"))
    script = (
        "import sys; from earlystart_sql.database import open_database; from earlystart_sql.schema import LOG;"
        "open_database(sys.argv[1], LOG)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(moved)], capture_output=True, text=True, check=False)
    assert "moved.db is open under another name: expected one name for its file" in done.stderr
    with pytest.raises(StoreUnavailable, match="is open under another name"):
        open_log(str(moved))
    with pytest.raises(StoreUnavailable, match=r"store.db cannot be reached: No such file"):
        log.head()
    moved.rename(path)
    assert log.append([entry()]) == 2
