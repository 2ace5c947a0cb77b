"""Which SQLite library opens a store, and the connections that it gives.

Exactly one SQLite library may open a store's file in a process: a second one that closes the file drops the first
one's locks (what is done against that: `file_use`). It is pysqlite3 where there is one, else the standard library's.
"""

import sqlite3
from importlib import import_module
from types import ModuleType
from typing import Any

from earlystart_sql.faults import Driver
from earlystart_sql.file_use import Use


def _library() -> ModuleType:
    try:
        return import_module("pysqlite3.dbapi2")
    except ImportError:
        return sqlite3


LIBRARY = _library()
Driver.errors += (LIBRARY.Error,)


_Connection: Any = LIBRARY.Connection


class Connection(_Connection):  # type: ignore[misc]  # whichever library it is
    """A driver's connection that says what files it uses. Close it before its use is ended."""

    use: Use | None = None  # None: of no file that others can open

    def __del__(self) -> None:  # it was thrown away
        if self.use is not None:
            self.close()
            self.use.end()
