"""A database that holds one store: consistent reading, and writing one at a time under the append lock."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from threading import RLock, get_ident

from sqlalchemy import Connection, Engine

from earlystart_core.block import block
from earlystart_core.errors import StoreUnavailable
from earlystart_sql import postgres, sqlite
from earlystart_sql.address import Address, address_of
from earlystart_sql.append_lock import AppendLock
from earlystart_sql.faults import Driver, busy, is_busy, said, translated, unavailable, unconfirmed
from earlystart_sql.layout import Layout
from earlystart_sql.pool import Lent, Pool
from earlystart_sql.write_ahead_log import WriteAheadLog, shorten

MOST = 20  # connections of one process to one store at a time
KEPT = 5  # of them, when nobody uses them


class Database:
    """One open store. Safe to share between threads; not to be carried over a fork.

    Interrupted at any moment, a block ends its transaction and gives back its connection and its turn.
    """

    def __init__(
        self, engine: Engine, address: Address, mend: Callable[[Connection], None] | None, *, read_only: bool
    ) -> None:
        self.engine = engine
        self.address = address
        self.name = address.name
        self.dialect = address.dialect
        self.read_only = read_only
        self.sees_uncommitted = False  # within a reading block: whether it is part of this thread's own writing
        kind = sqlite if address.dialect == "sqlite" else postgres
        self._reads, self._writes = kind.READING, kind.WRITING
        self._wait_seconds = sqlite.BUSY_SECONDS if kind is sqlite else postgres.LOCK_SECONDS
        keep = (
            0 if kind is sqlite and read_only else KEPT
        )  # a reader opens a new one each time: another program may have begun to write
        self._pool = Pool(engine, self.name, most=MOST, keep=keep, wait_seconds=self._wait_seconds)
        # A database in memory is one connection, so there whoever reads or writes has it alone; else only writers
        # of this process queue here, before they ask the database for its lock.
        self._turn = RLock()
        self._lock = None if read_only or address.path is None else AppendLock(address.path, self.name)
        self._whose: int | None = None  # the thread that has the turn
        self._held: Connection | None = None  # in memory: the connection that it reads or writes with
        self._mend = mend  # what the first writer does first; None once that is committed

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._pool.closed

    def close(self) -> None:
        """Closes every connection, for good; one that is in use, at the end of its block. Closing again does nothing.

        Reading or writing later raises Invalid, and opens nothing.
        """
        with self._turn if self.address.in_memory else nullcontext():
            self._pool.close()
            self.engine.dispose()

    @block
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store until the end of the block.

        Raises:
            Invalid: the store was closed.
            StoreUnavailable: it failed.
        """
        if not self.address.in_memory:
            yield from self._read()
        elif self._whose == get_ident() and self._held is not None:
            yield self._held  # within this thread's own writing or reading
        else:
            with self._having_turn(seconds=-1):
                yield from self._read()

    @block
    def writing(self) -> Iterator[Connection]:
        """A connection that holds the append lock; the block's changes are durable at its end, or all undone.

        Raises:
            Invalid: the store was closed.
            StoreUnavailable: the store takes no writing, another writer held the lock too long, or it failed.
        """
        if self.read_only:
            raise StoreUnavailable(f"{self.name} is open for reading only: expected the right to write")
        if self._whose == get_ident():
            raise StoreUnavailable(f"{self.name} is in use by this thread: a writing block cannot begin within another")
        with self._having_turn(seconds=self._wait_seconds) as had:
            if not had:
                raise StoreUnavailable(f"{self.name} is busy: another writer of this program held it for too long")
            with translated(self.name), self._locked(self._wait_seconds) as locked:
                if not locked:
                    raise busy(self.name)
                with self._pool.lent(self._writes) as lent:
                    yield from self._write(lent)

    @block
    def try_writing(self) -> Iterator[Connection | None]:
        """As `writing`, but None at once where the lock is taken or the store takes no writing."""
        if self.read_only or self._whose == get_ident():
            yield None
            return
        with self._having_turn(seconds=0) as had, translated(self.name), self._locked(0 if had else None) as locked:
            if not locked:
                yield None
            elif self.dialect == "postgresql":
                with self._pool.lent(postgres.TRYING) as lent:
                    if lent.connection.exec_driver_sql(postgres.TRY_LOCK).scalar_one():
                        yield from self._write(lent)
                    else:
                        lent.rollback()
                        yield None
            else:
                with self._pool.lent() as lent:
                    if self._begins_at_once(lent):
                        yield from self._write(lent)
                    else:
                        yield None

    def write_ahead_log(self) -> WriteAheadLog | None:
        """How long the write-ahead log of a store in a file is; None where it has none.

        Raises:
            Invalid: the store was closed.
            StoreUnavailable: it failed.
        """
        if self.address.path is None:
            return None
        with translated(self.name), self._pool.lent() as lent:
            return None if lent.use is None else lent.use.write_ahead_log()

    @block
    def _having_turn(self, seconds: float) -> Iterator[bool]:
        """Has the turn until the end of the block; False where it could not be had within so many seconds (-1: any)."""
        me = get_ident()
        try:
            had = self._turn.acquire(timeout=seconds)
            if had:
                self._whose = me
            yield had
        finally:
            if self._whose == me:
                self._whose = self._held = None
            try:  # noqa: SIM105  # `suppress` is Python, which can be interrupted before it begins
                self._turn.release()
            except RuntimeError:
                pass  # it was not had: an interrupted thread cannot know, its lock does

    @block
    def _locked(self, seconds: float | None) -> Iterator[bool]:
        """Whether no other process appends to the file within the block; False where that took too long.

        None in place of seconds: this thread does not have the turn. The database's own lock does the same as this
        one, where nothing in the process drops it.
        """
        if self._lock is None or seconds is None:
            yield seconds is not None
        else:
            with self._lock.had(seconds) as had:
                yield had

    def _read(self) -> Iterator[Connection]:
        with translated(self.name), self._pool.lent(self._reads) as lent:
            if self.address.in_memory:
                self._held = lent.connection
            try:
                yield lent.connection
            except Exception:
                lent.rollback()
                raise
            lent.commit()  # as good as a rollback, and PostgreSQL keeps its prepared statements

    def _write(self, lent: Lent) -> Iterator[Connection]:
        try:
            if self.address.in_memory:
                self._held, self.sees_uncommitted = lent.connection, True
            if self._mend is not None:
                self._mend(lent.connection)
            yield lent.connection
        except Exception:
            lent.rollback()
            raise
        finally:
            self.sees_uncommitted = False
        try:
            lent.commit()
            self._mend = None
        except Driver.errors as error:
            lent.rollback()
            if is_busy(error):
                raise unavailable(self.name, error) from error
            raise unconfirmed(self.name, said(error)) from error
        if why := lent.doubt():
            raise unconfirmed(self.name, why)
        if lent.use is not None and lent.use.is_long():
            self._shorten(lent)

    def _shorten(self, lent: Lent) -> None:
        """Shortens the write-ahead log, if that takes no waiting; a failure is no matter of what was just committed."""
        lent.is_over = False  # until it waits for locks again
        with suppress(*Driver.errors):
            shorten(lent.driver)
            self._wait_again(lent)
            lent.is_over = True

    def _begins_at_once(self, lent: Lent) -> bool:
        """Whether SQLite gave the append lock without waiting for it."""
        lent.is_over = False  # until it waits for locks again
        lent.driver.execute("PRAGMA busy_timeout = 0")
        try:
            lent.begin(self._writes)
        except Driver.errors as error:
            if not is_busy(error):
                raise
            begun = False
        else:
            begun = True
        self._wait_again(lent)
        lent.is_over = not begun
        return begun

    def _wait_again(self, lent: Lent) -> None:
        lent.driver.execute(f"PRAGMA busy_timeout = {int(sqlite.BUSY_SECONDS * 1000)}").close()


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
    return Database(engine, address, layout.mend, read_only=read_only)
