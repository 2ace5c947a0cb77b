"""Whether the rollback journal beside a store's file is that file's own.

SQLite rolls back what it finds beside the file, whichever file it was written for: beside a backup that was put back,
the journal of what was there before makes a mixture. A journal begins with the first page as it was, and that page
counts the changes of the file. Both forms are part of SQLite's documented file format.
"""

import os
import struct
from contextlib import suppress
from time import sleep

from earlystart_core.errors import StoreUnavailable
from earlystart_sql.open_files import GATE, leave, use

_MAGIC = bytes.fromhex("d9d505f920a163d7")
_HEADER = struct.Struct(">8sIIIII")  # magic, records, nonce, pages of the file, bytes of a sector, bytes of a page
_ALL = 0xFFFFFFFF  # so many records as there are
_MODE, _CHANGES = slice(18, 20), slice(24, 28)  # of the file's first 100 bytes
TRIES, PAUSE_SECONDS = 20, 0.005  # where someone writes just now


def expect_own_journal(path: str, name: str) -> None:
    """Returns where nothing says that the rollback journal was written for another file.

    Raises:
        StoreUnavailable: the two do not belong together.
    """
    for _ in range(TRIES):
        journal = _journal(path)
        if journal is None or _is_own(path, *journal):
            return
        if _journal(path) == journal:
            sleep(PAUSE_SECONDS)
    raise StoreUnavailable(
        f"{name} and {name}-journal do not belong together, as where a backup was put back beside an older journal: end"
        f" every program that uses them, move {name}-journal away, and put the backup back again"
    )


def _is_own(path: str, pages: int, page_size: int, changes: int | None) -> bool:
    with GATE:
        file = use(path)  # a descriptor of its own would drop SQLite's locks when it is closed
        try:
            for descriptor in file.descriptors[:1]:
                header, size = os.pread(descriptor, 100, 0), os.fstat(descriptor).st_size
                if header[_MODE] == b"\2\2":  # such a file has no journal
                    return False
                if changes is not None:
                    return int.from_bytes(header[_CHANGES], "big") in (changes, (changes + 1) % 2**32)
                return size >= pages * page_size
        finally:
            leave(file)
    return True


def _journal(path: str) -> tuple[int, int, int | None] | None:
    """Pages of the file that it was written for, bytes of each, and how often that had changed; None for no journal.

    The last is None where the first page is not in it.
    """
    with suppress(OSError, struct.error):
        descriptor = os.open(f"{path}-journal", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as journal:
            magic, records, _, pages, sector, page_size = _HEADER.unpack(journal.read(_HEADER.size))
            if magic != _MAGIC or not 512 <= page_size <= 65_536 or not 32 <= sector <= 65_536:
                return None
            length = page_size + 8  # its number before it, a checksum behind
            there = (os.fstat(descriptor).st_size - sector) // length
            for number in range(there if records == _ALL else min(records, there)):
                journal.seek(sector + number * length)
                if int.from_bytes(journal.read(4), "big") == 1:
                    return pages, page_size, int.from_bytes(journal.read(100)[_CHANGES], "big")
            return pages, page_size, None
    return None
