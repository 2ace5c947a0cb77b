"""Locks of an open file description: only closing that description drops them, whatever else the process closes.

SQLite's own locks are the process's. Both kinds exclude each other, also within one process. Linux has them; elsewhere
nothing is locked here, and every question is answered as if nobody else had the file.
"""

import errno
import struct
import sys

if sys.platform != "win32":
    import fcntl

_FLOCK = "hhqqi"  # struct flock: type, whence, start, length, process
EXISTS = sys.platform == "linux" and hasattr(fcntl, "F_OFD_SETLK")


def share(descriptor: int, start: int, length: int) -> bool:
    """Whether those bytes are locked now, shared; False where someone has them to himself."""
    return _set(descriptor, "F_RDLCK", start, length)


def have(descriptor: int, start: int, length: int) -> bool:
    """Whether those bytes are locked now for this description alone. It must be open for writing."""
    return EXISTS and _set(descriptor, "F_WRLCK", start, length)


def release(descriptor: int, start: int, length: int) -> None:
    """Lets go of those bytes."""
    _set(descriptor, "F_UNLCK", start, length)


def is_locked(descriptor: int, start: int, length: int) -> bool:
    """Whether anyone else has a lock there. length: 0 for all that follows."""
    return holder(descriptor, start, length) is not None


def holder(descriptor: int, start: int, length: int) -> int | None:
    """The process that has a lock there; -1 for an open file's lock, None if nobody. length: 0 for all that follows."""
    if not EXISTS:
        return None
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, 0, start, length, 0)
    kind, _, _, _, process = struct.unpack_from(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else int(process)


def _set(descriptor: int, kind: str, start: int, length: int) -> bool:
    if not EXISTS:
        return True
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, getattr(fcntl, kind), 0, start, length, 0))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True
