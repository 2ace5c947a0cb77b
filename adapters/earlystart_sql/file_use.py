"""One connection's use of a store's files: nobody deletes them beneath it, and they are those of the path.

When a second SQLite library in this process, or a plain copy, closes the store's file, SQLite's locks on it are gone;
whoever closes next believes itself alone, and deletes the write-ahead log into which others still write. So there are
locks of open files (`ofd`) wherever SQLite must be alone before it deletes or empties a file.
"""

import os
from contextlib import suppress
from pathlib import Path

from earlystart_core.errors import StoreUnavailable
from earlystart_sql.open_files import GATE, File, id_of, key_of, leave, stat_of, take_place, use
from earlystart_sql.place import expect_one_name
from earlystart_sql.written_over import Watch

_SHARED = (0x40000002, 510)  # where SQLite locks the main file: shared by all who use it, alone by the last of them
_ATTACHED = (128, 1)  # where it locks the -shm: shared by all who map it, alone by who empties it


class Moved(Exception):
    """What the path names changed while it was opened, or older connections of this process still use what it named."""


class Use:
    """One connection's use. It begins before the connection is opened, and ends with it."""

    def __init__(self, path: Path, name: str) -> None:
        """path: absolute, without links. name: of the store, for messages.

        Raises:
            StoreUnavailable: the file is open under another name.
            OSError: it cannot be opened.
        """
        self._path = str(path)
        self._name = name
        self._ended = True
        self._shm: File | None = None
        with GATE:
            self._main = use(self._path)
            self._ended = False
            self._version = self._main.version
            try:
                take_place(self._main, self._path, name)
            except BaseException:
                self.end()  # not when its traceback is forgotten
                raise

    def settle(self) -> None:
        """To be called once the connection is in WAL mode: from then on nobody deletes what it uses.

        Raises:
            Moved: close the connection, and try again.
        """
        with GATE:
            try:
                self._shm = shm = use(f"{self._path}-shm")
            except OSError as error:
                raise Moved from error
            main = self._main
            beside = (id_of(f"{self._path}-wal"), shm.key)
            if id_of(self._path) != main.key or main.beside not in (None, beside):
                raise Moved
            if not (main.lock(_SHARED) and shm.lock(_ATTACHED)):
                raise Moved
            main.beside = beside
            self._version = main.version
            if main.watch is None and main.descriptors:
                main.watch = Watch(main.descriptors[0], shm.descriptors[0])

    def is_current(self, *, writing: bool) -> bool:
        """Whether what the connection uses stands at the path, changed by SQLite alone.

        writing: False asks about the file alone, not about what is beside it, which is quicker.

        Raises:
            StoreUnavailable: it was replaced or written over, and what is beside it belongs to what was there before;
                or, when writing, it has a second name.
        """
        found, main = stat_of(self._path), self._main
        if found is None or key_of(found) != main.key:
            if found is not None and self._has_same_log():
                raise self._mixed("replaced")
            return False
        if not self._is_unchanged(found):
            if not self.is_whole():
                return False
            if main.watch is not None and not main.watch.accept():
                raise self._mixed("written over")
            main.version += 1  # no connection of this process may go on with the pages that it remembers
        if main.version != self._version:
            return False
        if not writing:
            return True
        expect_one_name(Path(self._path), found, self._name)
        return self.is_whole()

    def is_whole(self) -> bool:
        """Whether the path, and those beside it, name what the connection has open."""
        if id_of(self._path) != self._main.key:
            return False
        return self._shm is None or (id_of(f"{self._path}-wal"), id_of(f"{self._path}-shm")) == self._main.beside

    def is_confirmed(self) -> bool:
        """Whether what was committed just now is in files that the paths name."""
        if self._main.watch is not None:
            with suppress(OSError):
                self._main.watch.see()
        return self.is_whole()

    def let_tidy(self) -> None:
        """Before the connection closes: where it is this process's last one, SQLite may take in and delete its log."""
        with GATE:
            if self._main.users == 1 and self.is_whole():  # else it would take in a log that is not the file's
                self._main.release(_SHARED)
                if self._shm is not None:
                    self._shm.release(_ATTACHED)

    def end(self) -> None:
        """After the connection was closed. Ending again does nothing."""
        with GATE:
            ended, self._ended = self._ended, True
            if not ended:
                for file in (self._shm, self._main):
                    if file is not None:
                        leave(file)

    def __del__(self) -> None:
        # The connection was thrown away and is about to be closed: as `let_tidy` says, it may not take in another log.
        with GATE:
            if self._ended or self._main.users > 1 or self.is_whole():
                self.end()

    def _is_unchanged(self, found: os.stat_result) -> bool:
        try:
            return self._main.watch is None or self._main.watch.is_same(found)
        except OSError as error:
            raise StoreUnavailable(f"{self._name} cannot be used: {error.strerror}") from error

    def _has_same_log(self) -> bool:
        """Whether what was written to the former file stands beside the new one."""
        found, beside = stat_of(f"{self._path}-wal"), self._main.beside
        return found is not None and found.st_size > 0 and beside is not None and key_of(found) == beside[0]

    def _mixed(self, what: str) -> StoreUnavailable:
        return StoreUnavailable(
            f"{self._name} was {what} while it was open, and {self._path}-wal belongs to what was there before: end"
            " every program that uses it, delete the files ending in -wal and -shm, and put the copy back again"
        )
