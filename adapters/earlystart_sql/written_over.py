"""Whether a store's file in WAL mode was written to by anything but SQLite: a backup copied over it, for one.

SQLite writes to the file in checkpoints alone, and says so in the index of its write-ahead log (the -shm, whose form is
part of SQLite's documented file format). A file that changed without a checkpoint was written by something else.
"""

import os
from typing import NamedTuple

_HEADER = 100  # bytes at the start of the file: any growth of it changes them
_INDEX = 136  # bytes at the start of the -shm
_FRAMES, _SALTS, _TAKEN, _BEGUN = slice(16, 20), slice(32, 40), slice(96, 100), slice(128, 132)


class _Look(NamedTuple):
    """A file, and how far its checkpoints were."""

    size: int
    changed: int  # nanoseconds
    header: bytes
    is_empty: bool  # the write-ahead log: its first frame gives it new salts
    checkpoints: bytes
    under_way: bool  # a checkpoint is, or one broke off: what changes meanwhile cannot be told apart


class Watch:
    """One file in WAL mode, as it was when this process last looked."""

    def __init__(self, main: int, shm: int) -> None:
        """Descriptors of the file and of its -shm, to read from."""
        self._main, self._shm = main, shm
        self._last = self._look()

    def is_same(self, found: os.stat_result) -> bool:
        """Whether only checkpoints have changed the file since the last look. As quick as can be where nothing has."""
        last = self._last
        if (found.st_size, found.st_mtime_ns) == (last.size, last.changed) and not last.is_empty:
            return True
        now = self._look()
        if self._last is not last:  # another thread has looked
            return self.is_same(os.fstat(self._main))
        if last.under_way or now.under_way or last.checkpoints != now.checkpoints or now[:3] == last[:3]:
            self._last = now
            return True
        return False

    def see(self) -> None:
        """Looks at the file after a write: the write-ahead log may have begun again, which is no checkpoint."""
        last = self._last
        index = self._index()
        if not last.is_empty and index[_SALTS] + index[_TAKEN] + index[_BEGUN] == last.checkpoints:
            return
        now = self._look()
        if now[:3] == last[:3]:
            self._last = now

    def accept(self) -> bool:
        """Whether the file, which looks changed, was only touched: then it is used as it is now."""
        now = self._look()
        if now.header != self._last.header:
            return False
        self._last = now
        return True

    def _look(self) -> _Look:
        while True:
            found = os.fstat(self._main)
            header = os.pread(self._main, _HEADER, 0)
            index = self._index()
            again = os.fstat(self._main)
            if (found.st_size, found.st_mtime_ns) == (again.st_size, again.st_mtime_ns):
                taken, begun = index[_TAKEN], index[_BEGUN]
                checkpoints = index[_SALTS] + taken + begun
                is_empty = index[_FRAMES] == bytes(4)
                return _Look(found.st_size, found.st_mtime_ns, header, is_empty, checkpoints, taken != begun)

    def _index(self) -> bytes:
        return os.pread(self._shm, _INDEX, 0).ljust(_INDEX, b"\0")
