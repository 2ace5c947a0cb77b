"""SQLite: how a store's file is made once and for all, and what each connection must be set to."""

import os
import sys
import tempfile
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

from earlystart_core.errors import StoreUnavailable
from earlystart_sql.faults import Driver, is_busy, translated
from earlystart_sql.file_id import size_of
from earlystart_sql.file_use import Moved, Use
from earlystart_sql.layout import Layout, is_there, lay
from earlystart_sql.left_journal import expect_own_journal
from earlystart_sql.left_over import expect_own_log
from earlystart_sql.library import LIBRARY, Connection
from earlystart_sql.making import put
from earlystart_sql.place import DRAFT, look
from earlystart_sql.raw import run
from earlystart_sql.write_ahead_log import BOUND_BYTES

READING = "BEGIN"
WRITING = "BEGIN IMMEDIATE"  # a deferred BEGIN that reads, then writes, fails at once when another wrote meanwhile
BUSY_SECONDS = 10.0
AGAIN_SECONDS = 0.01  # at least, between two tries to change the journal
STATEMENTS = 1_000  # kept prepared; a driver whose store of them is full would prepare each new one every time
CACHE_KIB = 32_768  # per connection
CHECKPOINT_PAGES = 4_000  # 16 MB of write-ahead log
_TO_THE_PLATTER = {"fullfsync": 1, "checkpoint_fullfsync": 1}  # macOS's own fsync ends at the drive's cache
_WRITERS = frozenset({"journal_mode", "wal_autocheckpoint", "journal_size_limit"})  # pragmas that a reader leaves alone


def has_wal_reset_bug(version: tuple[int, int, int]) -> bool:
    """Whether that SQLite may corrupt a file in WAL mode: 3.7.0 to 3.51.2 but for two backports, and 3.52."""
    if version[:2] == (3, 44):
        return version < (3, 44, 6)
    if version[:2] == (3, 50):
        return version < (3, 50, 7)
    return (3, 7, 0) <= version < (3, 51, 3) or version[:2] == (3, 52)


def journal_mode() -> str:
    """The journal that is safe with this process's SQLite: a rollback journal where WAL could corrupt."""
    return "delete" if has_wal_reset_bug(LIBRARY.sqlite_version_info) else "wal"


def pragmas(*, in_memory: bool) -> dict[str, int | str]:
    """What every connection that may write is set to, and read back as."""
    journal = "memory" if in_memory else journal_mode()
    return {
        "journal_mode": journal,
        "synchronous": 2 if journal != "delete" else 3,  # FULL: a commit is on the disk; EXTRA: so is the journal's end
        "foreign_keys": 1,
        "recursive_triggers": 1,  # REPLACE fires the triggers that stop DELETE
        "trusted_schema": 0,
        "cell_size_check": 1,
        "busy_timeout": int(BUSY_SECONDS * 1000),
        "mmap_size": 0,
        "cache_size": -CACHE_KIB,
        "wal_autocheckpoint": CHECKPOINT_PAGES,
        "journal_size_limit": BOUND_BYTES,  # what a write-ahead log is cut to when it begins again
        "secure_delete": 1,  # what is deleted (views, keys) is overwritten
        "temp_store": 2,  # memory: no temporary file holds a copy of anyone's data
        **(_TO_THE_PLATTER if sys.platform == "darwin" else {}),
    }


def set_up(connection: Any, expected: dict[str, int | str], name: str) -> None:
    """Sets each pragma on a driver's connection, and reads it back.

    Raises:
        StoreUnavailable: one of them did not take.
    """
    for pragma, value in expected.items():
        if not (pragma == "journal_mode" and connection.execute("PRAGMA journal_mode").fetchone()[0] == value):
            connection.execute(f"PRAGMA {pragma} = {value}").close()
        row = connection.execute(f"PRAGMA {pragma}").fetchone()
        got = row[0] if row else 0  # a library built without mmap answers nothing
        if got != value:
            raise StoreUnavailable(f"{name} cannot be used safely: expected SQLite's {pragma} = {value}, got {got}")


def open_sqlite(path: Path | None, name: str, layout: Layout, *, create: bool, read_only: bool) -> tuple[Engine, bool]:
    """An engine on that file (None: in memory) and whether it can only read.

    Raises:
        StoreUnavailable: there is no such file, or it is no store of this layout.
    """
    if path is None:
        engine = _engine(name, pragmas(in_memory=True), lambda: _connect(":memory:"), StaticPool)
        _lay_in(engine, layout, name)
        return engine, False
    with translated(name):
        if not look(path, create=create and not read_only):
            _make(path, layout, name)
        expect_own_journal(str(path), name)
        reading = _engine(name, {}, lambda: _connect_to_read(path, name), NullPool, path)
        expect_own_log(str(path), name, reading.raw_connection)
        read_only = read_only or not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
        _recognise(path, name, layout, read_only=read_only)
        if read_only:
            wanted = {key: value for key, value in pragmas(in_memory=False).items() if key not in _WRITERS}
            return _engine(name, wanted | {"query_only": 1}, lambda: _connect_to_read(path, name), NullPool, path), True
        uri = f"{path.as_uri()}?mode=rw"
        return _engine(name, pragmas(in_memory=False), lambda: _connect(uri), NullPool, path), False


