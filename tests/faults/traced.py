"""What a program does to the files of a folder, as strace sees it: writes, syncs, names, and what the program says."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

NEEDS_STRACE = "needs strace and the right to trace (apt-get install strace)"
STRACE = shutil.which("strace")
CALLS = (
    *("openat", "pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink", "unlinkat"),
    *("rename", "renameat", "renameat2", "link", "linkat"),
)
OPENED = re.compile(r'^openat\([^,]*, "(?P<path>[^"]*)", (?P<flags>[A-Z_|]+).*\) = \d+')
WROTE = re.compile(
    r'^(?:pwrite64|write)\((?P<fd>\d+)<(?P<path>[^>]*)>, "(?P<data>[^"]*)", \d+(?:, (?P<at>\d+))?\) = (\d+)$'
)
SYNCED = re.compile(r"^(?:fsync|fdatasync)\(\d+<(?P<path>[^>]*)>\) = 0$")
CUT = re.compile(r"^ftruncate\(\d+<(?P<path>[^>]*)>, (?P<at>\d+|0x[0-9a-f]+)\) = 0$")
GONE = re.compile(r'^unlink(?:at)?\((?:AT_FDCWD<[^>]*>, )?"(?P<path>[^"]*)"(?:, 0)?\) = 0$')
MOVED = re.compile(
    r'^(?P<how>rename|link)(?:at2?)?\((?:\w+<[^>]*>, )?"(?P<path>[^"]*)", (?:\w+<[^>]*>, )?"(?P<to>[^"]*)".*\) = 0$'
)


class Op(NamedTuple):
    """One step: `what` is create, write, cut, sync, unlink, rename, link or said; paths are whole.

    at: the offset of a write (None: at the end), or the size that a file is cut to.
    """

    what: str
    path: str
    data: bytes = b""
    at: int | None = None
    to: str = ""


@cache
def may_trace() -> bool:
    """Whether strace is there and may look at a program of ours."""
    if STRACE is None:
        return False
    return subprocess.run([STRACE, "-o", os.devnull, "true"], check=False, capture_output=True).returncode == 0


def traced(code: str, *arguments: object, folder: Path) -> list[Op]:
    """Runs a program of Python code to its end: what it did in that folder and wrote to its output, in order."""
    trace = folder.with_name(f"{folder.name}.trace")
    command = [str(STRACE), "-f", "--seccomp-bpf", "-y", "-xx", "-s", "1000000", "-o", str(trace)]
    command += ["-e", "trace=" + ",".join(CALLS), sys.executable, "-c", code, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, timeout=120)
    with trace.open("rb") as lines:
        found = [op for line in lines if (op := _op(line.decode("ascii"), str(folder)))]
    trace.unlink()
    return found


def _op(line: str, folder: str) -> Op | None:
    call = line.partition(" ")[2].strip()  # without the number of the process
    for op in _ops(call):
        if op.what == "said" or _inside(op.path, folder):
            return op
    return None


def _inside(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _ops(call: str) -> Iterator[Op]:
    if found := OPENED.match(call):
        if "O_CREAT" in found["flags"]:
            yield Op("create", _text(found["path"]))
    elif found := WROTE.match(call):
        data = _bytes(found["data"])
        if found["fd"] == "1":
            if data.strip():
                yield Op("said", "", data.strip())
        else:
            yield Op("write", _text(found["path"]), data, int(found["at"]) if found["at"] else None)
    elif found := SYNCED.match(call):
        yield Op("sync", _text(found["path"]))
    elif found := CUT.match(call):
        yield Op("cut", _text(found["path"]), at=int(found["at"], 0))
    elif found := GONE.match(call):
        yield Op("unlink", _text(found["path"]))
    elif found := MOVED.match(call):
        yield Op(found["how"], _text(found["path"]), to=_text(found["to"]))


def _bytes(shown: str) -> bytes:
    return bytes.fromhex(shown.replace("\\x", ""))


def _text(shown: str) -> str:
    return _bytes(shown).decode()
