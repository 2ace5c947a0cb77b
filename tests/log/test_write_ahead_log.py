"""The write-ahead log is bounded: a reader who stays makes it grow, and the next commands after that shorten it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from earlystart_cli.app import run
from earlystart_core import DecideTier, OpenCase, Practitioner, Record
from earlystart_sql import sqlite
from earlystart_sql.write_ahead_log import BOUND_BYTES

BY = Practitioner(f"practitioner:{1:026d}", "health_visitor", "org:lch")
CASE, FAMILY = f"case:{1:026d}", f"family:{1:026d}"
COMMANDS = 3_000
AFTERWARDS = 2
READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
print("reads", flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(sqlite.journal_mode() != "wal", reason="this SQLite is not used in WAL mode")


@pytest.fixture(autouse=True)
def kek(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)


@contextmanager
def reading(path: Path) -> Iterator[int]:
    """Another process, with another SQLite, that has begun to read the file and does not end."""
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == "reads\n"
        yield reader.pid
        reader.communicate()


def decide(record: Record, number: int) -> None:
    """One command, on one of many cases, with a text that is sealed."""
    case = f"case:{10 + number // 2:026d}"
    if number % 2:
        order = DecideTier(case=case, tier="universal_plus", reason="Cries at night.")
    else:
        order = OpenCase(case=case, family=FAMILY, team="team:armley", reason="birth")
    record.submit(order, by=BY)


def opened(path: Path) -> Record:
    record = Record.open(str(path))
    record.submit(OpenCase(case=CASE, family=FAMILY, team="team:armley", reason="birth"), by=BY)
    return record


def size(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


def doctor(path: Path, capfd: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, object]], str]:
    capfd.readouterr()
    status = run(["doctor", "--db", str(path), "--json"])
    said = capfd.readouterr()
    return status, json.loads(said.out)["write_ahead_logs"], said.err


def test_a_reader_who_stays_over_3000_commands(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "store.db"
    with opened(path) as record:
        with reading(path) as process:
            for number in range(COMMANDS):
                decide(record, number)
            assert size(path) > BOUND_BYTES
            status, logs, said = doctor(path, capfd)
            assert status == 0
            assert logs["log"] == {"bytes": size(path), "bound": BOUND_BYTES, "status": "warning", "reader": process}
            assert logs["keys"]["status"] == "ok"
            assert f"process {process} has been reading the store" in said
            assert said.count("\n") == 1
        assert doctor(path, capfd)[1]["log"]["reader"] is None
        for number in range(AFTERWARDS):
            decide(record, number)
        assert size(path) <= BOUND_BYTES
        assert doctor(path, capfd)[1]["log"]["status"] == "ok"
        assert record.proof.verify().doubts == ()


def grow(record: Record, path: Path) -> None:
    """Writes more to the store's file, in one transaction, than its write-ahead log is to have."""
    database = record.store.keys.database if path.suffix == ".keys" else record.store.database  # type: ignore[attr-defined]
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS large (bytes BLOB)")
        connection.exec_driver_sql(f"INSERT INTO large VALUES (zeroblob({2 * BOUND_BYTES}))")


@pytest.mark.parametrize("suffix", ["", ".keys"])
def test_one_long_transaction_leaves_no_long_log(tmp_path: Path, suffix: str) -> None:
    """Of the key store too; and while someone reads, no command waits for them or fails."""
    path = tmp_path / "store.db"
    with opened(path) as record:
        decide(record, 0)
        file = Path(f"{path}{suffix}")
        grow(record, file)
        assert size(file) == 0
        with reading(file):
            grow(record, file)
            started = monotonic()
            decide(record, 1)
            assert monotonic() - started < sqlite.BUSY_SECONDS / 2
            assert size(file) > BOUND_BYTES
        grow(record, file)
        assert size(file) <= BOUND_BYTES


def test_closing_shortens_it_too(tmp_path: Path) -> None:
    """A program that writes no more leaves none behind."""
    path = tmp_path / "store.db"
    with opened(path) as record:
        with reading(path):
            grow(record, path)
        assert size(path) > BOUND_BYTES
    assert not Path(f"{path}-wal").exists() or size(path) == 0


def test_a_log_that_cannot_be_shortened_is_no_matter_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"

    def fails(driver: object) -> None:
        raise sqlite.LIBRARY.OperationalError("disk I/O error")

    with opened(path) as record:
        monkeypatch.setattr("earlystart_sql.database.shorten", fails)
        grow(record, path)
        decide(record, 0)
        assert size(path) > BOUND_BYTES
        monkeypatch.undo()
        monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
        decide(record, 2)
        assert size(path) <= BOUND_BYTES
