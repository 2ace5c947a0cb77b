"""A database that holds one store: consistent reading, and writing one at a time under the append lock."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock, RLock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from earlystart_core.errors import StoreUnavailable
from earlystart_core.store import was_closed
from earlystart_sql import postgres, sqlite
from earlystart_sql.address import Address, address_of
from earlystart_sql.faults import Driver, is_busy, said, translated, unavailable
from earlystart_sql.layout import Layout


class Database:
    """One open store. Safe to share between threads; not to be carried over a fork."""

    def __init__(self, engine: Engine, address: Address, *, read_only: bool) -> None:
        self.engine = engine
        self.address = address
        self.name = address.name
        self.dialect = address.dialect
        self.read_only = read_only
        kind = sqlite if address.dialect == "sqlite" else postgres
        self._wait_seconds = sqlite.BUSY_SECONDS if kind is sqlite else postgres.LOCK_SECONDS
        self._readers = engine.execution_options(begin=kind.READING)
        self._writers = engine.execution_options(begin=kind.WRITING)
        self._tryers = engine.execution_options(begin=getattr(kind, "TRYING", sqlite.WRITING))
        # A database in memory is one connection, so there whoever reads or writes has it alone; else only writers
        # of this process queue here, in order, before they ask the database for its lock.
        self._alone = RLock() if address.in_memory else None
        self._turn = self._alone or Lock()
        self.closed = False
        self._held: Connection | None = None  # in memory: the connection that this thread writes with
        self._shared: Connection | None = None  # in memory: the one that it reads with

    def close(self) -> None:
        """Closes every connection, for good; one that is in use, at the end of its block. Closing again does nothing.

        Reading or writing later raises Invalid, and opens nothing.
        """
        with self._alone or nullcontext():
            self.closed = True
            self.engine.dispose()

    @property
    def sees_uncommitted(self) -> bool:
        """Within a reading block: whether it is part of this thread's own writing (only in memory)."""
        return self._held is not None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store until the end of the block.

        Raises:
            Invalid: the store was closed.
            StoreUnavailable: it failed.
        """
        if self._alone is not None:
            with self._alone, translated(self.name):
                outer = self._held or self._shared
                if outer is not None:  # within this thread's own writing or reading
                    yield outer
                    return
                with self._used(self._begun(self._readers)) as connection:
                    self._shared = connection
                    try:
                        yield connection
                    finally:
                        self._shared = None
            return
        with translated(self.name), self._used(self._begun(self._readers)) as connection:
            yield connection
            connection.commit()  # as good as a rollback, and PostgreSQL keeps its prepared statements

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection that holds the append lock; the block's changes are durable at its end, or all undone.

        Raises:
            Invalid: the store was closed.
            StoreUnavailable: the store takes no writing, another writer held the lock too long, or it failed.
        """
        if self.read_only:
            raise StoreUnavailable(f"{self.name} is open for reading only: expected the right to write")
        if not self._turn.acquire(timeout=self._wait_seconds):
            raise StoreUnavailable(f"{self.name} is busy: another writer of this program held it for too long")
        try:
            if self._held is not None:
                raise StoreUnavailable(f"{self.name} is being written already: a writing block cannot hold another")
            with translated(self.name), self._used(self._begun(self._writers)) as connection:
                yield from self._write(connection)
        finally:
            self._turn.release()

    @contextmanager
    def try_writing(self) -> Iterator[Connection | None]:
        """As `writing`, but None at once where the lock is taken or the store takes no writing."""
        if self.read_only or not self._turn.acquire(blocking=False):
            yield None
            return
        try:
            with translated(self.name):
                if self._held is not None or (connection := self._tried()) is None:
                    yield None
                    return
                with self._used(connection):
                    yield from self._write(connection)
        finally:
            self._turn.release()

    @contextmanager
    def _used(self, connection: Connection) -> Iterator[Connection]:
        """The connection goes back to the pool at the end; where the store was closed meanwhile, it is closed too."""
        with connection:
            try:
                yield connection
            finally:
                if self.closed:
                    connection.invalidate()

    def _connected(self, engine: Engine) -> Connection:
        if not self.closed:
            connection = engine.connect()
            if not self.closed:
                return connection
            connection.invalidate()  # it may have been opened behind the closing
            connection.close()
        raise was_closed()

    def _begun(self, engine: Engine) -> Connection:
        connection = self._connected(engine)
        try:
            connection.begin()
        except Driver.errors as error:
            connection.close()
            if not getattr(error, "connection_invalidated", False):
                raise
            connection = self._connected(engine)  # the server had gone away with all connections: ask once more
            connection.begin()
        return connection

    def _tried(self) -> Connection | None:
        if self.dialect == "postgresql":
            connection = self._begun(self._tryers)
            if connection.exec_driver_sql(postgres.TRY_LOCK).scalar_one():
                return connection
            connection.close()
            return None
        connection = self._connected(self._tryers)
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA busy_timeout = 0")
        try:
            connection.begin()
        except Driver.errors as error:
            connection.close()
            if is_busy(error):
                return None
            raise
        finally:
            driver.execute(f"PRAGMA busy_timeout = {int(sqlite.BUSY_SECONDS * 1000)}")
        return connection

    def _write(self, connection: Connection) -> Iterator[Connection]:
        self._held = connection if self._alone is not None else None
        try:
            yield connection
        except BaseException:
            self._undo(connection)
            raise
        finally:
            self._held = None
        try:
            connection.commit()
        except Driver.errors as error:
            self._undo(connection)
            if is_busy(error):
                raise unavailable(self.name, error) from error
            raise StoreUnavailable(
                f"{self.name} did not confirm a commit ({said(error)}): whether it was kept is not known;"
                " read again before resending"
            ) from error

    def _undo(self, connection: Connection) -> None:
        try:
            connection.rollback()
        except SQLAlchemyError:
            connection.invalidate()  # the connection is gone, and its transaction with it


def open_database(
    url: str, layout: Layout, *, create: bool = True, read_only: bool = False, field: str = "db"
) -> Database:
    """The database at a file path or SQLAlchemy URL, made where there was none.

    A file or database that this process may not write is opened for reading.

    Raises:
        Invalid: the URL is wrong; names `field`.
        StoreUnavailable: it cannot be opened, is no store of this layout, or does not exist and `create` is false.
    """
    address = address_of(url, field=field)
    if address.url is not None:
        engine, read_only = postgres.open_postgresql(
            address.url, address.name, layout, create=create, read_only=read_only
        )
    else:
        engine, read_only = sqlite.open_sqlite(address.path, address.name, layout, create=create, read_only=read_only)
    return Database(engine, address, read_only=read_only)
