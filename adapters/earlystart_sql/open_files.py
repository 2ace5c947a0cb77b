"""The files of stores that this process has open for locks of its own, each once.

Once, because closing any descriptor of a file drops the locks that SQLite has on it: they belong to the process. And
closed only when nothing else in the process has the file open: another library may go by such locks.
"""

import os
from pathlib import Path
from threading import RLock

from earlystart_sql import ofd
from earlystart_sql.file_id import Id, id_of, key_of
from earlystart_sql.open_file import File, opened

GATE = RLock()  # to be held while files are opened or closed; a connection that is thrown away may close at any moment

_FILES: dict[Id, File] = {}


def use(path: str) -> File:
    """The file at that path, with one user more.

    Raises:
        OSError: it cannot be opened.
    """
    key = id_of(path)
    if key is None or key not in _FILES:
        descriptor = opened(path) if ofd.EXISTS else None
        key = key_of(Path(path).stat() if descriptor is None else os.fstat(descriptor))
        file = _FILES.setdefault(key, File(key))
        if descriptor is not None:
            file.descriptors.append(descriptor)
    file = _FILES[key]
    file.users += 1
    return file


def leave(file: File, tidied: str | None = None) -> None:
    """One user less. It is closed after the last one, and its locks are gone.

    tidied: its path where the last user also deletes what is beside it, if nobody uses that.
    """
    file.users -= 1
    for each in [each for each in _FILES.values() if not each.users]:  # with those that could not be closed before
        if each.close(tidied if each is file else None):
            del _FILES[each.key]


def _leave_to_parent() -> None:
    """In a process that was just forked: connections and locks are the parent's."""
    for file in _FILES.values():
        file.forget()
    _FILES.clear()
    GATE.release()


if ofd.EXISTS:
    os.register_at_fork(before=GATE.acquire, after_in_parent=GATE.release, after_in_child=_leave_to_parent)
