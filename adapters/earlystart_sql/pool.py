"""The pool: connections that are open and in nobody's use. An interrupt loses none, and leaves none in a transaction.

SQLAlchemy's own pool counts what it hands out, under a lock: interrupted between the two it hands out one less for
ever. Here nothing is counted. Whoever has or awaits a connection stands in a line, and leaves it whatever happens.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine
from sqlalchemy.pool import StaticPool

from earlystart_core.block import block
from earlystart_core.errors import StoreUnavailable
from earlystart_core.store import was_closed
from earlystart_sql.faults import Driver
from earlystart_sql.sqlite import READING

if TYPE_CHECKING:
    from earlystart_sql.file_use import Use

PAUSE_SECONDS = 0.002  # between two looks whether a connection is free
CANCEL_SECONDS = 2.0
ACTIVE = 1  # the status of a PostgreSQL connection whose statement is not answered yet


class Lent:
    """A connection that someone has, and what ends its transaction whatever state it is in: `undo`, and then `end`."""

    def __init__(self, connection: Connection, *, in_memory: bool) -> None:
        self.connection = connection
        self.is_over = True  # whether its last transaction ended in good order
        self._mode: str | None = None
        self._warnings: list[str] = []  # what PostgreSQL warned of at the last commit
        driver: Any = connection.connection.driver_connection
        self.driver = driver
        # `end` is a C function, so that no interrupt can come between: SQLite rolls back, PostgreSQL is hung up on.
        self.undo: Callable[[], object]
        self.end: Callable[[], object]
        self.use: Use | None = getattr(driver, "use", None)
        if self.use is not None:
            self.undo, self.end = self._take_in, driver.close
        elif connection.dialect.name == "sqlite":
            self.undo, self.end = driver.rollback, driver.rollback if in_memory else driver.close
        else:
            self.undo, self.end = partial(_cancel, driver), driver.pgconn.finish
            # No method of this object: the driver would keep it, and with it the connection that nobody has any more.
            driver.add_notice_handler(partial(_hear, self._warnings))

    def is_current(self, mode: str | None) -> bool:
        """Whether what it has open is the store's: the files of an SQLite store may have been replaced.

        mode: how its next transaction begins.

        Raises:
            StoreUnavailable: they were, in a way that cannot be read; or they may not be written now.
        """
        return self.use is None or self.use.is_current(writing=mode != READING)

    def doubt(self) -> str:
        """Why what was committed just now may not be kept; empty where nothing says so.

        PostgreSQL confirms a commit with a warning where its wait for a replica was cancelled.
        """
        if self.use is not None and not self.use.is_confirmed():
            return "its files were replaced meanwhile"
        return self._warnings[-1] if self._warnings else ""

    def close(self) -> None:
        """Closes it, whatever its transaction is."""
        try:
            self.undo()
        except Driver.errors:
            pass
        finally:
            try:
                self.end()
            except Driver.errors:
                pass
            finally:
                if self.use is not None:
                    self.use.end()

    def _take_in(self) -> None:
        self.driver.rollback()
        if self.use is not None:
            self.use.take_in(self.driver)

    def begin(self, mode: str) -> None:
        """Begins a transaction by that statement."""
        self.is_over = False
        if mode != self._mode:
            self.connection.execution_options(begin=mode)
            self._mode = mode
        self.connection.begin()

    def commit(self) -> None:
        """Ends the transaction, and keeps what it did."""
        self._warnings.clear()
        self.connection.commit()
        self.is_over = True

    def rollback(self) -> None:
        """Ends the transaction, and undoes what it did. A connection that fails to is not used again."""
        with suppress(*Driver.errors, AssertionError):
            self.connection.rollback()
            self.is_over = True


def _hear(warnings: list[str], notice: Any) -> None:
    if notice.severity_nonlocalized == "WARNING":
        warnings.append(str(notice.message_primary))


def _cancel(driver: Any) -> None:
    """Makes PostgreSQL stop what it is doing: otherwise it notices only at the end that nobody is waiting."""
    if driver.pgconn.transaction_status == ACTIVE:
        driver.cancel_safe(timeout=CANCEL_SECONDS)


_POOLS: "WeakSet[Pool]" = WeakSet()


class Pool:
    """The connections of one database."""

    def __init__(self, engine: Engine, name: str, *, most: int, keep: int, wait_seconds: float) -> None:
        """most: so many are in use at one time. keep: so many stay open when they are not. wait_seconds: for one."""
        self.closed = False
        self._engine = engine
        self.name = name
        self._most = most
        self._keep = keep
        self._wait_seconds = wait_seconds
        self._in_memory = isinstance(engine.pool, StaticPool)
        self._idle: list[Lent] = []  # the last that was used is the next: it still has the pages that it wrote
        self._line: dict[object, None] = {}  # who has or awaits a connection, in order
        self._renewed = 0  # how often the store's files were found to be others
        _POOLS.add(self)

    @block
    def lent(self, mode: str | None = None) -> Iterator[Lent]:
        """A connection, in a transaction where its beginning is given. Unless `is_over` at the end, it is closed.

        Raises:
            Invalid: the store was closed.
            StoreUnavailable: all connections stayed in use.
        """
        place, lent = object(), None
        try:
            self._await(place)
            renewed = self._renewed
            try:
                lent = self._idle.pop()
            except IndexError:
                lent = self._new()
            try:
                if not lent.is_current(mode):
                    lent.close()
                    self._drop_replaced()
                    renewed, lent = self._renewed, self._new()
                try:
                    if mode is not None:
                        lent.begin(mode)
                except Driver.errors as error:
                    if not getattr(error, "connection_invalidated", False):
                        raise
                    self._drop()  # the server had gone away with all connections: ask once more
                    lent = self._new()
                    lent.begin(str(mode))
                yield lent
            finally:
                if lent.is_over and not self.closed and len(self._idle) < self._keep and renewed == self._renewed:
                    kept, lent = lent, None
                    self._idle.append(kept)
        finally:  # every step of it happens, whichever is interrupted
            try:
                if lent is not None:
                    lent.undo()
            except Driver.errors:
                pass
            finally:
                try:
                    if lent is not None:
                        lent.end()
                except Driver.errors:
                    pass
                finally:
                    try:
                        if lent is not None and lent.use is not None:
                            lent.use.end()
                    finally:
                        self._line.pop(place, None)
        if self.closed:
            self.close()  # it was closed while this connection was on its way back

    def close(self) -> None:
        """Closes every connection for good; one that is in use is closed at the end of its block."""
        self.closed = True
        self._drop()

    def _new(self) -> Lent:
        """Another connection.

        Raises:
            Invalid: the store was closed.
        """
        if not self.closed:
            lent = Lent(self._engine.connect(), in_memory=self._in_memory)
            if not self.closed:
                return lent
            lent.end()  # it may have been opened behind the closing
        raise was_closed()

    def _drop(self) -> None:
        """Closes the connections that nobody uses."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def drop_replaced(self) -> None:
        """Closes the connections to files that are no longer the store's; those in use, afterwards."""
        self._renewed += 1
        self._drop()

    def _drop_replaced(self) -> None:
        for pool in list(_POOLS):  # SQLite would give a new connection what an older one of its process has open
            if pool.name == self.name:
                pool.drop_replaced()

    def _await(self, place: object) -> None:
        if self.closed:
            raise was_closed()
        self._line[place] = None
        if len(self._line) <= self._most:
            return
        until = monotonic() + self._wait_seconds
        while place not in list(self._line)[: self._most]:
            if monotonic() > until:
                raise StoreUnavailable(f"{self.name} is busy: all {self._most} connections of this program are in use")
            sleep(PAUSE_SECONDS)
