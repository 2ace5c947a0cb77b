"""A rollback journal that is left beside a file: its own is rolled back, another's is refused and left alone."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_sql.log import SqlLog

ENTRIES = [Entry("Tried", b"{}", ["case:a"])] * 20
TORN = """
import os, sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("PRAGMA journal_mode = DELETE")
store.execute("PRAGMA cache_size = 3")  # so that pages are written before the commit
store.execute("BEGIN IMMEDIATE")
for (trigger,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
    store.execute(f"DROP TRIGGER {trigger}")
store.execute("UPDATE entry SET recorded_at = recorded_at + 1")
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def stores(tmp_path: Path, open_log: Callable[..., SqlLog]) -> tuple[Path, Path]:
    """A backup of 60 entries, and the later file of 1,260 with the journal of a writer that was killed."""
    backup, later = tmp_path / "backup.db", tmp_path / "later.db"
    log = open_log(str(later))
    for _ in range(3):
        log.append(ENTRIES)
    log.database.close()
    shutil.copy(later, backup)
    log = open_log(str(later))
    for _ in range(60):
        log.append(ENTRIES)
    log.database.close()
    assert subprocess.run([sys.executable, "-c", TORN, later], check=False).returncode == -9
    assert Path(f"{later}-journal").stat().st_size > 100_000
    return backup, later


def test_its_own_is_rolled_back(stores: tuple[Path, Path], open_log: Callable[..., SqlLog]) -> None:
    _, later = stores
    log = open_log(str(later))
    assert [entry.position for entry in log.read().entries()] == [*range(1, 1_261)]
    assert log.append(ENTRIES) == 1_280
    assert not Path(f"{later}-journal").exists()


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_backup_beside_another_s_journal_is_refused_and_left_as_it_is(
    stores: tuple[Path, Path], open_log: Callable[..., SqlLog], mode: str
) -> None:
    backup, later = stores
    connection = sqlite3.connect(backup)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.close()
    shutil.copy(backup, later)
    journal = Path(f"{later}-journal")
    before = later.read_bytes(), journal.read_bytes()
    with pytest.raises(StoreUnavailable, match=r"later\.db-journal do not belong together.*move .*-journal away"):
        open_log(str(later))
    assert (later.read_bytes(), journal.read_bytes()) == before
    journal.unlink()
    assert open_log(str(later)).head() == 60
