"""The fuzzer over a store's files: bytes, tables and whole files changed behind the library's back.

Whatever was done, every command ends with a status of the contract and a sentence, in bounded time; and where every
check says that all is well, every answer is that of the store before the damage.
"""

import os
import re
import resource
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any

from tests.cli.conftest import Called, call
from tests.fuzz.surface import PEM

SECONDS = 60  # that one command may take, on a machine that has other work
MEMORY = 6 * 2**30  # bytes of address space
READER = (
    *(
        "--as",
        "practitioner:00000000000000000000000001",
        "--role",
        "information_governance",
        "--employer",
        "org:council",
    ),
    *("--purpose", "audit"),
)
FILES = ("store.db", "store.db.keys", "store.db.keys.kek")
CHECKS = (("doctor",), ("log", "verify"), ("rebuild", "--check"), ("audit", "access", "--check"))
ODD: tuple[Any, ...] = (
    *(None, 0, 1, -1, 2, 2**31, 2**62, -(2**63), 1.5, 1e300, "", "x", "0", "2026-01-01", "\x00", "🧒" * 50),
    *(b"", b"\x00", b"\xff" * 32, b"{}", b"[", b'{"case":1}', b"x" * 100_000),
)


class Slow(Exception):
    """A command took too long."""


def made(folder: Path, place: object) -> str:
    """A case of a store that is made there, with all that one can have: looks, segments, a checkpoint, an import."""
    (folder / "key.pem").write_bytes(PEM)
    feed = folder / "feed"
    feed.mkdir()
    (feed / "teams.csv").write_text("team,cluster,name\narmley,inner-west,Armley\n")
    (feed / "cases.csv").write_text(
        "child_ref,family_ref,team,opened_on,born_on,closed_on,close_reason\nC1,F1,armley,2026-02-24,2026-02-20,,\n"
    )
    for line in (
        ("simulate", "--cases", "12", "--years", "2", "--seed", "5", "--teams", "2"),
        ("import", feed),
        ("rebuild",),
        ("view", "case_status", *READER),
        ("audit", "disclosures", *READER),
        ("log", "checkpoint", "--key", folder / "key.pem"),
        ("hold", "place", "hold:x", "--authority", "Coroner 7", "--by", READER[1], "--employer", "org:council"),
    ):
        done = call(*line, "--db", place)
        assert done.status == 0, (line, done.err)
    case: str = call("view", "case_status", "--json", "--db", place).json[0]["case"]
    return case


def lines(case: str, folder: Path) -> list[tuple[str, ...]]:
    """Command lines that read, and some that write, but for the store."""
    asked = [("audit", "ask", str(number), "--case", case) for number in (2, 3, 5, 8, 11, 12, 19)]
    return [
        *(("view", name, "--ndjson") for name in ("case_status", "request_queue", "package_status", "consent_status")),
        *(("caseload", "--json"), ("tiers", "--json"), ("timeline", case, "--ndjson"), ("diff", "3", "--json")),
        ("view", "case_status", "--ndjson", "--known", "40", "--effective", "2025-06-01"),
        *(("audit", "disclosures", "--json"), ("audit", "access", "--json"), ("audit", "break-glass", "--json")),
        *(("retention", "--json"), ("hold", "list", "--json"), ("erasures", "--json"), ("explain",)),
        *(("log", "export", "--ndjson"), ("log", "prove", "7"), *asked),
        ("audit", "ask", "20", "--case", case, "--on", "2026-01-01"),
        *(("audit", "report", "--out", str(folder / "r.html")), ("audit", "subject", case, "--out", str(folder / "s"))),
        *(("view", "case_status", "--ndjson", *READER), ("timeline", case, "--ndjson", *READER)),
    ]


def stable(case: str, folder: Path) -> list[tuple[str, ...]]:
    """Lines whose answers only the log and the looks decide."""
    never = {"explain", "report", "subject", "retention", "prove", *READER}
    return [line for line in lines(case, folder) if not never & {*line}]


def writes(case: str, folder: Path) -> list[tuple[str, ...]]:
    """Command lines that write."""
    return [
        *(("rebuild", "--json"), ("rebuild", "--from", "segments"), ("rebuild", "--from", "rows")),
        ("import", str(folder / "feed")),
        ("erase", case, "--authority", "Caldicott Guardian", "--second-authority", "Head of Information Governance"),
        ("log", "checkpoint", "--key", str(folder / "key.pem")),
        ("hold", "lift", "hold:x", "--authority", "Coroner 7", "--by", READER[1], "--employer", "org:council"),
        ("glass", "break", case, "--reason", "emergency_care", *READER[:-1], "safeguarding"),
    ]


