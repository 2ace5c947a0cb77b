"""Opening a store: what it is set to, and one clear sentence for whatever is wrong."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import psycopg
import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import Invalid, StoreUnavailable
from earlystart_sql import postgres, sqlite
from earlystart_sql.address import address_of
from earlystart_sql.database import open_database
from earlystart_sql.kek import file_of
from earlystart_sql.key_tables import KEYS
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG

ENTRY = Entry("Tried", b"{}", ["case:a"])


def other_database(path: Path, *statements: str) -> None:
    connection = sqlite.LIBRARY.connect(str(path))
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_every_pragma_is_read_back(
    tmp_path: Path, open_log: Callable[..., SqlLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(str(tmp_path / "store.db"))
    for wanted, own in ((sqlite.pragmas(in_memory=False), log), (sqlite.pragmas(in_memory=True), open_log(":memory:"))):
        with own.reading() as connection:
            for pragma, value in wanted.items():
                assert (connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() or 0) == value, pragma
    wanted = sqlite.pragmas(in_memory=False)
    assert wanted["synchronous"] in (2, 3)
    monkeypatch.setattr(sqlite, "pragmas", lambda *, in_memory: wanted | {"cache_spill": -5})  # does not take
    other = open_log(str(tmp_path / "store.db"))
    with pytest.raises(StoreUnavailable, match=r"expected SQLite's cache_spill = -5, got \d+"):
        other.head()


def test_on_macos_a_commit_reaches_the_drive_s_platter(
    tmp_path: Path, open_log: Callable[..., SqlLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There an ordinary sync ends at the drive's cache. Elsewhere SQLite takes the settings and does nothing."""
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("fcntl.F_FULLFSYNC", 51, raising=False)  # where the system does not know it, an ordinary one
    log = open_log(str(tmp_path / "store.db"))
    log.append([Entry("Tried", b"{}", ["case:a"])])
    with log.reading() as connection:
        for pragma in ("fullfsync", "checkpoint_fullfsync"):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == 1


def test_which_sqlite_may_use_wal() -> None:
    bad = [(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 2), (3, 52, 0)]
    good = [(3, 6, 23), (3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 0), (4, 0, 0)]
    assert all(sqlite.has_wal_reset_bug(version) for version in bad)
    assert not any(sqlite.has_wal_reset_bug(version) for version in good)


def test_the_safe_mode_of_an_old_sqlite(
    tmp_path: Path, open_log: Callable[..., SqlLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one journal or the other: a store goes from library to library."""
    for bug, mode in ((True, "delete"), (False, "wal"), (True, "delete")):
        monkeypatch.setattr(sqlite, "has_wal_reset_bug", lambda version, bug=bug: bug)
        log = open_log(str(tmp_path / "store.db"))
        log.append([ENTRY])
        with log.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == mode
        log.database.close()
    assert open_log(str(tmp_path / "store.db")).head() == 3


def test_another_journal_is_waited_for(
    tmp_path: Path, open_log: Callable[..., SqlLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself does not wait: whoever opens a store first for another journal would fail while others have it."""
    path = tmp_path / "store.db"
    made = open_log(str(path))
    made.append([ENTRY])
    made.database.close()
    other = sqlite.LIBRARY.connect(str(path), check_same_thread=False)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    monkeypatch.setattr(sqlite, "has_wal_reset_bug", lambda version: True)
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.2)
    with pytest.raises(StoreUnavailable, match="is busy: expected its lock within a few seconds"):
        open_log(str(path)).append([ENTRY])
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 10.0)
    leaving = Timer(0.3, other.close)
    leaving.start()
    log = open_log(str(path))
    log.append([ENTRY])
    leaving.join()
    assert log.head() == 2
    with log.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "delete"


SECOND = """
import os, sys
opened = []
sys.addaudithook(lambda event, args: opened.append((event, args)) if event in ("open", "sqlite3.connect") else None)
from datetime import UTC, datetime
from earlystart_core.entry import Entry
from earlystart_sql.database import open_database
from earlystart_sql import sqlite
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
path = sys.argv[1]
log = SqlLog(open_database(path, LOG), lambda: datetime.now(UTC))
log.append([Entry("Tried", b"{}", ["a:1"])])
print(list(log.batches(["Tried"]))[0].data)
log.database.close()
mine = [(event, args) for event, args in opened if path in str(args[0]) and "draft" not in str(args[0])]
files = {str(args[0]) for event, args in mine if event == "open"} - {os.path.dirname(path)}
files -= {f"{path}-wal", f"{path}-journal"}  # looked into, to see whose they are; SQLite has no locks on them
assert files == {path, f"{path}-shm", f"{path}.lock"}, files  # opened once, for locks of this process's own
libraries = {event for event, _ in mine if event == "sqlite3.connect"}
assert libraries == ({"sqlite3.connect"} if sqlite.LIBRARY.__name__.startswith("sqlite3") else set()), libraries
"""


