"""The write-ahead log beside a store's file (`FILE-wal`): its bound, and what stops it from being shortened.

SQLite takes it into the file after some thousand pages, and then writes it again from its start. A read that goes on
stops both, so the log grows, and SQLite never makes a file smaller by itself: a writer does so once nobody is in the
way. The form of its index (the -shm) is part of SQLite's documented file format.
"""

import os
from dataclasses import dataclass
from sys import byteorder
from typing import Any

from earlystart_sql import ofd

BOUND_BYTES = 32 << 20  # twice what it has when SQLite begins it again
_MB = 1_000_000
_NOT_WAITING = "PRAGMA busy_timeout = 0"
_FRAMES, _MARKS = slice(16, 20), range(100, 120, 4)  # in the index: how long the log is, and how far each reader reads
_READERS = 123  # the byte of the index that readers of the first mark lock; the others follow


@dataclass(frozen=True)
class WriteAheadLog:
    """The write-ahead log of a store's file, as it was found."""

    name: str  # of the store
    bytes: int
    reader: int | None  # the process that stops it from being shortened: -1 where its number is not known; None: nobody

    @property
    def warning(self) -> str | None:
        """What is wrong, and what to do; None where it is within its bound."""
        if self.bytes <= BOUND_BYTES:
            return None
        long = (
            f"the write-ahead log of {self.name} has {self.bytes // _MB} MB, more than its bound of"
            f" {BOUND_BYTES // _MB} MB"
        )
        if self.reader is None:
            return f"{long}: the next command shortens it, or the closing of the store"
        who = "another program" if self.reader < 1 else f"process {self.reader}"
        return (
            f"{long}: {who} has been reading the store since before the rest was written; let it end that read or close"
            " its connection, and the next command shortens the log"
        )


def shorten(driver: Any) -> None:
    """Takes the write-ahead log into the file and empties it, where nobody is in the way. The connection waits no more.

    To be called under the append lock, outside a transaction.
    """
    driver.execute(_NOT_WAITING).close()
    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()


def reader_of(index: int) -> int | None:
    """The process that reads an earlier state than the last: -1 where its number is not known; None for nobody.

    index: a descriptor of the -shm.
    """
    read = os.pread(index, _MARKS.stop, 0).ljust(_MARKS.stop, b"\0")
    frames = int.from_bytes(read[_FRAMES], byteorder)
    for number, start in enumerate(_MARKS):
        if int.from_bytes(read[start : start + 4], byteorder) < frames:
            holder = ofd.holder(index, _READERS + number, 1)
            if holder is not None and holder != os.getpid():
                return holder if holder > 0 else -1
    return None
