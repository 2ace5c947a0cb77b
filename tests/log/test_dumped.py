"""A store that came back from a dump: PostgreSQL's brings its mark along, SQLite's does not."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_core.proof.judging import verify_log
from earlystart_sql.database import open_database
from earlystart_sql.key_tables import KEYS
from earlystart_sql.layout import Layout
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG

ENTRY = Entry("Tried", b"{}", ["case:a"])


def reloaded(dumped: Path, into: Path) -> Path:
    """The file's dump, as `sqlite3 FILE .dump` writes it, run in a new file."""
    old, new = sqlite3.connect(str(dumped)), sqlite3.connect(str(into))
    new.executescript("\n".join(old.iterdump()))
    old.close()
    new.close()
    return into


def ran(path: Path, script: str) -> None:
    connection = sqlite3.connect(str(path))
    connection.executescript(script)
    connection.close()


@pytest.mark.parametrize("layout", [LOG, KEYS], ids=["log", "keys"])
def test_a_dump_that_was_reloaded_says_how_to_mark_it(tmp_path: Path, layout: Layout) -> None:
    open_database(str(tmp_path / "s.db"), layout).close()
    new = reloaded(tmp_path / "s.db", tmp_path / "new.db")
    before = new.read_bytes()
    with pytest.raises(
        StoreUnavailable, match=rf"tables of a store of this library \({layout.what}\) and not"
    ) as raised:
        open_database(str(new), layout)
    assert new.read_bytes() == before
    ran(new, str(raised.value).partition(" run ")[2].partition(" in it")[0])
    open_database(str(new), layout).close()


def test_a_reloaded_log_goes_on(tmp_path: Path, open_log: Callable[..., SqlLog]) -> None:
    open_log(str(tmp_path / "s.db")).append([ENTRY] * 3)
    new = reloaded(tmp_path / "s.db", tmp_path / "new.db")
    ran(new, f"PRAGMA application_id = {LOG.application_id}; PRAGMA user_version = {LOG.version}")
    log = open_log(str(new))
    log.append([ENTRY])
    assert verify_log(log.tree, None, None, 1).sound
    assert log.head() == 4


@pytest.mark.parametrize("spoilt", ["DROP TABLE receipt", "ALTER TABLE tag RENAME COLUMN kind TO sort"])
def test_half_of_a_store_is_another_program_s(tmp_path: Path, spoilt: str) -> None:
    open_database(str(tmp_path / "s.db"), LOG).close()
    new = reloaded(tmp_path / "s.db", tmp_path / "new.db")
    ran(new, spoilt)
    with pytest.raises(StoreUnavailable, match="belongs to another program"):
        open_database(str(new), LOG)