def _recognise(path: Path, name: str, layout: Layout, *, read_only: bool) -> None:
    """Refuses a file that is no store of this layout, before anything is set on it."""
    torn = not read_only and Path(f"{path}-journal").exists()  # left by a crash: only a writer may roll it back
    engine = _engine(
        name,
        {},
        (lambda: _connect(f"{path.as_uri()}?mode=rw")) if torn else lambda: _connect_to_read(path, name),
        NullPool,
        path,
    )
    with engine.connect() as connection:
        if not is_there(connection, layout, name):
            raise StoreUnavailable(f"{name} is not a store of this library: expected its tables, got none")


def _make(path: Path, layout: Layout, name: str) -> None:
    """Makes the file beside its place and moves it there whole, so that no crash leaves half a store behind."""
    try:
        with tempfile.TemporaryDirectory(prefix=".earlystart-", dir=path.parent) as folder:
            draft = Path(folder, DRAFT)
            engine = _engine(name, pragmas(in_memory=False), lambda: _connect(f"{draft.as_uri()}?mode=rwc"), NullPool)
            _lay_in(engine, layout, name)
            with translated(name), engine.connect() as connection:  # closing says nothing where a disk fails
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
            engine.dispose()
            if layout.private:
                draft.chmod(0o600)
            put(draft, path)
    except OSError as error:
        raise StoreUnavailable(f"{name} cannot be made: {error.strerror}") from error


def _lay_in(engine: Engine, layout: Layout, name: str) -> None:
    with translated(name), engine.execution_options(begin=WRITING).begin() as connection:
        lay(connection, layout)


def _connect(uri: str) -> Any:
    # isolation_level=None: this library says BEGIN itself; the driver's own guesses would begin too late
    return LIBRARY.connect(
        uri,
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_SECONDS,
        cached_statements=STATEMENTS,
        factory=Connection,
    )


def _connect_to_read(path: Path, name: str) -> Any:
    """A connection that cannot write, also where the folder takes no file that SQLite wants beside a WAL store."""
    connection = _connect(f"{path.as_uri()}?mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").close()
    except LIBRARY.OperationalError as error:
        connection.close()
        if is_busy(error):
            raise
        if size_of(f"{path}-wal"):
            raise StoreUnavailable(
                f"{name} may only be read here, and its last entries are still in {name}-wal: expected it to be opened"
                " once where both may be written"
            ) from error
        if size_of(f"{path}-journal"):
            raise StoreUnavailable(
                f"{name} was left by a writer that ended in the middle: expected it to be opened once where it may be"
                " written, which rolls back what was not committed"
            ) from error
        return _connect(f"{path.as_uri()}?mode=ro&immutable=1")  # no one can write: there is nothing beside it
    except BaseException:
        connection.close()
        raise
    return connection


def _engine(name: str, wanted: dict[str, int | str], connect: Any, pool: Any, path: Path | None = None) -> Engine:
    def creator() -> Any:
        # SQLite changes the journal only where no one else has the file open, and does not wait for that: two that
        # keep it open, each waiting for the other, would wait for ever. So each lets go of it and tries again.
        until = monotonic() + BUSY_SECONDS
        while True:
            try:
                return _opened(connect, wanted, name, path)
            except Moved:
                if monotonic() > until:
                    raise StoreUnavailable(f"{name} was replaced while this program read it: open it again") from None
            except Driver.errors as error:
                if not is_busy(error) or monotonic() > until:
                    raise
            sleep(AGAIN_SECONDS * (1 + os.getpid() % 7))  # each at a pace of its own

    engine = create_engine("sqlite://", module=LIBRARY, creator=creator, poolclass=pool, pool_reset_on_return=None)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        run(connection, connection.get_execution_options().get("begin", READING))

    return engine


def _opened(connect: Any, wanted: dict[str, int | str], name: str, path: Path | None) -> Any:
    """A connection that is set up. path: of its file, where others may open it."""
    try:
        journal = wanted.get("journal_mode")
        use = None if path is None else Use(path, name, wal=journal != "delete", writer=journal is not None)
    except OSError as error:
        raise StoreUnavailable(f"{name} cannot be reached: {error.strerror}") from error
    connection = None
    try:
        connection = connect()
        if use is not None and journal != "delete":
            _settle(connection, use)  # first of all: the less time, the better
        set_up(connection, wanted, name)
        if use is not None:
            _settle(connection, use)  # where it has come to be in WAL mode just now
    except BaseException as error:  # now, and not when the traceback is forgotten
        if connection is not None:
            connection.close()
        if use is not None:
            use.end()
        if isinstance(error, OSError):
            raise StoreUnavailable(f"{name} cannot be used: {error.strerror}") from error
        raise
    connection.use = use
    return connection


def _settle(connection: Any, use: Use) -> None:
    if use.is_settled:
        return
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # opens what stands beside the file
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        use.settle()
