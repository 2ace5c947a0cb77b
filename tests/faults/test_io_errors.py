"""F4 and F5: a disk that fails or is full, at any call: a sentence, nothing lost or twice, and the next one is in."""

from itertools import count
from pathlib import Path

import pytest

from earlystart_core import Record
from tests.depth import many
from tests.faults.injected import FAULTS, NAMING, SYNCING, WRITING, Fault, failing
from tests.faults.traced import NEEDS_STRACE, may_trace
from tests.faults.writing import WITHIN_SECONDS, WRITER, Answers, check, next_writer
from tests.ready import Ready

COMMANDS = 3
needs_strace = pytest.mark.skipif(not may_trace(), reason=NEEDS_STRACE)


def tried(ready: Ready, folder: Path, fault: Fault, *, late: bool) -> tuple[int, Answers]:
    """How many calls of a writer failed, and what it said. late: it opens the store, and makes it, within the fault."""
    go, store = folder.with_name(f"{folder.name}.go"), folder / "store.db"
    child = ready.start(WRITER, store, f"{store}.keys", f"{fault.at}", COMMANDS, f"late:{go}" if late else go)
    assert child.stdout.readline() == "ready\n"
    with failing(fault, folder.with_name("trace"), child.pid) as fired:
        go.touch()
        said = child.communicate()
    go.unlink()
    assert child.returncode == 0, said
    answers = Answers()
    answers.read(said[0])
    assert len(answers.yes) + len(answers.no) == COMMANDS, said
    return fired.count, answers


@needs_strace
@pytest.mark.parametrize(("calls", "error"), [fault for fault in FAULTS if fault[0] != NAMING])
def test_a_disk_that_fails_at_any_call(calls: str, error: str, ready: Ready, tmp_path: Path) -> None:
    """Each call in turn until none fails: what was not acknowledged can be sent again, and is there once."""
    folder = tmp_path / "place"
    folder.mkdir()
    store, answers, noes = folder / "store.db", Answers(), 0
    assert next_writer(str(store), f"{store}.keys") < WITHIN_SECONDS
    for at in count(1, step=many(5, 40) if calls == WRITING else many(1, 4)):
        fired, said = tried(ready, folder, Fault(calls, error, at), late=False)
        noes += len(said.no)
        answers.yes |= said.yes
        answers.no |= said.no
        answers.raw += said.raw
        assert next_writer(str(store), f"{store}.keys") < WITHIN_SECONDS
        if not fired:
            assert said.no == {}
            break
        with Record.open(str(store)) as record:
            answers.send_again(record)
            check(record, answers)
    assert at > 1
    if calls not in ("unlink,unlinkat", "ftruncate,fallocate"):  # SQLite can do with what those leave behind
        assert noes, "nobody noticed"


@needs_strace
@pytest.mark.parametrize(
    ("calls", "error"), [(SYNCING, "EIO"), (WRITING, "ENOSPC"), (NAMING, "EIO"), ("unlink", "EIO")]
)
def test_a_disk_that_fails_while_a_store_is_made(calls: str, error: str, ready: Ready, tmp_path: Path) -> None:
    """Its folder's sync too: whoever comes next makes the store, or finds it."""
    for at in count(1, step=many(5, 40) if calls == WRITING else many(1, 3)):
        folder = tmp_path / f"place{at}"
        folder.mkdir()
        fired, answers = tried(ready, folder, Fault(calls, error, at), late=True)
        assert next_writer(str(folder / "store.db"), str(folder / "store.db.keys")) < WITHIN_SECONDS
        with Record.open(str(folder / "store.db")) as record:
            check(record, answers)
        if not fired:
            break
    assert at > 1


LIMITED = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop()),) * 2)
{WRITER}
"""


@pytest.mark.parametrize("room", [0, 4_096, 50_000, 100_000, 300_000])
def test_files_that_may_not_grow(room: int, ready: Ready, tmp_path: Path) -> None:
    """F5: no file may become larger than so many bytes: what fits is recorded, and the rest is a sentence."""
    store, go = tmp_path / "store.db", tmp_path / "go"
    go.touch()
    assert next_writer(str(store), f"{store}.keys") < WITHIN_SECONDS
    size = max(file.stat().st_size for file in tmp_path.iterdir())
    child = ready.start(LIMITED, store, f"{store}.keys", "n", 40, f"late:{go}", size + room)
    said = child.communicate()
    answers = Answers()
    answers.read(said[0])
    assert len(answers.yes) + len(answers.no) == 40, said
    assert answers.no
    assert next_writer(str(store), f"{store}.keys") < WITHIN_SECONDS
    with Record.open(str(store)) as record:
        check(record, answers)
