"""Which file is at a path, without asking when it was written to.

Since Linux 6.13 a file whose times were asked for gets new ones at the next write, and the `fsync` behind that write
has to store them too: 50 µs in every command, for a question that goes to the write-ahead log. `os.stat` always asks.
"""

import ctypes
import os
import sys
from collections.abc import Callable

Id = tuple[int, int]  # device and number

_HERE = -100  # AT_FDCWD: a relative path begins at the working directory
_NUMBER, _SIZE = 0x100, 0x200  # STATX_INO, STATX_SIZE: all that is asked for; the device comes with it


class _Found(ctypes.Structure):
    """`struct statx` of the Linux kernel, as far as it is read here."""

    _fields_ = (
        ("head", ctypes.c_uint32 * 8),
        ("number", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
        ("sizes", ctypes.c_uint64 * 2),
        ("times", ctypes.c_uint64 * 8),
        ("own_device", ctypes.c_uint32 * 2),
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("rest", ctypes.c_uint64 * 14),
    )


def id_of(path: str | bytes) -> Id | None:
    """The file at that path; None if there is none or the system does not say."""
    if _statx is None:
        found = stat_of(path)
        return None if found is None else key_of(found)
    answer = _Found()
    if _statx(_HERE, os.fsencode(path), 0, _NUMBER, ctypes.byref(answer)):
        return None
    return os.makedev(answer.major, answer.minor), answer.number


def size_of(path: str | bytes) -> int:
    """The size of the file at that path in bytes; 0 if there is none."""
    if _statx is None:
        found = stat_of(path)
        return 0 if found is None else found.st_size
    answer = _Found()
    return 0 if _statx(_HERE, os.fsencode(path), 0, _SIZE, ctypes.byref(answer)) else int(answer.size)


def key_of(found: os.stat_result) -> Id:
    """Which file that is, whatever its name."""
    return found.st_dev, found.st_ino


def stat_of(path: str | bytes) -> os.stat_result | None:
    """What the system says of the path; None where it says nothing."""
    try:
        return os.stat(path)  # noqa: PTH116 - quicker than by pathlib, and asked for in every transaction
    except OSError:
        return None


def _call() -> Callable[..., int] | None:
    """`statx` of the C library; None where it has none, or where it does not say what `os.stat` says."""
    statx = getattr(ctypes.CDLL(None), "statx", None) if sys.platform == "linux" else None
    if statx is None:
        return None
    statx.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)
    answer, found = _Found(), stat_of("/")
    is_same = (
        not statx(_HERE, b"/", 0, _NUMBER, ctypes.byref(answer))
        and found is not None
        and (os.makedev(answer.major, answer.minor), answer.number) == key_of(found)
    )
    return statx if is_same else None


_statx = _call()
