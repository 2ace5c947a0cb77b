"""Scrubbing: what a database keeps of deleted rows beside its tables is overwritten or cut off.

SQLite overwrites what is deleted in its pages (`secure_delete`, on every connection), but its write-ahead log keeps
them as they were. PostgreSQL keeps dead rows until a vacuum; its own log, its archives and its replicas are beyond a
client (docs/how-to/erase.md).
"""

import re
import time
from collections.abc import Iterable
from typing import Any

from earlystart_core.errors import StoreUnavailable
from earlystart_core.store import was_closed
from earlystart_sql.database import Database
from earlystart_sql.faults import translated

TRIES = 5  # where someone's transaction, or their checkpoint, may end in a moment
PAUSE_SECONDS = 0.3


def scrub(database: Database, tables: Iterable[str]) -> None:
    """Leaves no deleted row in the database's files.

    tables: those that rows were deleted from; PostgreSQL writes them anew. In memory there is nothing to do.

    Raises:
        StoreUnavailable: another program reads or writes the store, it is open for reading only, or on PostgreSQL the
            role does not own a table, or an older transaction may still see its deleted rows.
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
                    _vacuum(driver, table, database)
        finally:
            connection.close()


def _vacuum(driver: Any, table: str, database: Database) -> None:
    """Writes the table anew, and reads in what the server says of it that no deleted row stayed behind."""
    warned: list[str] = []
    stayed: list[int] = []

    def hear(notice: Any) -> None:  # a notice can be read only while it is handed over
        if notice.severity_nonlocalized == "WARNING":
            warned.append(notice.message_primary)
        stayed.append(_stayed(notice.message_detail or ""))

    driver.add_notice_handler(hear)
    try:
        for attempt in range(TRIES):
            stayed.clear()
            driver.execute(f"VACUUM (FULL, VERBOSE, INDEX_CLEANUP ON) {table}")
            if warned:
                raise StoreUnavailable(f"{database.name} keeps what was deleted: {warned[0]}; erase again as its owner")
            if not any(stayed):
                return
            if attempt < TRIES - 1:
                time.sleep(PAUSE_SECONDS)  # a reader's transaction is short
    finally:
        driver.remove_notice_handler(hear)
    raise StoreUnavailable(
        f"{database.name} keeps rows of {table} that were deleted: an older transaction, a prepared one or a"
        " replication slot may still see them; end it and erase again"
    )


def _stayed(detail: str) -> int:
    """How many dead rows could not be removed: in every language the first number of the notice's detail."""
    number = re.search(r"\d+", detail)
    return 0 if number is None else int(number[0])


def _empty_wal(driver: Any, database: Database) -> None:
    # What it answers, not how long the file is: whoever writes right behind it writes pages that were scrubbed.
    for attempt in range(TRIES):
        busy, frames, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy and frames <= 0:
            return
        if frames >= 0:
            break  # a reader was waited for, and did not end
        if attempt < TRIES - 1:
            time.sleep(PAUSE_SECONDS)  # -1: another connection's checkpoint runs, for which SQLite does not wait
    raise StoreUnavailable(
        f"{database.name} is in use: another program reads it, so what was deleted may still stand in its"
        " write-ahead log; erase again"
    )
