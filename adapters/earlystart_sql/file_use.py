"""One connection's use of a store's files: nobody deletes them beneath it, and they are those of the path.

When a second SQLite library in this process, or a plain copy, closes the store's file, SQLite's locks on it are gone;
whoever closes next believes itself alone, and deletes the write-ahead log into which others still write. So there are
locks of open files (`ofd`) wherever SQLite must be alone before it deletes or empties a file.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from earlystart_core.errors import StoreUnavailable
from earlystart_sql.append_lock import AppendLock
from earlystart_sql.faults import Driver
from earlystart_sql.file_id import id_of, key_of, size_of, stat_of
from earlystart_sql.open_files import GATE, leave, use
from earlystart_sql.place import expect_one_name
from earlystart_sql.write_ahead_log import BOUND_BYTES, WriteAheadLog, shorten


class Moved(Exception):
    """What the path names changed while it was opened, or older connections of this process still use what it named."""


class Use:
    """One connection's use. It begins before the connection is opened, and ends with it."""

    def __init__(self, path: Path, name: str, *, wal: bool, writer: bool) -> None:
        """path: absolute, without links. name: of the store, for messages.

        wal: whether it may stay in WAL mode. writer: whether the connection may write.

        Raises:
            Moved: someone is the only user of the file just now; try again.
            StoreUnavailable: the file is open under another name.
            OSError: it cannot be opened.
        """
        self._path = str(path)
        self._wal, self._shm = os.fsencode(f"{path}-wal"), os.fsencode(f"{path}-shm")
        self._name = name
        self._writer = writer
        self.is_settled = False  # whether it is in WAL mode, and `settle` was called
        self._ended = True
        with GATE:
            self._main = use(self._path)
            self._ended = False
            self._version = self._main.version
            try:
                self._main.take_place(self._path, name)
                # Before SQLite opens what is beside the file: else that may be deleted or emptied while it is opened.
                if wal and self._main.is_in_wal_mode() and not (self._main.share() and self._main.attach(self._path)):
                    raise Moved
            except BaseException:
                self.end()  # not when its traceback is forgotten
                raise

    def settle(self) -> None:
        """To be called once the connection has read in WAL mode, and so has opened what is beside the file.

        Raises:
            Moved: close the connection, and try again.
        """
        with GATE:
            main = self._main
            try:
                if id_of(self._path) != main.key or not main.share() or not main.settle(self._path):
                    raise Moved
            except FileNotFoundError as error:
                raise Moved from error
            self._version = main.version
            self.is_settled = True

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
        if found.st_nlink > 1:
            expect_one_name(Path(self._path), found, self._name)
        return self._is_beside()

    def is_whole(self) -> bool:
        """Whether the path, and the paths beside it, lead to the files that the connection has open."""
        return id_of(self._path) == self._main.key and self._is_beside()

    def is_confirmed(self) -> bool:
        """Whether what was committed just now is in files that the paths name."""
        if self._main.watch is not None:
            with suppress(OSError):
                self._main.watch.see()
        return self.is_whole()

    def take_in(self, driver: Any) -> None:
        """Before the connection closes: where it is this process's last one, what is in the -wal goes to the file.

        Where that takes no waiting. SQLite itself does it when it believes itself alone, and without the append lock.
        """
        with suppress(*Driver.errors, StoreUnavailable):
            last = self._writer and self.is_settled and self._main.users == 1 and self._main.descriptors
            if last and self.is_whole() and size_of(self._wal):
                with AppendLock(Path(self._path), self._name).had(0) as had:
                    if had:
                        shorten(driver)

    def is_long(self) -> bool:
        """Whether the write-ahead log has passed its bound."""
        return self.is_settled and size_of(self._wal) > BOUND_BYTES

    def write_ahead_log(self) -> WriteAheadLog | None:
        """How long the write-ahead log is, and what stops it from being shortened; None where there is none."""
        if not self.is_settled:
            return None
        with GATE:
            return WriteAheadLog(self._name, size_of(self._wal), self._main.reader())

    def end(self) -> None:
        """After the connection was closed. Ending again does nothing."""
        with GATE:
            ended, self._ended = self._ended, True
            if not ended:
                leave(self._main, self._path if self._writer and self.is_settled else None)

    def __del__(self) -> None:
        self.end()

    def _is_beside(self) -> bool:
        return not self.is_settled or (id_of(self._wal), id_of(self._shm)) == self._main.beside

    def _is_unchanged(self, found: os.stat_result) -> bool:
        try:
            return self._main.watch is None or self._main.watch.is_same(found)
        except OSError as error:
            raise StoreUnavailable(f"{self._name} cannot be used: {error.strerror}") from error

    def _has_same_log(self) -> bool:
        """Whether what was written to the earlier file is beside the new one."""
        found, beside = stat_of(f"{self._path}-wal"), self._main.beside
        return found is not None and found.st_size > 0 and beside is not None and key_of(found) == beside[0]

    def _mixed(self, what: str) -> StoreUnavailable:
        return StoreUnavailable(
            f"{self._name} was {what} while it was open, and {self._path}-wal belongs to what was there before: end"
            " every program that uses it, delete the files ending in -wal and -shm, and put the copy back again"
        )