def test_only_one_sqlite_library_opens_a_store_and_nothing_else_does(tmp_path: Path) -> None:
    """A second library, or a plain open() and close() of the file, would drop the first one's locks."""
    done = subprocess.run(
        [sys.executable, "-c", SECOND, str(tmp_path / "s.db")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "b'[{}]'\n"


URLS = [
    ("", "got no name"),
    ("  ", "got no name"),
    ("a\x00b", "got no name"),
    ("mysql://u:secret@h/d", "got the scheme mysql"),
    ("postgresql+asyncpg://u:secret@h/d", r"got the scheme postgresql\+asyncpg"),
    ("sqlite:/x.db", "without two slashes"),
    ("postgresql:u:secret@h", "without two slashes"),
    ("sqlite://host/x.db", "three slashes"),
    ("sqlite:///x.db?mode=ro", "with options"),
    ("postgresql://u:secret@h:port/d", "malformed postgresql URL"),
    ("postgresql://u:secret@/d?host=a&host=b&port=1&port=2", "hosts and ports that do not go together"),
    ("postgresql://u:p@secret@h/d", "an @ in the host or the database: within a password it is written %40"),
    ("postgresql://u:p@h/secret@h/d", "an @ in the host or the database"),
    ("postgresql://u/x:secret@h/d", "an @ in the host or the database"),
]


@pytest.mark.parametrize(("url", "sentence"), URLS)
def test_a_wrong_url_is_invalid(url: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Invalid, match=sentence) as raised:
        open_database(url, LOG)
    assert raised.value.field == "db"
    assert "secret" not in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgres:///d", "postgresql:///d"),
        ("postgresql+psycopg://ann:secret@h:5433/d", "postgresql://ann@h:5433/d"),
        ("postgresql://ann:s%40cret%2Fsecret@[::1]:5433/d", "postgresql://ann@[::1]:5433/d"),
        (
            "postgresql://ann@/d?host=/run/pg&port=5433&password=secret&sslpassword=secret&passfile=secret",
            "postgresql://ann@/d?host=/run/pg&port=5433",
        ),
        ("postgresql:///d?host=a:1&host=b:2&user=ann", "postgresql:///d?user=ann&host=a:1&host=b:2"),
        ("postgresql://?service=case-record", "postgresql:///?service=case-record"),
        ("postgresql://h/?dbname=password%3Dsecret&dbname=postgresql://u:secret%40h/d", "postgresql://h/"),
    ],
)
def test_a_database_is_named_so_that_an_operator_can_tell_which(url: str, name: str) -> None:
    assert address_of(url).name == name


def test_the_file_of_a_key_encryption_key_is_where_it_always_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """However a database is named in messages: a key that is not found opens nothing."""
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")
    for url in ("postgresql://ann:secret@h:5433/d?sslmode=require", "postgresql://h:5433/d"):
        name = hashlib.sha256(b"postgresql://h:5433/d").hexdigest()[:16]
        assert file_of(address_of(url)) == Path(f"config/earlystart/{name}.kek")
    name = hashlib.sha256(b"postgresql:///d").hexdigest()[:16]
    assert file_of(address_of("postgresql://ann@/d?host=/run/pg")) == Path(f"config/earlystart/{name}.kek")


