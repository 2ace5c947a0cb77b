"""A write-ahead log that is left beside a file: its own is taken in, another's is refused, and nothing is deleted."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_core.proof.judging import verify_log
from earlystart_sql.left_over import pages_with_gaps
from earlystart_sql.log import SqlLog

ENTRY = Entry("Tried", b"{}", ["case:a"])
LEAVING = """
import os, sys
from datetime import UTC, datetime
from earlystart_core.entry import Entry
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
log = SqlLog(open_database(sys.argv[1], LOG), lambda: datetime.now(UTC))
for _ in range(int(sys.argv[2])):
    log.append([Entry("Tried", b"{}", ["case:a"])])
os.kill(os.getpid(), 9)
"""


def killed(store: Path, entries: int) -> None:
    """Appends in a process of its own that then ends as by `kill -9`: its write-ahead log stays."""
    assert subprocess.run([sys.executable, "-c", LEAVING, store, str(entries)], check=False).returncode == -9


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "s.db"


def filled(store: Path, open_log: Callable[..., SqlLog], entries: int) -> None:
    log = open_log(str(store))
    for _ in range(entries):
        log.append([ENTRY] * 20)
    log.database.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_backup_beside_an_older_log_is_refused_and_left_as_it_is(
    store: Path, open_log: Callable[..., SqlLog], read_only: bool
) -> None:
    filled(store, open_log, 3)
    shutil.copy(store, f"{store}.bak")
    filled(store, open_log, 60)
    killed(store, 4)
    shutil.copy(f"{store}.bak", store)
    left = Path(f"{store}-wal")
    before = store.read_bytes(), left.read_bytes()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=r"s\.db and .*s\.db-wal do not belong together, .*move the files"):
            open_log(str(store), read_only=read_only)
    assert (store.read_bytes(), left.read_bytes()) == before
    for suffix in ("-wal", "-shm"):
        Path(f"{store}{suffix}").rename(f"{store}.bak{suffix}")
    log = open_log(str(store), read_only=read_only)
    assert log.head() == 60
    assert verify_log(log.tree, None, None, 1).sound


@pytest.mark.parametrize("entries", [0, 1, 40])
def test_a_log_of_the_file_itself_is_taken_in(store: Path, open_log: Callable[..., SqlLog], entries: int) -> None:
    filled(store, open_log, 3)
    killed(store, entries)
    assert pages_with_gaps(str(store)) is None
    assert open_log(str(store)).head() == 60 + entries


def test_a_log_that_a_crash_cut_short_is_taken_in_up_to_its_last_commit(
    store: Path, open_log: Callable[..., SqlLog]
) -> None:
    filled(store, open_log, 1)
    killed(store, 30)
    left = Path(f"{store}-wal")
    whole = left.read_bytes()
    for cut in (len(whole) - 1, len(whole) - 5_000, 4_000, 31, 0):
        left.write_bytes(whole[:cut])
        assert pages_with_gaps(str(store)) is None
    left.write_bytes(whole[: len(whole) - 5_000])
    Path(f"{store}-shm").unlink()
    log = open_log(str(store))
    assert 20 <= log.head() < 50
    assert verify_log(log.tree, None, None, 1).sound


def test_a_log_that_someone_writes_just_now_is_no_other_s(store: Path, open_log: Callable[..., SqlLog]) -> None:
    writer = open_log(str(store))
    for _ in range(20):
        writer.append([ENTRY] * 50)
        assert pages_with_gaps(str(store)) is None
    assert open_log(str(store), read_only=True).head() == 1_000


@pytest.mark.parametrize("junk", [b"", b"x" * 10, b"x" * 40, bytes(40), bytes(100_000)])
def test_what_is_no_log_has_no_gaps(store: Path, open_log: Callable[..., SqlLog], junk: bytes) -> None:
    filled(store, open_log, 1)
    Path(f"{store}-wal").write_bytes(junk)
    assert pages_with_gaps(str(store)) is None
    assert open_log(str(store)).head() == 20


def test_a_last_write_that_only_partly_reached_the_disk_is_no_other_store_s(
    store: Path, open_log: Callable[..., SqlLog]
) -> None:
    """The power went before its sync: SQLite leaves it out, and it was never acknowledged."""
    filled(store, open_log, 3)
    killed(store, 400)
    left = Path(f"{store}-wal")
    whole, size = left.read_bytes(), 24 + 4096
    here = store.stat().st_size // 4096
    for torn in range(32 + size, len(whole), size):
        if int.from_bytes(whole[torn : torn + 4], "big") > here:
            left.write_bytes(whole[:torn] + bytes(size) + whole[torn + size :])
            if pages_with_gaps(str(store)) is not None:
                break
    assert pages_with_gaps(str(store)) is not None
    assert pages_with_gaps(str(store), summed=True) is None
    log = open_log(str(store))
    assert 60 < log.head() < 460
    assert verify_log(log.tree, None, None, 1).sound
    assert log.append([ENTRY]) == log.head()
