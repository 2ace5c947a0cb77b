"""Stopping a command from outside: what is open is closed, what is temporary goes, and the stop is never lost."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

STOPPED, ENDED = 130, 143  # exit statuses: by Ctrl-C, and by the system
AGAIN = 0.02  # seconds


@contextmanager
def stoppable() -> Iterator[None]:
    """Within: SIGTERM raises SystemExit as Ctrl-C raises KeyboardInterrupt, and neither can get lost.

    Python drops what is raised while it frees an object; a stop that was dropped so is sent again.
    """

    def end(*_: object) -> None:
        raise SystemExit(ENDED)

    def dropped(found: "UnraisableHookArgs") -> None:
        sent = {KeyboardInterrupt: signal.SIGINT, SystemExit: signal.SIGTERM}.get(found.exc_type)
        if sent is None:
            unraisable(found)
        else:
            threading.Timer(AGAIN, os.kill, (os.getpid(), sent)).start()

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread: whoever started it sees to its end
        yield
        return
    unraisable = sys.unraisablehook
    sys.unraisablehook = dropped
    try:
        yield
    finally:
        sys.unraisablehook = unraisable
        signal.signal(signal.SIGTERM, before)
