"""The files of stores that this process has open for locks of its own, each once.

Once, because closing any descriptor of a file drops the locks that SQLite has on it: they belong to the process. And
closed only while no SQLite can be its only user: another library in this process may be, and delete what is beside it.
"""

import os
from hashlib import sha256
from pathlib import Path
from threading import RLock

from earlystart_core.errors import StoreUnavailable
from earlystart_sql import ofd
from earlystart_sql.file_id import Id, id_of, key_of
from earlystart_sql.write_ahead_log import reader_of
from earlystart_sql.written_over import Watch

_VERSIONS = 18  # where the file says whether it is in WAL mode
_SHARED = (0x40000002, 510)  # where SQLite locks the file: shared by all who use it, alone by the last of them
_ATTACHED = (128, 1)  # where it locks the -shm: shared by all who map it, alone by who empties it
_PLACES = 1 << 62  # behind any byte of the main file: one byte for each place that it is opened from
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
GATE = RLock()  # to be held while files are opened or closed; a connection that is thrown away may close at any moment


class File:
    """A store's file that connections of this process use, and what is beside it in WAL mode."""

    def __init__(self, key: Id) -> None:
        self.key = key
        self.descriptors: list[int] = []  # one; none without locks of open files; more where the path just changed
        self.users = 0
        self.place = -1  # where it was opened from
        self.beside: tuple[Id | None, Id] | None = None  # its -wal and -shm
        self.watch: Watch | None = None
        self.version = 0  # how often it was found to be another one
        self._is_shared = False
        self._shm: list[int] = []  # open as long as the file is: the last one is that of `beside`

    def is_in_wal_mode(self) -> bool:
        """Whether the file says so; False where there are no locks of open files."""
        return any(os.pread(descriptor, 2, _VERSIONS) == b"\2\2" for descriptor in self.descriptors[:1])

    def share(self) -> bool:
        """Whether nobody is the only user of the file; from now on nobody can be, so nobody deletes its -wal."""
        self._is_shared = all(ofd.share(descriptor, *_SHARED) for descriptor in self.descriptors[:1])
        return self._is_shared

    def attach(self, path: str) -> bool:
        """Whether what is beside the file is what other connections of this process use; nobody empties its -shm then.

        Raises:
            OSError: it cannot be opened.
        """
        found = Path(f"{path}-shm").stat()
        beside = (id_of(f"{path}-wal"), key_of(found))
        if self.beside is not None:
            return self.beside == beside
        if self.descriptors:
            self._shm.append(os.open(f"{path}-shm", os.O_RDONLY | _FLAGS))
            shm = self._shm[-1]
            if key_of(os.fstat(shm)) != beside[1] or not ofd.share(shm, *_ATTACHED):
                return False
            self.watch = Watch(self.descriptors[0], shm)
        self.beside = beside
        return True

    def reader(self) -> int | None:
        """The process whose read of an earlier state goes on: -1 where its number is not known; None for nobody."""
        return reader_of(self._shm[-1]) if self._shm else None

    def tidy(self, path: str) -> None:
        """Deletes what is beside the file, where nobody else uses that and no frame is left in the -wal.

        As SQLite's last connection does; but that goes by its own locks, which others drop.
        """
        if self.beside != (id_of(f"{path}-wal"), id_of(f"{path}-shm")) or Path(f"{path}-wal").stat().st_size:
            return
        if any(ofd.have(descriptor, *_SHARED) for descriptor in self.descriptors[:1]):
            for beside in ("-wal", "-shm"):
                Path(f"{path}{beside}").unlink()

    def may_close(self) -> bool:
        """Whether no SQLite can be the file's only user just now."""
        return self._is_shared or not self.is_in_wal_mode()

    def close(self) -> None:
        """Closes it. All its locks, and SQLite's in this process, are gone."""
        while self._shm:
            os.close(self._shm.pop())
        while self.descriptors:
            os.close(self.descriptors.pop())


_FILES: dict[Id, File] = {}


def use(path: str) -> File:
    """The file at that path, with one user more.

    Raises:
        OSError: it cannot be opened.
    """
    key = id_of(path)
    if key is None or key not in _FILES:
        descriptor = _opened(path) if ofd.EXISTS else None
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
    if not file.users and file.may_close():
        if _FILES.get(file.key) is file:
            del _FILES[file.key]
        file.close()


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | _FLAGS)  # as the locks want it by which one is alone
    except OSError:
        return os.open(path, os.O_RDONLY | _FLAGS)


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
    is_mine = file.place in (-1, place)
    for descriptor in file.descriptors[:1] if is_mine else ():
        ofd.share(descriptor, _PLACES + place, 1)
        if ofd.is_locked(descriptor, _PLACES, place) or ofd.is_locked(descriptor, _PLACES + place + 1, 0):
            ofd.release(descriptor, _PLACES + place, 1)
            is_mine = False
    if not is_mine:
        raise StoreUnavailable(
            f"{name} is open under another name: expected one name for its file, because the files beside it go by"
            " that name; end the program that has it open there"
        )
    file.place = place


def _leave_to_parent() -> None:
    """In a process that was just forked: connections and locks are the parent's."""
    for file in _FILES.values():
        file.close()
    _FILES.clear()
    GATE.release()


if ofd.EXISTS:
    os.register_at_fork(before=GATE.acquire, after_in_parent=GATE.release, after_in_child=_leave_to_parent)
