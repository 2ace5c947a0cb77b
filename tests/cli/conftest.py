"""The command line, called in this process or as one of its own, and stores to call it on."""

import io
import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from earlystart_cli.app import run

CITY = ("--cases", "40", "--years", "3", "--seed", "5", "--teams", "4")
COMMAND = (sys.executable, "-m", "earlystart_cli")


@dataclass
class Called:
    """What a call came to."""

    status: int
    out: bytes
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.decode().splitlines()


def call(*arguments: object) -> Called:
    """The command line in this process, with standard streams of its own."""
    out, err = io.BytesIO(), io.BytesIO()
    before = sys.stdout, sys.stderr
    sys.stdout = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(err, encoding="utf-8", write_through=True)
    try:
        status = run([str(each) for each in arguments])
        return Called(status, out.getvalue(), err.getvalue().decode())
    finally:
        sys.stdout, sys.stderr = before


def process(*arguments: object, **options: Any) -> Called:
    """The command line as a process."""
    ran = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
        **options,
    )
    return Called(ran.returncode, ran.stdout, ran.stderr.decode())


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key-encryption keys of PostgreSQL stores are kept in the user's folder: not in that of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))
    monkeypatch.delenv("EARLYSTART_KEK", raising=False)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small city on SQLite; not to be written to."""
    path = tmp_path_factory.mktemp("city") / "city.db"
    assert call("simulate", "--db", path, *CITY).status == 0
    return path


def copied(city: Path, folder: Path) -> Path:
    for name in (city.name, f"{city.name}.keys", f"{city.name}.keys.kek"):
        shutil.copy2(city.with_name(name), folder / name)
    return folder / city.name


@pytest.fixture
def copy(city: Path, tmp_path: Path) -> Path:
    """The same city, to do anything with."""
    return copied(city, tmp_path)


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def stored(request: pytest.FixtureRequest, city: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the same city on SQLite, and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{copied(city, tmp_path_factory.mktemp('stored'))}"
        return
    server, name = request.getfixturevalue("postgres_server"), f"city{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = server.replace("/postgres?", f"/{name}?")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARLYSTART_KEK", "5a" * 32)
        assert call("simulate", "--db", url, *CITY).status == 0
    yield url
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def feed(tmp_path: Path) -> Callable[..., Path]:
    """Writes a feed of the given files: names without `.csv`, texts."""

    def write(**files: str) -> Path:
        folder = tmp_path / "feed"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.csv").write_text(text)
        return folder

    return write
