"""A store's file that this process has open for locks of its own, and what stands beside it in WAL mode.

SQLite's locks belong to the process: closing any descriptor of a file drops them, for every SQLite library in it. The
locks here belong to the open file. Where they are had, no library in any process can be alone, which it must be to
delete the write-ahead log or to empty the -shm.
"""

import os
from collections.abc import Collection
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from time import sleep

from earlystart_core.errors import StoreUnavailable
from earlystart_sql import ofd
from earlystart_sql.file_id import Id, id_of, key_of
from earlystart_sql.write_ahead_log import reader_of
from earlystart_sql.written_over import Watch

_VERSIONS = 18  # where the file says whether it is in WAL mode
_SHARED = (0x40000002, 510)  # where SQLite locks the file: shared by all who use it, alone by the last of them
_PENDING = (0x40000000, 1)  # what it locks, for a moment, before it may share those
_ATTACHED = (128, 1)  # where it locks the -shm: shared by all who map it, alone by who empties it
_PLACES = 1 << 62  # behind any byte of the main file: one byte for each place that it is opened from
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
TRIES, PAUSE_SECONDS = 20, 0.001  # where someone begins to use the file just then
_OWN = "/proc/self/fd"  # the descriptors of this process


class File:
    """One such file. Its methods are called by one thread at a time."""

    def __init__(self, key: Id) -> None:
        self.key = key
        self.descriptors: list[int] = []  # one; none without locks of open files; more where the path just changed
        self.users = 0
        self.place = -1  # where it was opened from
        self.beside: tuple[Id | None, Id] | None = None  # its -wal and -shm
        self.watch: Watch | None = None
        self.version = 0  # how often it was found to be another one
        self._shm: list[int] = []  # open as long as the file is: the last one is that of the path

    def is_in_wal_mode(self) -> bool:
        """Whether the file says so; False where there are no locks of open files."""
        return any(os.pread(descriptor, 2, _VERSIONS) == b"\2\2" for descriptor in self.descriptors[:1])

    def share(self) -> bool:
        """Whether nobody is the only user of the file; from now on nobody can be, so nobody deletes its -wal."""
        return all(ofd.share(descriptor, *_SHARED) for descriptor in self.descriptors[:1])

    def take_place(self, path: str, name: str) -> None:
        """Refuses a file that is open from another place: what is beside it has another name there.

        name: of the store, for messages.

        Raises:
            StoreUnavailable: it is.
        """
        folder, own = os.path.split(path)
        found = Path(folder).stat()
        digest = sha256(os.fsencode(f"{found.st_dev}:{found.st_ino}:{own}")).digest()
        place = 1 + int.from_bytes(digest[:7], "big")
        is_mine = self.place in (-1, place)
        for descriptor in self.descriptors[:1] if is_mine else ():
            ofd.share(descriptor, _PLACES + place, 1)
            if ofd.is_locked(descriptor, _PLACES, place) or ofd.is_locked(descriptor, _PLACES + place + 1, 0):
                ofd.release(descriptor, _PLACES + place, 1)
                is_mine = False
        if not is_mine:
            raise StoreUnavailable(
                f"{name} is open under another name: expected one name for its file, because the files beside it go by"
                " that name; end the program that has it open there"
            )
        self.place = place

    def attach(self, path: str) -> bool:
        """Whether nobody empties the -shm from now on; True too where this process cannot open one.

        To be called before SQLite opens it. It is emptied first where nobody uses it, and made where there is none, as
        SQLite does: so no other library in the process does that to what this one has just mapped.
        """
        if self.beside is not None and self.users > 1:
            return self.beside[1] == id_of(f"{path}-shm")
        try:
            shm = self._open_shm(path)
        except OSError:
            return True  # SQLite says what is wrong, or needs none
        with suppress(OSError):  # it may only be read: that of a store that nobody uses is SQLite's to look at
            if ofd.have(shm, *_ATTACHED) and key_of(os.fstat(shm)) not in (_open_elsewhere(self._own()) or ()):
                os.ftruncate(shm, 0)
        return ofd.share(shm, *_ATTACHED)

    def settle(self, path: str) -> bool:
        """Whether what is beside the file, once SQLite has opened it, is what other connections of this process use.

        Raises:
            OSError: it cannot be opened.
        """
        beside = id_of(f"{path}-wal"), key_of(Path(f"{path}-shm").stat())
        if self.beside == beside:
            return True
        if self.beside is not None and self.users > 1:
            return False
        if self.descriptors:
            shm = self._open_shm(path)
            if key_of(os.fstat(shm)) != beside[1] or not ofd.share(shm, *_ATTACHED):
                return False
            self.watch = Watch(self.descriptors[0], shm)
        self.beside = beside
        return True

    def reader(self) -> int | None:
        """The process whose read of an earlier state goes on: -1 where its number is not known; None for nobody."""
        return reader_of(self._shm[-1]) if self._shm else None

    def close(self, tidied: str | None) -> bool:
        """Whether it was closed: not where something else in this process has it open, whose locks that would drop.

        Nobody can begin to use it meanwhile. Until it is closed the locks stay, so that nobody can be alone with it.
        tidied: the file's path where what is beside it is to be deleted, if nobody uses that.
        """
        for descriptor in self.descriptors[:1]:
            found = _open_elsewhere(self._own()) if _keep_out(descriptor) else {self.key}
            if found is not None and self.key in found:
                ofd.release(descriptor, *_PENDING)
                ofd.release(descriptor, _PLACES, 0)
                self.place, self.beside, self.watch = -1, None, None  # until it is used again anything may be written
                return False
            if tidied is not None:
                with suppress(OSError):
                    self._tidy(tidied)
        self.forget()
        return True

    def forget(self) -> None:
        """Closes it. All its locks, and SQLite's in this process, are gone."""
        while self._shm:
            os.close(self._shm.pop())
        while self.descriptors:
            os.close(self.descriptors.pop())

    def _tidy(self, path: str) -> None:
        """Deletes what is beside the file, where nobody else uses that and no frame is left in the -wal.

        As SQLite's last connection does; but that goes by its own locks, which others drop.
        """
        if self.beside != (id_of(f"{path}-wal"), id_of(f"{path}-shm")) or Path(f"{path}-wal").stat().st_size:
            return
        if ofd.have(self.descriptors[0], *_SHARED):
            for beside in ("-wal", "-shm"):
                Path(f"{path}{beside}").unlink()

    def _own(self) -> Collection[int]:
        return self.descriptors + self._shm

    def _open_shm(self, path: str) -> int:
        """A descriptor of the -shm at that path, which is made with the rights of the file where there is none."""
        place = f"{path}-shm"
        if not (self._shm and key_of(os.fstat(self._shm[-1])) == id_of(place)):
            try:
                self._shm.append(opened(place))
            except FileNotFoundError:
                found = os.fstat(self.descriptors[0])
                with suppress(FileExistsError):
                    self._shm.append(os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600))
                    with suppress(OSError):
                        os.fchmod(self._shm[-1], found.st_mode & 0o777)
                        os.fchown(self._shm[-1], found.st_uid, found.st_gid)
                return self._open_shm(path)
        return self._shm[-1]


def _keep_out(descriptor: int) -> bool:
    """Whether nobody can begin to use that file from now on. Where it may only be read, others can all the same."""
    with suppress(OSError):
        for _ in range(TRIES):
            if ofd.have(descriptor, *_PENDING):
                return True
            sleep(PAUSE_SECONDS)
        return False
    return True


def opened(path: str) -> int:
    """A descriptor of that file, for writing where that is allowed: the locks by which one is alone want it."""
    try:
        return os.open(path, os.O_RDWR | _FLAGS)
    except FileNotFoundError:
        raise
    except OSError:
        return os.open(path, os.O_RDONLY | _FLAGS)


def _open_elsewhere(own: Collection[int]) -> set[Id] | None:
    """The files that this process has open by other descriptors than those; None where the system does not say."""
    try:
        numbers = set(map(int, os.listdir(_OWN))) - set(own)  # noqa: PTH208 - quicker than by pathlib
    except OSError:
        return None
    found = set()
    for number in numbers:
        with suppress(OSError):  # that of this very list
            found.add(key_of(os.fstat(number)))
    return found
