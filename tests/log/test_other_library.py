"""A second SQLite library in the process, or a copy of the live files: what was acknowledged stays, or the call fails.

Closing any descriptor of a file drops the locks that this process has on it, so another process may write, or delete
the write-ahead log, where it must not.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from earlystart_sql.log import SqlLog

SECONDS = 4.0

WRITER = """
import shutil, sqlite3, sys, time
from datetime import UTC, datetime
from threading import Thread
from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG

path, name, peek, until = sys.argv[1], sys.argv[2], sys.argv[3], time.monotonic() + float(sys.argv[4])

def writes(name, rounds):
    n = 0
    while time.monotonic() < until:
        log = SqlLog(open_database(path, LOG), lambda: datetime.now(UTC))
        for _ in range(rounds):
            n += 1
            try:
                sys.stdout.write(f"{log.append([Entry('Tried', b'{}', [f'{name}:{n}'])])} {name}:{n}\\n")
            except StoreUnavailable as error:
                sys.stdout.write(f"0 {error}\\n")
            if time.monotonic() > until:
                break
        log.database.close()

def connected():
    connection = sqlite3.connect(path)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        pass  # busy
    connection.close()

def copied():
    for live in (path, f"{path}-wal", f"{path}-shm"):
        try:
            shutil.copy(live, f"{path}.copy")
        except FileNotFoundError:
            pass

peeks = {"connected": connected, "copied": copied}.get(peek)
threads = [Thread(target=writes, args=(f"{name}-{n}", {often} if peeks else 20)) for n in range(2 if peeks else 1)]
for thread in threads:
    thread.start()
while peeks and time.monotonic() < until:
    peeks()
    time.sleep(0.002)
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("often", [10**9, 7], ids=["stays open", "opened and closed"])
@pytest.mark.parametrize("peek", ["connected", "copied"])
def test_nothing_acknowledged_is_lost_and_no_position_is_given_twice(
    tmp_path: Path, open_log: Callable[..., SqlLog], peek: str, often: int
) -> None:
    """One process appends and looks at the file in another way; another process appends, opening and closing it.

    often: after so many appends the first one opens the store again too.
    """
    path = tmp_path / "store.db"
    open_log(str(path)).database.close()
    program = WRITER.replace("{often}", str(often))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path), *arguments, str(SECONDS)], stdout=subprocess.PIPE, text=True
        )
        for arguments in (("peeking", peek), ("other", "never"))
    ]
    said = [line.split(" ", 1) for writer in writers for line in writer.communicate()[0].splitlines()]
    assert [writer.returncode for writer in writers] == [0, 0]
    acknowledged = [(int(position), tag) for position, tag in said if position != "0"]
    found = {entry.position: entry.event.tags[0] for entry in open_log(str(path)).read().entries()}
    assert [each for each in acknowledged if found.get(each[0]) != each[1]] == []
    assert len({position for position, _ in acknowledged}) == len(acknowledged)
    assert {tag.partition("-")[0] for _, tag in acknowledged} == {"peeking", "other"}
    assert [tag for position, tag in said if position == "0"] == []  # a call may fail, but nobody is in its way