class Damage:
    """One way after another of changing files of a store; `did` says what was done."""

    def __init__(self, random: Random, folder: Path, other: Path) -> None:
        self.random = random
        self.folder = folder
        self.other = other  # a folder with an earlier copy of the same store
        self.did: list[str] = []

    def do(self) -> None:
        ways: Sequence[Callable[[], str]] = (self._bits, self._cut, self._whole, *(self._rows,) * 4, self._tables)
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            self.did.append(self.random.choice(ways)())

    def _file(self) -> Path:
        return self.folder / self.random.choice((*FILES[:1] * 3, *FILES))

    def _bits(self) -> str:
        path = self._file()
        if not path.is_file() or not (size := path.stat().st_size):
            return "nothing"
        found, places = bytearray(path.read_bytes()), []
        early = self.random.random() < 0.4
        for _ in range(self.random.choice((1, 2, 8, 64))):
            place = self.random.randrange(min(size, 120) if early else size)
            found[place] ^= 1 << self.random.randrange(8)
            places.append(place)
        path.write_bytes(found)
        return f"bits of {path.name} at {places[:8]}"

    def _cut(self) -> str:
        path = self._file()
        if not path.is_file():
            return "nothing"
        size = path.stat().st_size
        to = self.random.choice((0, 1, 100, size // 2, max(size - 1, 0), size - size % 4096, size + 5_000))
        with path.open("r+b") as file:
            file.truncate(to)
        return f"{path.name} cut from {size} to {to}"

    def _whole(self) -> str:
        path, random = self._file(), self.random
        way = random.choice(("swapped", "gone", "folder", "link", "earlier", "noise", "wal", "journal", "twice"))
        with suppress(OSError):
            if way == "swapped":
                second = self.folder / random.choice(FILES)
                path.rename(self.folder / "x")
                if second.exists():
                    second.rename(path)
                (self.folder / "x").rename(second)
            elif way in ("gone", "folder", "link"):
                path.unlink()
                if way == "folder":
                    path.mkdir()
                elif way == "link":
                    path.symlink_to(random.choice((path, self.folder / "nowhere", "/dev/null")))
            elif way == "earlier":
                shutil.copy(self.other / path.name, path)
            elif way == "noise":
                path.write_bytes(random.randbytes(random.choice((1, 100, 5_000))))
            elif way == "twice":
                os.link(path, self.folder / "twice.db")
            else:
                beside = self.folder / f"store.db-{way}"
                beside.write_bytes(random.choice((b"", random.randbytes(4_096), b"7\x7f\x06\x82" + bytes(60))))
        return f"{path.name}: {way}"

    def _connected(self) -> tuple[sqlite3.Connection, str]:
        name = self.random.choice((*FILES[:1] * 3, FILES[1]))
        connection = sqlite3.connect(self.folder / name, isolation_level=None)
        return connection, name

    def _rows(self) -> str:
        done = "nothing"
        with suppress(sqlite3.Error, OSError, LookupError, ValueError), closing(self._connected()[0]) as connection:
            for (trigger,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
                connection.execute(f'DROP TRIGGER "{trigger}"')
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            table = self.random.choice(tables)
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            some = f'FROM "{table}" ORDER BY random() LIMIT {self.random.choice((1, 1, 1, 3, 1_000))}'
            keys = [row[0] for row in connection.execute(f'SELECT "{columns[0]}" {some}').fetchall()]
            column, value = self.random.choice(columns), self.random.choice(ODD)
            where = f'WHERE "{columns[0]}" = ?'
            for key in keys:
                match self.random.randrange(4):
                    case 0:
                        connection.execute(f'DELETE FROM "{table}" {where}', (key,))
                        done = f"{table}: rows deleted"
                    case 1:
                        other = f'(SELECT "{column}" FROM "{table}" ORDER BY random() LIMIT 1)'
                        connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = {other} {where}', (key,))
                        done = f"{table}.{column}: another row's"
                    case 2:
                        rest = ", ".join(f'"{name}"' if name != column else "?" for name in columns)
                        copied = f'INSERT OR IGNORE INTO "{table}" SELECT {rest} FROM "{table}" {where}'
                        connection.execute(copied, (value, key))
                        done = f"{table}: copied with {column} = {value!r:.30}"
                    case _:
                        connection.execute(f'UPDATE OR REPLACE "{table}" SET "{column}" = ? {where}', (value, key))
                        done = f"{table}.{column} = {value!r:.30}"
        return done

    def _tables(self) -> str:
        done = "nothing"
        with suppress(sqlite3.Error, OSError, LookupError, ValueError), closing(self._connected()[0]) as connection:
            found = connection.execute("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'").fetchall()
            kind, name = self.random.choice(found)
            statement = self.random.choice(
                (
                    f'DROP {kind} "{name}"',
                    f'ALTER TABLE "{name}" RENAME TO other',
                    f'ALTER TABLE "{name}" ADD COLUMN more TEXT',
                    f'DELETE FROM "{name}"',
                    f"PRAGMA user_version = {self.random.choice((0, 2, -1))}",
                    f"PRAGMA application_id = {self.random.choice((0, 1, 0x4561724B))}",
                    "PRAGMA journal_mode = delete",
                    "CREATE TABLE extra (x)",
                    f'CREATE TRIGGER t BEFORE INSERT ON "{name}" BEGIN SELECT RAISE(IGNORE); END',
                    f"CREATE TRIGGER t AFTER INSERT ON \"{name}\" BEGIN SELECT RAISE(ABORT, 'no'); END",
                    "VACUUM",
                )
            )
            for (trigger,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
                if statement.startswith("DELETE"):
                    connection.execute(f'DROP TRIGGER "{trigger}"')
            connection.execute(statement)
            done = statement
        return done


def called(line: Sequence[str], place: object) -> tuple[Called | None, str | None]:
    """What a command came to, and what is wrong about it."""

    def late(*_: object) -> None:
        raise Slow

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        done = call(*line, "--db", place)
    except Slow:
        return None, f"took over {SECONDS} s"
    except BaseException as error:
        return None, f"raised {type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    if "Slow" in done.err:
        return None, f"took over {SECONDS} s"
    if done.status not in (0, 1, 2, 3) or "fault of earlystart" in done.err or "Traceback" in done.err:
        return done, f"status {done.status}: {done.err[-400:]}"
    if done.status in (2, 3) and not done.err.strip():
        return done, f"status {done.status} without a sentence"
    return done, None


def kind_of(found: str) -> str:
    """What a find has in common with others: all but numbers, ids and paths."""
    return re.sub(r"seed \d+|[0-9A-HJKMNP-TV-Z]{26}|\d+|/\S+", "", found.partition(": ")[2])[:200]


class Store:
    """A sound store, what it answers, and damaged copies of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "whole"
        self.folder.mkdir(parents=True)
        self.path = self.folder / "store.db"
        self.case = made(self.folder, self.path)
        self.answers = {line: call(*line, "--db", self.path).out for line in stable(self.case, self.folder)}
        self.early = folder / "early"
        self.early.mkdir()
        for name in FILES:
            shutil.copy(self.folder / name, self.early)
        call("import", self.folder / "feed", "--db", self.path)

    def damaged(self, seed: int, place: Path) -> list[str]:
        """Damages one copy, runs commands on it, and returns what was wrong."""
        random = Random(seed)
        place.mkdir()
        for name in FILES:
            shutil.copy(self.folder / name, place)
        shutil.copy(self.folder / "key.pem", place)
        shutil.copytree(self.folder / "feed", place / "feed")
        damage = Damage(random, place, self.early)
        damage.do()
        path, finds, sound = place / "store.db", [], True
        reads = random.sample(lines(self.case, place), 6)
        for line in (*CHECKS, *reads):
            done, wrong = called(line, path)
            if wrong:
                finds.append(f"seed {seed}, {'; '.join(damage.did)}: {' '.join(line)}: {wrong}")
            if line in CHECKS:
                sound = sound and done is not None and done.status == 0
            elif sound and done is not None and line in self.answers and done.out != self.answers[line]:
                finds.append(f"seed {seed}, {'; '.join(damage.did)}: {' '.join(line)}: another answer, no doubt")
        for line in random.sample(writes(self.case, place), 3):
            _, wrong = called(line, path)
            if wrong:
                finds.append(f"seed {seed}, {'; '.join(damage.did)}: {' '.join(line)}: {wrong}")
        return finds


def main() -> int:
    """`python -m tests.fuzz.damage FOLDER SECONDS SEED`: finds on standard output, status 1 where there are any."""
    folder, seconds, seed = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    store = Store(folder)
    end, begun, kinds = time.monotonic() + seconds, seed, set()
    while time.monotonic() < end:
        for found in store.damaged(seed, folder / str(seed)):
            if (kind := kind_of(found)) not in kinds:
                kinds.add(kind)
                print(found, flush=True)
        shutil.rmtree(folder / str(seed), ignore_errors=True)
        seed += 1
    print(f"{seed - begun} damaged stores, {len(kinds)} kinds of finds")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
