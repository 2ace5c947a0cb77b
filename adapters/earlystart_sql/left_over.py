"""Whether the write-ahead log beside a store's file is that file's own, as far as its pages tell.

SQLite binds the two by their names alone: beside a backup that was put back, the log of what was there before is taken
in, and the file becomes a mixture. A log that is the file's own has every page behind the file's end. The form of a
write-ahead log is part of SQLite's documented file format.
"""

import io
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from earlystart_core.errors import StoreUnavailable
from earlystart_sql.library import LIBRARY

_WHOLE = 0xFFFFFFFF
_HEADER, _FRAME = 32, 24  # bytes before the frames, and before the page of each

TRIES = 20  # where someone else writes meanwhile


def expect_own_log(path: str, name: str, connect: Callable[[], Any]) -> None:
    """Returns where nothing says that the write-ahead log was written to another file.

    connect: gives a driver's connection that cannot write, to ask SQLite where pages are missing.

    Raises:
        StoreUnavailable: the two do not belong together.
    """
    for _ in range(TRIES):
        pages = pages_with_gaps(path)
        if pages is None or _has(connect, pages) or pages_with_gaps(path, summed=True) is None:
            return
        if pages_with_gaps(path) == pages:  # else someone writes just now, and so the log is the file's own
            raise StoreUnavailable(
                f"{name} and {name}-wal do not belong together, as where a backup was put back beside an older log: end"
                f" every program that uses them, move the files ending in -wal, -shm and -journal away, and put the"
                f" backup back again"
            )


def _has(connect: Callable[[], Any], pages: int) -> bool:
    """Whether SQLite finds as many pages, and no fault in them: an own log has gaps where pages were freed at once."""
    connection = connect()
    try:
        is_own = connection.execute("PRAGMA page_count").fetchone()[0] == pages
        return bool(is_own and connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except LIBRARY.DatabaseError as error:
        if isinstance(error, LIBRARY.OperationalError):
            raise
        return False
    finally:
        connection.close()


def pages_with_gaps(path: str, *, summed: bool = False) -> int | None:
    """How many pages the database has by its write-ahead log, where one is in neither of the two files; else None.

    summed: leaves out what SQLite does not take in because its checksum is wrong, as where the power went while it was
    written: of the frames behind the last sync any part may have reached the disk. Costs 0.1 ms a frame.
    Reads the log alone: closing the file itself would drop this process's locks on it. What cannot be read is for
    SQLite to say.
    """
    try:
        descriptor = os.open(f"{path}-wal", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as log:
            frames = _Frames(log, os.fstat(descriptor).st_size, summed=summed)
            pages = frames.pages()
            here = Path(path).stat().st_size // frames.page_size  # after the log: a checkpoint makes it only larger
            has_gaps = pages > here and not frames.has_all(range(here + 1, pages + 1))
            return pages if has_gaps else None
    except (OSError, ValueError):
        return None


class _Frames:
    """The frames of a write-ahead log up to its last commit; what was never committed is not taken in."""

    def __init__(self, log: io.FileIO, size: int, *, summed: bool) -> None:
        """Raises ValueError if it is not one, or is empty."""
        header = log.read(_HEADER)
        if len(header) < _HEADER:
            raise ValueError("no header")
        (self.page_size,), self._salts = struct.unpack(">I", header[8:12]), header[16:24]
        if not 512 <= self.page_size <= 65_536:
            raise ValueError("no page size")
        self._log = log
        low, high = 0, (size - _HEADER) // (_FRAME + self.page_size)
        while low < high:  # frames of the log before, which this one writes over, come last
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._frame(middle) is not None else (low, middle)
        self._count = self._summed(low, header) if summed else low
        while self._count and not self.pages():
            self._count -= 1

    def _summed(self, most: int, header: bytes) -> int:
        """How many frames, counted from the first, have the right checksum; each is computed from the one before."""
        form = ">" if header[3] & 1 else "<"
        sums = struct.unpack(">II", header[24:])
        for number in range(most):
            self._log.seek(_HEADER + number * (_FRAME + self.page_size))
            read = self._log.read(_FRAME + self.page_size)
            sums = _sum(form, read[:8] + read[_FRAME:], *sums)
            if read[8:16] != self._salts or struct.pack(">II", *sums) != read[16:_FRAME]:
                return number
        return most

    def pages(self) -> int:
        """How many pages the database has after the last commit; 0 where there is none."""
        return (self._frame(self._count - 1) or (0, 0))[1] if self._count else 0

    def has_all(self, pages: range) -> bool:
        """Whether each of these pages is in a frame."""
        frames = map(self._frame, range(self._count))
        return {found[0] for found in frames if found is not None}.issuperset(pages)

    def _frame(self, number: int) -> tuple[int, int] | None:
        """Its page, and how many pages the database has where it ends a commit, else 0; None: it is of another log."""
        self._log.seek(_HEADER + number * (_FRAME + self.page_size))
        read = self._log.read(_FRAME)
        return struct.unpack(">II", read[:8]) if read[8:16] == self._salts else None


def _sum(form: str, data: bytes, one: int, other: int) -> tuple[int, int]:
    """The checksum of a write-ahead log after those bytes, whose numbers are written in that order of bytes."""
    numbers = struct.unpack(f"{form}{len(data) // 4}I", data)
    for first, second in zip(numbers[::2], numbers[1::2], strict=True):
        one = (one + first + other) & _WHOLE
        other = (other + second + one) & _WHOLE
    return one, other
