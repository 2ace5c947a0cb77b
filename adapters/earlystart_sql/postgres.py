"""PostgreSQL through psycopg 3: what a server and each connection must be, and the append lock.

The lock is an advisory one, of the transaction and of this store's own `store` table: it holds under a transaction
pooler too, ends with the transaction whatever becomes of the writer, and hinders no reader.
"""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from earlystart_core.errors import StoreUnavailable
from earlystart_sql.faults import Absent, Driver, translated
from earlystart_sql.layout import Layout, is_there, lay

OLDEST = 15
LOCK_SECONDS = 10
SETTINGS = {
    "synchronous_commit": "on",  # a commit is on the disk
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": "1min",  # a writer that hangs gives the lock back
    "client_encoding": "UTF8",
    "client_min_messages": "warning",  # a commit that was not waited for to its end says so in a warning
    "work_mem": "64MB",
    "jit": "off",  # its compiling costs more than our statements take
    "enable_bitmapscan": "off",  # pages and runs come in the order of an index, or else all is sorted for each
}
EXPECTED = {"server_encoding": "UTF8", "fsync": "on", "full_page_writes": "on"}  # the server's, not ours to set

READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Read committed whatever the server's default: what is read after the lock must be what the last writer committed.
TRYING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_KEY = "1163227756, 'store'::regclass::oid::int4"
WRITING = f"{TRYING}; SELECT pg_advisory_xact_lock({_KEY})"
TRY_LOCK = f"SELECT pg_try_advisory_xact_lock({_KEY})"
_LAYING = f"{TRYING}; SELECT pg_advisory_xact_lock(1163227756, 0)"  # one at a time, whatever store it makes


def open_postgresql(url: URL, name: str, layout: Layout, *, create: bool, read_only: bool) -> tuple[Engine, bool]:
    """An engine on that database and whether it can only read.

    Raises:
        StoreUnavailable: no such server or database, too old, unsafe settings, or no store of this layout.
    """
    try:
        engine = create_engine(
            url,
            connect_args={"autocommit": True},
            poolclass=NullPool,
            pool_reset_on_return=None,
            use_native_hstore=False,
        )
    except ImportError as error:
        raise StoreUnavailable(f"{name} needs psycopg: pip install 'earlystart-core[postgres]'") from error
    import psycopg  # an extra: present from here on

    Driver.errors += () if psycopg.Error in Driver.errors else (psycopg.Error,)

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _: object, cargs: Any, cparams: Any) -> Any:
        connection = dialect.connect(*cargs, **cparams)
        try:
            _set_up(connection, layout.schema, name)
        except BaseException:
            connection.close()
            raise
        return connection

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", READING))

    try:
        with translated(name), engine.connect() as connection:
            _lay_once(connection, layout, name, create=create and not read_only)
            return engine, read_only or not _may_write(connection, layout)
    except BaseException:
        engine.dispose()
        raise


def _set_up(connection: Any, schema: str | None, name: str) -> None:
    """Sets each setting on psycopg's connection, and reads it back with the server's own."""
    version = connection.info.server_version
    if version < OLDEST * 10_000:
        raise StoreUnavailable(f"{name} is too old: expected PostgreSQL {OLDEST} or newer, got {version // 10_000}")
    for setting, value in SETTINGS.items():
        connection.execute(f"SET {setting} = '{value}'")
    if schema is not None:
        connection.execute(f"SET search_path = {schema}")
    for setting, value in (SETTINGS | EXPECTED).items():
        got = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()[0]
        if got != value:
            raise StoreUnavailable(f"{name} cannot be used safely: expected {setting} = {value}, got {got}")


def _lay_once(connection: Connection, layout: Layout, name: str, *, create: bool) -> None:
    with connection.begin():
        if is_there(connection, layout, name):
            return
    if not create:
        raise Absent(f"{name} does not exist: expected a store of this library, got an empty database")
    with connection.execution_options(begin=_LAYING).begin():
        if layout.schema is not None:
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {layout.schema}")
        if not is_there(connection, layout, name):
            lay(connection, layout)


def _may_write(connection: Connection, layout: Layout) -> bool:
    table = layout.metadata.sorted_tables[0].name
    with connection.execution_options(begin=READING).begin():
        return bool(
            connection.exec_driver_sql(
                "SELECT NOT pg_is_in_recovery() AND has_table_privilege(%s, 'INSERT')", (table,)
            ).scalar_one()
        )
