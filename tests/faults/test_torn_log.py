"""F2: a write-ahead log that is cut, or of which a bit was flipped: what is read is a beginning of what was said."""

import random
import shutil
from pathlib import Path

import pytest

from earlystart_core import Record
from earlystart_core.proof.judging import verify_log
from tests.depth import many
from tests.faults.writing import WRITER, Answers
from tests.ready import Ready

KIB = 1024
FILES = ("store.db", "store.db-wal", "store.db.keys", "store.db.keys-wal", "store.db.keys.kek")


@pytest.fixture
def killed(ready: Ready, tmp_path: Path) -> tuple[Path, list[str]]:
    """The folder of a store whose writer was killed, all it recorded being in the write-ahead log, and its commands."""
    folder, go = tmp_path / "killed", tmp_path / "go"
    folder.mkdir()
    go.touch()
    store = folder / "store.db"
    writer = ready.start(WRITER, store, f"{store}.keys", "w", 10_000, go)
    while (folder / "store.db-wal").stat().st_size < 600 * KIB if (folder / "store.db-wal").exists() else True:
        writer.stdout.readline()
    writer.kill()
    answers = Answers()
    answers.read(writer.communicate()[0])
    with Record.open(str(shutil.copytree(folder, tmp_path / "whole") / "store.db")) as record:
        return folder, [str(entry.event.command_id) for entry in record.store.log.read()]


def read(killed: Path, to: Path, wal: bytes) -> list[str]:
    """The commands in a copy of that store with this write-ahead log; it is sound."""
    to.mkdir()
    for name in FILES:
        shutil.copy2(killed / name, to / name)
    (to / "store.db-wal").write_bytes(wal)
    with Record.open(str(to / "store.db")) as record:
        log = record.store.log
        found = [str(entry.event.command_id) for entry in log.read()]
        assert verify_log(log.tree).sound  # type: ignore[attr-defined]  # an SqlLog
        assert len(record.view("case_status")) == -(-len(found) // 2)  # each other one says more of a case
    shutil.rmtree(to)
    return found


def test_cut_anywhere(killed: tuple[Path, list[str]], tmp_path: Path) -> None:
    """The longer it is, the more of the beginning is there."""
    folder, commands = killed
    wal, before = (folder / "store.db-wal").read_bytes(), 0
    for size in range(0, len(wal), KIB * many(1, 8)):
        found = read(folder, tmp_path / "cut", wal[:size])
        assert found == commands[: len(found)]
        assert len(found) >= before
        before = len(found)
    assert 0 < before <= len(commands)


def test_a_flipped_bit(killed: tuple[Path, list[str]], tmp_path: Path) -> None:
    """Its checksums end the log there."""
    folder, commands = killed
    wal, dice, counts = (folder / "store.db-wal").read_bytes(), random.Random(2), set()
    for _ in range(many(200)):
        torn, at = bytearray(wal), dice.randrange(len(wal))
        torn[at] ^= 1 << dice.randrange(8)
        found = read(folder, tmp_path / "flipped", bytes(torn))
        assert found == commands[: len(found)]
        counts.add(len(found))
    assert len(counts) > many(10, 4)
