"""Scrubbing: what a database keeps of deleted rows beside its tables is overwritten or cut off.

SQLite overwrites what is deleted in its pages (`secure_delete`, on every connection), but its write-ahead log keeps
them as they were. PostgreSQL keeps dead rows until a vacuum; its own log, its archives and its replicas are beyond a
client (docs/how-to/erase.md).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from earlystart_core.errors import StoreUnavailable
from earlystart_core.store import was_closed
from earlystart_sql.database import Database
from earlystart_sql.faults import translated


def scrub(database: Database, tables: Iterable[str]) -> None:
    """Leaves no deleted row in the database's files.

    tables: those that rows were deleted from; PostgreSQL writes them anew. In memory there is nothing to do.

    Raises:
        StoreUnavailable: another program reads or writes the store, or it is open for reading only.
    """
    if database.address.in_memory:
        return
    if database.closed:
        raise was_closed()
    if database.read_only:
        raise StoreUnavailable(f"{database.name} is open for reading only: expected the right to write")
    with translated(database.name):
        connection = database.engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            if database.dialect == "sqlite":
                _empty_wal(driver, database)
            else:
                for table in tables:
                    driver.execute(f"VACUUM (FULL, INDEX_CLEANUP ON) {table}")
        finally:
            connection.close()


def _empty_wal(driver: Any, database: Database) -> None:
    row = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    wal = Path(f"{database.address.path}-wal")
    if row[0] or (wal.exists() and wal.stat().st_size):
        raise StoreUnavailable(
            f"{database.name} is in use: another program reads it, so what was deleted may still stand in its"
            " write-ahead log; erase again"
        )
