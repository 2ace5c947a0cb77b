"""The files of stores that this process has open for locks of its own, each once.

Once, because closing any descriptor of a file drops the locks that SQLite has on it: they belong to the process.
"""

import os
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from earlystart_core.errors import StoreUnavailable
from earlystart_sql import ofd

if TYPE_CHECKING:
    from earlystart_sql.written_over import Watch

Id = tuple[int, int]  # device and number
_PLACES = 1 << 62  # behind any byte of the main file: one byte for each place that it is opened from
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
GATE = RLock()  # to be held while files are opened or closed; a connection that is thrown away may close at any moment


class File:
    """A file that connections of this process use."""

    def __init__(self, key: Id) -> None:
        self.key = key
        self.descriptors: list[int] = []  # one; none without locks of open files; more where the path just changed
        self.users = 0
        self.place = -1  # of a main file: where it was opened from
        self.beside: tuple[Id | None, Id] | None = None  # of a main file in WAL mode: its -wal and -shm
        self.watch: Watch | None = None
        self.version = 0  # how often it was found to be another one

    def lock(self, bytes_: tuple[int, int]) -> bool:
        """Whether nobody has those bytes alone; they stay shared until `release`."""
        return all(ofd.share(descriptor, *bytes_) for descriptor in self.descriptors[:1])

    def release(self, bytes_: tuple[int, int]) -> None:
        """Lets others have those bytes alone."""
        for descriptor in self.descriptors[:1]:
            ofd.release(descriptor, *bytes_)

    def others(self, start: int, length: int) -> bool:
        """Whether another process has a lock there. length: 0 for whatever follows."""
        return any(ofd.is_locked(descriptor, start, length) for descriptor in self.descriptors[:1])


_FILES: dict[Id, File] = {}


def use(path: str) -> File:
    """The file at that path, with one user more.

    Raises:
        OSError: it cannot be opened.
    """
    key = id_of(path)
    if key is None or key not in _FILES:
        descriptor = os.open(path, _FLAGS) if ofd.EXISTS else None
        key = key_of(Path(path).stat() if descriptor is None else os.fstat(descriptor))
        file = _FILES.setdefault(key, File(key))
        if descriptor is not None:
            file.descriptors.append(descriptor)
    file = _FILES[key]
    file.users += 1
    return file


def leave(file: File) -> None:
    """One user less. It is closed after the last one, and its locks are gone."""
    file.users -= 1
    if not file.users:
        if _FILES.get(file.key) is file:
            del _FILES[file.key]
        _close(file)


def take_place(file: File, path: str, name: str) -> None:
    """Refuses a file that is open from another place: what is beside it has another name there.

    name: of the store, for messages.

    Raises:
        StoreUnavailable: it is.
    """
    folder, own = os.path.split(path)
    found = Path(folder).stat()
    digest = sha256(os.fsencode(f"{found.st_dev}:{found.st_ino}:{own}")).digest()
    place = 1 + int.from_bytes(digest[:7], "big")
    file.lock((_PLACES + place, 1))
    if file.place not in (-1, place) or file.others(_PLACES, place) or file.others(_PLACES + place + 1, 0):
        raise StoreUnavailable(
            f"{name} is open under another name: expected one name for its file, because the files beside it go by"
            " that name; end the program that has it open there"
        )
    file.place = place


def id_of(path: str) -> Id | None:
    """What stands at that path; None for nothing."""
    found = stat_of(path)
    return None if found is None else key_of(found)


def key_of(found: os.stat_result) -> Id:
    """Which file that is, whatever its name."""
    return found.st_dev, found.st_ino


def stat_of(path: str) -> os.stat_result | None:
    """What the system says of the path; None where it says nothing."""
    try:
        return os.stat(path)  # noqa: PTH116 - quicker than by pathlib, and asked for in every transaction
    except OSError:
        return None


def _close(file: File) -> None:
    while file.descriptors:
        os.close(file.descriptors.pop())


def _leave_to_parent() -> None:
    """In a process that was just forked: connections and locks are the parent's."""
    for file in _FILES.values():
        _close(file)
    _FILES.clear()
    GATE.release()


if ofd.EXISTS:
    os.register_at_fork(before=GATE.acquire, after_in_parent=GATE.release, after_in_child=_leave_to_parent)
