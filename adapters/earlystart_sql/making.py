"""Making a file: whole under another name first, then moved to its place, so that no crash leaves half of one there.

A move needs no hard links, which some file systems do not have. It would replace a file, so whoever moves one looks
first, and is alone meanwhile: the folder is locked, by a lock that ends with its process and leaves no file behind.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

try:
    import fcntl
except ImportError:  # Windows, where a move never replaces a file
    fcntl = None  # type: ignore[assignment]

from earlystart_core.block import block

WAIT_SECONDS = 10.0
_NOT_SYNCED = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)  # what a file system says that syncs no folder


def put(draft: Path, path: Path) -> None:
    """Moves the draft to its place in the same file system, durably; where there is a file already, that one stays.

    Raises:
        OSError: it cannot be moved, or another program keeps the folder locked.
    """
    sync(draft)
    with _alone_in(path.parent), suppress(FileExistsError):
        if not os.path.lexists(path):
            draft.rename(path)
    sync_folder(path.parent)


def sync(path: Path) -> None:
    """Returns when what was written to the file is on the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        _flush(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Returns when the names in the folder are on the disk, as far as its file system can say."""
    if fcntl is None:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _flush(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise
    finally:
        os.close(descriptor)


def _flush(descriptor: int) -> None:
    full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS, whose fsync ends at the drive's cache
    if full is None:
        os.fsync(descriptor)
        return
    try:
        fcntl.fcntl(descriptor, full)
    except OSError:  # a file system that has no such call, such as a share on the network
        os.fsync(descriptor)


@block
def _alone_in(folder: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        until = monotonic() + WAIT_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > until:
                    raise
            sleep(0.01)
        yield
    finally:
        os.close(descriptor)
