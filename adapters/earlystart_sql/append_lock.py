"""The append lock of a store in a file: an empty file beside it, locked as a whole.

SQLite's own locks belong to the process: whoever opens and closes the store's file in it, another library too, drops
them. This lock belongs to the open file, so only its own closing drops it; the system does so when the process ends,
however it ends. The file stays for good: deleting it could let two writers each lock a file of that name.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from weakref import WeakSet

from earlystart_core.block import block
from earlystart_core.errors import StoreUnavailable

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

SHORTEST, LONGEST = 0.0002, 0.005  # seconds between two tries
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class AppendLock:
    """The append lock of one open store. For one thread at a time."""

    def __init__(self, path: Path, name: str) -> None:
        """path: of the store's file. name: of the store, for messages."""
        self._store = path
        self._path = f"{path}.lock"
        self._name = name
        self._open: list[int] = []  # the descriptor of the file while it is locked or waited for
        _LOCKS.add(self)

    @block
    def had(self, seconds: float) -> Iterator[bool]:
        """Whether it is had until the end of the block; False where that took more than so many seconds.

        Raises:
            StoreUnavailable: there is no such file to be had, or its file system has no such locks.
        """
        opened: list[int] = []
        self._open = opened
        close: partial[list[None]] = partial(
            list, map(os.close, opened)
        )  # one step of C, which no interrupt can come between
        until, pause = monotonic() + seconds, SHORTEST
        try:
            try:
                self._begin(opened)
                while not (had := _lock(opened[0])) and monotonic() < until:
                    sleep(pause)
                    pause = min(pause * 1.5, LONGEST - os.getpid() % 7 * SHORTEST)  # each process at its own pace
                is_there = self._is_there(opened[0])
            except OSError as error:
                raise StoreUnavailable(
                    f"{self._name} cannot be written: {self._name}.lock cannot be locked: {error.strerror}"
                ) from error
            if is_there:
                yield had
                return
        finally:
            close()
            opened.clear()
        with self.had(max(0.0, until - monotonic())) as had:  # someone deleted the file, and so may lock another
            yield had

    def _begin(self, opened: list[int]) -> None:
        """Opens the file, made where there is none, with the rights of the store's."""
        try:  # `extend` is C: no interrupt loses a descriptor on its way
            opened.extend(map(os.open, (self._path,), (os.O_RDWR | _FLAGS,)))
        except FileNotFoundError:
            mode = self._store.stat().st_mode & 0o666
            opened.extend(map(os.open, (self._path,), (os.O_RDWR | os.O_CREAT | _FLAGS,), (mode,)))
        except PermissionError:  # another user made it; to lock it, reading is enough
            opened.extend(map(os.open, (self._path,), (os.O_RDONLY | _FLAGS,)))
        found = os.fstat(opened[0])
        if not stat.S_ISREG(found.st_mode) or found.st_size:
            raise StoreUnavailable(
                f"{self._name}.lock is another program's: expected the empty file that keeps writers apart; move it"
                " away"
            )

    def _is_there(self, descriptor: int) -> bool:
        """Whether the open file still has its name."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))  # noqa: PTH116 - quicker than by pathlib
        except FileNotFoundError:
            return False

    def leave_to_parent(self) -> None:
        """In a process that was just forked: the lock is the parent's, and must end with it."""
        for descriptor in self._open:
            with suppress(OSError):
                if self._is_there(descriptor):
                    os.close(descriptor)
        self._open.clear()


_LOCKS: "WeakSet[AppendLock]" = WeakSet()


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _leave_to_parent() -> None:
    for lock in _LOCKS:
        lock.leave_to_parent()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_leave_to_parent)
