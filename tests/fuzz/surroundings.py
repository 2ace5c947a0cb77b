"""The fuzzer over what surrounds a command: its environment, folder, streams, limits and words.

Whatever they are, a command ends with a status of the contract, and what went wrong is one sentence and no traceback.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.damage import FILES, Store, lines, writes
from tests.fuzz.surface import PEM

STATUSES = (0, 1, 2, 3, 130, 143)
SECONDS = 120  # that one command may take, on a machine that has other work
ROOT = str(Path(__file__).resolve().parents[2])
AS_IT_IS = {  # where the library is; and nothing written beside it, which a limit of file sizes would cut short
    "PYTHONPATH": ROOT,
    "PYTHONDONTWRITEBYTECODE": "1",
}
COMMAND = (sys.executable, "-X", "faulthandler", "-m", "earlystart_cli")
WORDS = (
    *(
        "",
        " ",
        "-",
        "--",
        "-x",
        "--db",
        "--json",
        "--help",
        "é",
        "\udcff",
        "\x1b[31m",
        "a" * 300,
        "@x",
        "*",
        "~",
        ".",
    ),
    *(
        "--known",
        "--known=-1",
        "--known=99999999999999999999",
        "--effective",
        "--effective=0001-01-01",
        "0",
        "-1",
        "1e9",
    ),
    *("--team=team:", "--team=\u202e", "--case=case:x", "case:01JH0000000000000000000000", "person:", "/dev/null", "/"),
    *("/dev/full", "/proc/self/mem", "sqlite://", "postgresql://", "postgresql://localhost:1/x", "memory://", "x.db"),
)
VARIABLES: dict[str, tuple[str, ...]] = {
    "EARLYSTART_KEK": ("", "x", "00", "5a" * 32, "5A" * 32, "zz" * 32, "5a" * 33, "\udcff", " " + "5a" * 32 + "\n"),
    "EARLYSTART_DEBUG": ("0", ""),
    "HOME": ("", "/nowhere", "/dev/null", "relative", "\udcff"),
    "XDG_CONFIG_HOME": ("", "/nowhere", "/dev/null", "relative", "/proc"),
    "TMPDIR": ("/nowhere", "/dev/null", ""),
    "SQLITE_TMPDIR": ("/nowhere",),
    "TZ": ("Nowhere/Else", "UTC+25", "Europe/London", ":/dev/null", ""),
    "PYTHONTZPATH": ("/nowhere", "relative"),
    "LANG": ("C", "tr_TR.UTF-8", "nonsense"),
    "LC_ALL": ("C", "POSIX", "nonsense"),
    "PYTHONUTF8": ("0", "1"),
    "PYTHONIOENCODING": ("ascii", "utf-16", "latin-1:strict"),
    "COLUMNS": ("0", "-1", "1", "x", "100000000"),
    "LINES": ("0", "x"),
    "TERM": ("dumb", "", "nonsense", "xterm-256color"),
    "NO_COLOR": ("1",),
    "FORCE_COLOR": ("1", "x"),
    "PAGER": ("/nowhere",),
    "POLARS_MAX_THREADS": ("1", "0", "x", "-1"),
    "PGHOST": ("/nowhere",),
    "PGOPTIONS": ("--nonsense",),
    "PGSERVICE": ("nowhere",),
    "PYTHONOPTIMIZE": ("1", "2"),
    "PYTHONWARNINGS": ("error", "nonsense"),
    "PYTHONDEVMODE": ("1",),
    "_TYPER_COMPLETE_ARGS": ("x",),
    "_EARLYSTART_COMPLETE": ("complete_bash", "source_zsh", "x"),
    "TYPER_USE_RICH": ("0", "x"),
}


class Surroundings:
    """One odd place after another to run a command in."""

    def __init__(self, random: Random, place: Path) -> None:
        self.random = random
        self.place = place
        self.said: list[str] = []

    def environment(self) -> dict[str, str]:
        found = {name: value for name, value in os.environ.items() if name != "EARLYSTART_DEBUG"}
        found |= AS_IT_IS
        for name in self.random.sample(sorted(VARIABLES), self.random.choice((0, 1, 1, 2, 4))):
            found[name] = self.random.choice(VARIABLES[name])
            self.said.append(f"{name}={found[name]!a:.20}")
        if self.random.random() < 0.05:
            self.said.append("no environment")
            return dict(AS_IT_IS)
        return found

    def streams(self) -> dict[str, Any]:
        way = self.random.choice(("plain",) * 5 + ("full", "closed", "shut pipe", "no input"))
        self.said.append(way)
        if way == "full":
            return {"stdout": os.open("/dev/full", os.O_WRONLY), "stderr": subprocess.PIPE}
        if way == "shut pipe":
            reader, writer = os.pipe()
            os.close(reader)
            return {"stdout": writer, "stderr": subprocess.PIPE}
        return {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}

    def limits(self) -> Callable[[], None]:
        random = self.random
        files = random.choice((None,) * 6 + (8, 16, 32))
        size = random.choice((None,) * 6 + (0, 4_096, 200_000))
        mask = random.choice((None,) * 4 + (0o777, 0o000))
        gone = (
            tempfile.mkdtemp() if random.random() < 0.08 else None
        )  # here: behind the limits the system may refuse it
        shut = [number for number in (0, 1, 2) if "closed" in self.said and random.random() < 0.6]
        self.said.append(f"files {files}, size {size}, mask {mask}, folder gone {gone is not None}, shut {shut}")

        def apply() -> None:
            if mask is not None:
                os.umask(mask)
            if files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            if size is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            if gone is not None:
                os.chdir(gone)
                Path(gone).rmdir()
            for number in shut:
                os.close(number)

        return apply

    def line(self, case: str) -> list[str]:
        random = self.random
        line = list(
            random.choice([*lines(case, self.place), *writes(case, self.place), ("doctor",), ("log", "verify")])
        )
        line += ["--db", str(self.place / "store.db")] if random.random() < 0.9 else []
        for _ in range(random.choice((0, 0, 0, 1, 2, 3))):
            word = random.choice(WORDS)
            where = random.randrange(len(line) + 1)
            line[where : where + random.randrange(2)] = [word]
        return line


def one(seed: int, whole: Path, case: str, place: Path) -> str | None:
    """Runs one command in odd surroundings; what is wrong about its end, or None."""
    random = Random(seed)
    place.mkdir()
    for name in FILES:
        shutil.copy(whole / name, place)
    shutil.copytree(whole / "feed", place / "feed")
    (place / "key.pem").write_bytes(PEM)
    around = Surroundings(random, place)
    line, environment, streams = around.line(case), around.environment(), around.streams()
    if any("\x00" in word for word in line):
        return None
    try:
        done = subprocess.run(
            [*COMMAND, *line],
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            preexec_fn=around.limits(),
            timeout=SECONDS,
            check=False,
            **streams,
        )
    except subprocess.TimeoutExpired:
        return f"seed {seed}: {line} {around.said}: took over {SECONDS} s"
    except (subprocess.SubprocessError, OSError):
        return None  # not even started
    finally:
        if isinstance(streams["stdout"], int) and streams["stdout"] >= 0:
            os.close(streams["stdout"])
    err = (done.stderr or b"").decode(errors="replace")
    if done.returncode in STATUSES and "Traceback" not in err and "fault of earlystart" not in err:
        return None
    if before_us(err, done.returncode):
        return None
    return f"seed {seed}: {line} {around.said}: status {done.returncode}: {err[-600:]}"


def before_us(err: str, status: int) -> bool:
    """Whether Python itself gave up, before a line of this library ran."""
    return status == 1 and ("Fatal Python error: init" in err or "init_sys_streams" in err)


def main() -> int:
    """`python -m tests.fuzz.surroundings FOLDER SECONDS SEED`: finds on standard output, status 1 for any."""
    folder, seconds, seed = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    store = Store(folder)
    end, begun, kinds = time.monotonic() + seconds, seed, set()
    while time.monotonic() < end:
        found = one(seed, store.folder, store.case, folder / str(seed))
        kind = "" if found is None else found.strip().splitlines()[-1][-200:]
        if found is not None and kind not in kinds:
            kinds.add(kind)
            print(found, flush=True)
        shutil.rmtree(folder / str(seed), ignore_errors=True)
        seed += 1
    print(f"{seed - begun} commands, {len(kinds)} kinds of finds")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