def wrong_files(folder: Path) -> dict[str, str]:
    """Makes files that are no stores; their names with what is said of them."""
    open_database(str(folder / "good"), LOG).close()
    good = (folder / "good").read_bytes()
    open_database(str(folder / "keys"), KEYS).close()
    (folder / "empty").touch()
    (folder / "junk").write_bytes(b"hello world\n" * 1_000)
    (folder / "tiny").write_bytes(b"SQL")
    (folder / "cut").write_bytes(good[: len(good) // 2])
    (folder / "header").write_bytes(good[:50])
    (folder / "torn").write_bytes(good[:4096] + os.urandom(len(good) - 4096))
    (folder / "newer").write_bytes(good[:60] + b"\x00\x00\x00\x09" + good[64:])
    other_database(folder / "other", "CREATE TABLE theirs (a)")
    other_database(folder / "blank", "PRAGMA journal_mode = delete", "CREATE TABLE a (b)", "DROP TABLE a")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    return {
        "empty": "is empty: expected a store",
        "junk": "file is not a database",
        "tiny": "file is not a database",
        "cut": "malformed",
        "header": "malformed|not a database",
        "torn": "malformed",
        "newer": "expected 1, got 9",
        "other": "belongs to another program",
        "keys": "another part of a store of this library: expected its log",
        "blank": "expected its tables, got none",
        "folder": "expected a file, got a folder",
        "pipe": "expected a file, got something else",
        "no/such": "the folder .* does not exist",
    }


def test_who_may_only_read_is_not_given_half_of_what_a_crash_left(
    tmp_path: Path, open_log: Callable[..., SqlLog]
) -> None:
    """Until someone who may write has rolled it back, the file holds what was never committed."""
    log = open_log(str(tmp_path / "store.db"))
    log.append([ENTRY] * 500)
    log.database.close()
    writer = sqlite.LIBRARY.connect(str(tmp_path / "store.db"), isolation_level=None)
    for statement in ("journal_mode = delete", "cache_size = 1", "cache_spill = 1"):
        writer.execute(f"PRAGMA {statement}").close()
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DROP TRIGGER fact_no_UPDATE")
    writer.execute("UPDATE fact SET data = x'00'")
    left = tmp_path / "left"
    left.mkdir()
    for name in ("store.db", "store.db-journal"):
        (left / name).write_bytes((tmp_path / name).read_bytes())
    writer.execute("ROLLBACK")
    writer.close()
    with pytest.raises(StoreUnavailable, match=r"store\.db was left by a writer that ended in the middle: expected it"):
        open_log(str(left / "store.db"), read_only=True)
    assert [each.event.data for each in open_log(str(left / "store.db")).read()] == [b"{}"] * 500
    assert open_log(str(left / "store.db"), read_only=True).head() == 500


@pytest.mark.parametrize("read_only", [False, True])
def test_a_wrong_file_is_refused_and_left_as_it_was(tmp_path: Path, read_only: bool) -> None:
    wrong = wrong_files(tmp_path)

    def state() -> dict[str, bytes]:
        beside = ("-shm", "-wal")  # what SQLite itself puts beside a file in WAL mode to read it
        files = [path for path in tmp_path.rglob("*") if not path.name.endswith(beside)]
        return {str(path): path.read_bytes() if path.is_file() else b"" for path in files}

    before = state()
    for name, sentence in wrong.items():
        expected = "does not exist" if name == "no/such" else sentence
        with pytest.raises(StoreUnavailable, match=expected) as raised:
            open_database(str(tmp_path / name), LOG, read_only=read_only)
        assert str(tmp_path) in str(raised.value)
        assert "\n" not in str(raised.value)
    assert state() == before


def test_a_missing_store_is_not_made_for_reading(tmp_path: Path, postgres_url: str) -> None:
    for options in ({"create": False}, {"read_only": True}):
        for url in (str(tmp_path / "none"), postgres_url):
            with pytest.raises(StoreUnavailable, match="does not exist"):
                open_database(url, LOG, **options)
    assert not list(tmp_path.iterdir())
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relname = 'store'").fetchone() == (0,)


def test_who_may_not_write_may_read(sql_url: str, open_log: Callable[..., SqlLog]) -> None:
    writer = open_log(sql_url)
    writer.append([ENTRY])
    reader = open_log(sql_url, read_only=True)
    assert reader.head() == 1
    writer.append([ENTRY])
    assert [found.position for found in reader.read()] == [1, 2]
    with pytest.raises(StoreUnavailable, match="open for reading only"):
        reader.append([ENTRY])
    with reader.try_writing() as connection:
        assert connection is None
    with pytest.raises(StoreUnavailable), reader.reading() as connection:
        connection.exec_driver_sql("CREATE TABLE x (a int)")


READER = """
import os, sys
from datetime import UTC, datetime
from earlystart_core.errors import StoreUnavailable
from earlystart_core.entry import Entry
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
log = SqlLog(open_database(":memory:", LOG), lambda: datetime.now(UTC))
log.append([Entry("Tried", b"{}", [])])  # everything is imported by now: nobody may not read it
log.database.close()
os.setgroups([]); os.setgid(65534); os.setuid(65534)
log = SqlLog(open_database(sys.argv[1], LOG), lambda: datetime.now(UTC))
print(log.head(), log.database.read_only)
try:
    log.append([Entry("Tried", b"{}", [])])
except StoreUnavailable as error:
    print(error)
log.database.close()
try:
    open_database(os.path.join(os.path.dirname(sys.argv[1]), "new"), LOG)
except StoreUnavailable as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become someone without rights")
@pytest.mark.parametrize("open_elsewhere", [False, True])
def test_a_read_only_folder_can_be_read(open_log: Callable[..., SqlLog], open_elsewhere: bool) -> None:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp())  # not below pytest's own, which others may not enter
    try:
        folder.chmod(0o755)
        log = open_log(str(folder / "store.db"))
        log.append([ENTRY])
        if not open_elsewhere:
            log.database.close()
        paths = os.pathsep.join(path for path in sys.path if path)
        done = subprocess.run(
            [sys.executable, "-c", READER, str(folder / "store.db")],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": paths},
        )
        assert done.returncode == 0, done.stderr
        said = done.stdout.splitlines()
        assert said[0] == "1 True"
        assert "reading only" in said[1]
        assert said[2].endswith("new cannot be made: Permission denied")
        log.database.close()
    finally:
        shutil.rmtree(folder)


def test_no_server(postgres_url: str) -> None:
    for url in ("postgresql://u:secret@127.0.0.1:1/d", "postgresql://u:secret@/d?host=/nowhere&password=secret"):
        with pytest.raises(StoreUnavailable) as raised:
            open_database(url, LOG)
        assert "secret" not in str(raised.value)
        assert "\n" not in str(raised.value)
    with pytest.raises(StoreUnavailable, match='database "none" does not exist'):
        open_database(
            postgres_url.replace("/t", "/none?x=", 1).partition("?")[0] + "?" + postgres_url.partition("?")[2], LOG
        )


def test_a_database_of_someone_else(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE theirs (a int)")
        with pytest.raises(StoreUnavailable, match="belongs to another program"):
            open_database(postgres_url, LOG)
        connection.execute("ALTER TABLE theirs RENAME TO store")
        with pytest.raises(StoreUnavailable, match="belongs to another program"):
            open_database(postgres_url, LOG)
        connection.execute("DROP TABLE store")
        open_database(postgres_url, LOG).close()
        connection.execute("UPDATE store SET version = 9")
        with pytest.raises(StoreUnavailable, match="expected 1, got 9"):
            open_database(postgres_url, LOG)


def test_what_an_extension_brought_is_not_another_program_s(postgres_url: str, open_log: Callable[..., SqlLog]) -> None:
    """Managed servers come with views and tables of theirs in `public`; here one stands for each kind."""
    kinds = {
        "VIEW": "pg_stat_statements AS SELECT 1 AS calls",
        "TABLE": "spatial_ref_sys (srid int)",
        "MATERIALIZED VIEW": "topology AS SELECT 1 AS id",
        "FOREIGN TABLE": "elsewhere (a int) SERVER nowhere",
    }
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE FOREIGN DATA WRAPPER nothing")
        connection.execute("CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing")
        for kind, made in kinds.items():
            connection.execute(f"CREATE {kind} {made}")
            with pytest.raises(StoreUnavailable, match="belongs to another program"):
                open_database(postgres_url, LOG)
            connection.execute(f"ALTER EXTENSION plpgsql ADD {kind} {made.split()[0]}")
    log = open_log(postgres_url)
    log.append([ENTRY])
    assert open_log(postgres_url).head() == 1


@pytest.mark.parametrize("schema", ["early", "Early Start"])
def test_a_store_in_a_schema_of_its_own(postgres_url: str, open_log: Callable[..., SqlLog], schema: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
        connection.execute("CREATE TABLE theirs (a int)")
    quoted = f'"{schema}"'.replace('"', "%22").replace(" ", "%5C%20")
    url = f"{postgres_url}&options=-csearch_path%3D{quoted}"
    log = open_log(url)
    log.append([ENTRY])
    assert open_log(url).head() == 1
    with pytest.raises(StoreUnavailable, match="belongs to another program"):
        open_database(postgres_url, LOG)
    with pytest.raises(StoreUnavailable, match="no schema has been selected to create in"):
        open_database(f"{postgres_url}&options=-csearch_path%3Dnone", LOG)


def test_unsafe_servers_are_refused(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres.EXPECTED, "fsync", "never")
    with pytest.raises(StoreUnavailable, match="expected fsync = never, got on"):
        open_database(postgres_url, LOG)
    monkeypatch.setattr(postgres, "OLDEST", 99)
    with pytest.raises(StoreUnavailable, match="expected PostgreSQL 99 or newer, got 18"):
        open_database(postgres_url, LOG)


def test_a_role_that_may_only_read(postgres_url: str, open_log: Callable[..., SqlLog]) -> None:
    open_log(postgres_url).append([ENTRY])
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE looker LOGIN")
        try:
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
            log = open_log(postgres_url.replace("postgres@", "looker@", 1))
            assert log.head() == 1
            assert log.database.read_only
            log.database.close()
        finally:
            connection.execute("DROP OWNED BY looker")
            connection.execute("DROP ROLE looker")


def test_without_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnavailable, match=r"needs psycopg: pip install 'earlystart-core\[postgres\]'"):
        open_database("postgresql://h/d", LOG)
