"""A process that erases a subject and is killed before a statement of its databases; told so on the command line.

    python killed_child.py SUBJECT FOLDER…     FOLDER/store.db is erased in, and killed before its n-th statement

The n-th folder is killed before the n-th statement. Prints how many statements an erasure that is not killed takes.
"""

import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any

from earlystart_core import Practitioner, Record
from earlystart_sql import sqlite

BY = Practitioner("practitioner:" + "0" * 26, "information_governance", "org:lch")


class Killing:
    """Counts the statements of this process's databases, and kills it before one of them."""

    def __init__(self, deadly: int) -> None:
        self.deadly = deadly
        self.counted = 0
        self._connect = sqlite._connect
        sqlite._connect = self.connect

    def connect(self, uri: str) -> Any:
        connection = self._connect(uri)
        connection.set_trace_callback(self._before)
        return connection

    def _before(self, _: str) -> None:
        self.counted += 1
        if self.counted == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


def erase(subject: str, folder: str, deadly: int) -> int:
    killing = Killing(0)
    with Record.open(f"{folder}/store.db", clock=lambda: datetime(2026, 5, 2, 9, tzinfo=UTC)) as record:
        _ = record.store.keys
        killing.counted, killing.deadly = 0, deadly
        record.erase(subject, authority="Caldicott guardian", second_authority="Head of IG", by=BY)
    return killing.counted  # those of closing, too


if __name__ == "__main__":
    whom, *folders = sys.argv[1:]
    for number, each in enumerate(folders):  # 0: none is deadly
        child = os.fork()
        if child == 0:
            os.write(1, b"%d\n" % erase(whom, each, number))
            os._exit(0)
        os.waitpid(child, 0)
