"""System calls of a running process that fail, by strace: a disk that is broken or full, at the n-th call of a kind."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.faults.traced import STRACE

SYNCING, WRITING, NAMING = "fsync,fdatasync", "pwrite64,pwritev", "rename,renameat,renameat2,link,linkat"
FAULTS = (  # what fails, and how
    (SYNCING, "EIO"),
    (SYNCING, "ENOSPC"),
    (WRITING, "EIO"),
    (WRITING, "ENOSPC"),
    ("ftruncate,fallocate", "EIO"),
    ("unlink,unlinkat", "EIO"),
    ("pread64", "EIO"),
    (NAMING, "EIO"),
)


class Fault(NamedTuple):
    """The calls that fail, with which error, and which of them: the `at`-th, and every `step`-th after it (0: none)."""

    calls: str
    error: str
    at: int
    step: int = 0

    def __str__(self) -> str:
        return f"{self.error} at call {self.at} of {self.calls}"


class Fired:
    """How many calls failed, known once the fault is over."""

    count = 0


@contextmanager
def failing(fault: Fault, trace: Path, *pids: int) -> Iterator[Fired]:
    """Makes that fault in each of those processes, until the block ends."""
    when = f"{fault.at}+{fault.step}" if fault.step else str(fault.at)
    command = [str(STRACE), "-f", "-o", str(trace), "-e", f"trace={fault.calls}"]
    command += ["-e", f"inject={fault.calls}:error={fault.error}:when={when}", *(f"-p{pid}" for pid in pids)]
    fired = Fired()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        for _ in pids:
            said = tracer.stderr.readline()  # one may have ended since it was listed
            assert "attached" in said or "No such process" in said, said
        try:
            yield fired
        finally:
            tracer.terminate()
            tracer.wait(30)
            fired.count = len(re.findall(r"\(INJECTED\)", trace.read_text(errors="replace")))
            trace.unlink()
