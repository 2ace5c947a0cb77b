"""F6 and F4 on PostgreSQL: a server that crashes, or whose disk fails at a write or a sync of a connection."""

import random
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from earlystart_core import Record
from tests.depth import many
from tests.faults.injected import SYNCING, WRITING, Fault, failing
from tests.faults.server import Server, own_server
from tests.faults.traced import NEEDS_STRACE, may_trace
from tests.faults.writing import WITHIN_SECONDS, WRITER, Answers, check, next_writer
from tests.ready import Ready

names = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with own_server() as made:
        yield made


@pytest.fixture
def url(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    return server.new_store(f"store{next(names)}")


def test_a_server_that_crashes_under_three_writers(server: Server, url: str, ready: Ready, tmp_path: Path) -> None:
    """F6."""
    assert next_writer(url, url) < WITHIN_SECONDS
    go, answers, dice, noes = tmp_path / "go", Answers(), random.Random(6), 0
    go.touch()
    for round_ in range(many(10, 3)):
        writers = [ready.start(WRITER, url, url, f"{round_}-{n}", 10_000, go) for n in range(3)]
        for writer in writers:
            assert writer.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0.05, 0.3))
        server.crash()
        for writer in writers:
            writer.kill()
            answers.read(writer.communicate()[0])
        noes += len(answers.no)
        assert next_writer(url, url, WITHIN_SECONDS) < WITHIN_SECONDS
        with Record.open(url) as record:
            answers.send_again(record)
    with Record.open(url) as record:
        check(record, answers)
    assert answers.yes
    assert noes, "no writer met the crash"


@pytest.mark.skipif(not may_trace(), reason=NEEDS_STRACE)
@pytest.mark.parametrize(("calls", "error"), [(SYNCING, "EIO"), (WRITING, "ENOSPC"), (WRITING, "EIO")])
def test_a_server_whose_disk_fails(
    server: Server, url: str, calls: str, error: str, ready: Ready, tmp_path: Path
) -> None:
    """A failed sync of its log makes the server crash and recover, by design; a full disk is a refusal."""
    assert next_writer(url, url) < WITHIN_SECONDS
    go, answers, fired, noes = tmp_path / "go", Answers(), 0, 0
    for at in range(1, many(20, 5) + 1):
        writer = ready.start(WRITER, url, url, at, 4, go)
        assert writer.stdout.readline() == "ready\n"
        with failing(Fault(calls, error, at), tmp_path / "trace", *server.backends()) as faults:
            go.touch()
            said = writer.communicate()
        go.unlink()
        assert writer.returncode == 0, said
        fired += faults.count
        answers.read(said[0])
        noes += len(answers.no)
        assert next_writer(url, url, WITHIN_SECONDS) < WITHIN_SECONDS
        with Record.open(url) as record:
            answers.send_again(record)
            check(record, answers)
    assert fired
    assert noes, "nobody noticed"
