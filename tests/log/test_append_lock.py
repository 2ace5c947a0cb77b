"""The append lock of a store in a file: one writer at a time, whatever becomes of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_sql.append_lock import AppendLock
from earlystart_sql.log import SqlLog

ENTRY = Entry("Tried", b"{}", ["case:a"])

HOLDER = """
import os, sys, time
from pathlib import Path
from earlystart_sql.append_lock import AppendLock
with AppendLock(Path(sys.argv[1]), "the store").had(0) as had:
    child = os.fork() if sys.argv[2:] else 1
    if child:
        print(had, child, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    path.touch(mode=0o640)
    return path


def holder(store: Path, *how: str) -> tuple["subprocess.Popen[str]", int]:
    """A process that has the lock, and the child that it forked meanwhile."""
    found = subprocess.Popen([sys.executable, "-c", HOLDER, str(store), *how], stdout=subprocess.PIPE, text=True)
    assert found.stdout
    had, child = found.stdout.readline().split()
    assert had == "True"
    return found, int(child)


def can_have(store: Path, seconds: float = 0) -> bool:
    with AppendLock(store, "the store").had(seconds) as had:
        return had


def test_it_is_had_by_one_and_ends_with_its_process(store: Path) -> None:
    other, _ = holder(store)
    assert not can_have(store)
    before = time.monotonic()
    assert not can_have(store, 0.3)
    assert 0.3 <= time.monotonic() - before < 3
    other.send_signal(signal.SIGKILL)
    other.communicate()
    lock = AppendLock(store, "the store")
    for _ in range(2):
        with lock.had(1) as had:
            assert had
            assert not can_have(store)  # not by the same process twice
    assert can_have(store)
    assert Path(f"{store}.lock").read_bytes() == b""
    assert Path(f"{store}.lock").stat().st_mode & 0o007 == 0  # who may not open the store cannot stop it


def test_it_is_given_back_whatever_ends_the_block(store: Path) -> None:
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt), AppendLock(store, "the store").had(0) as had:
            assert had
            raise KeyboardInterrupt
    assert can_have(store)


def test_a_process_that_was_forked_meanwhile_does_not_have_it(store: Path) -> None:
    parent, child = holder(store, "forks")
    try:
        assert not can_have(store)
        parent.send_signal(signal.SIGKILL)
        assert can_have(store, 5)
    finally:
        os.kill(child, signal.SIGKILL)
        parent.communicate()


def test_a_file_that_was_deleted_while_it_was_locked_locks_nobody_out_of_the_next(store: Path) -> None:
    with AppendLock(store, "the store").had(0) as first:
        assert first
        Path(f"{store}.lock").unlink()
        with AppendLock(store, "the store").had(0) as second:
            assert second
            assert not can_have(store)
    assert can_have(store)


def test_what_is_not_the_lock_is_left_alone(store: Path) -> None:
    path = Path(f"{store}.lock")
    path.write_bytes(b"theirs")
    with pytest.raises(StoreUnavailable, match=r"the store.lock is another program's: expected the empty file"):
        can_have(store)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(StoreUnavailable, match=r"the store.lock is another program's"):
        can_have(store)
    path.unlink()
    path.symlink_to("elsewhere")
    with pytest.raises(StoreUnavailable, match=r"the store cannot be written: the store.lock cannot be locked: "):
        can_have(store)
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreUnavailable, match=r"the store.lock cannot be locked: Is a directory"):
        can_have(store)


def test_who_only_reads_makes_no_lock(tmp_path: Path, open_log: Callable[..., SqlLog]) -> None:
    path = tmp_path / "store.db"
    log = open_log(str(path))
    assert not Path(f"{path}.lock").exists()
    log.append([ENTRY])
    log.database.close()
    Path(f"{path}.lock").unlink()
    assert open_log(str(path), read_only=True).head() == 1
    assert not Path(f"{path}.lock").exists()
