"""Small files that a command is given: read whole, up to a size. It never waits for input that may not come."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from earlystart_core.errors import Invalid

_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
_GIVEN = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")  # what the shell opened, as in --key <(pass show log-key)


@contextmanager
def reading(option: str, path: Path) -> Iterator[BinaryIO]:
    """The file, open for reading until the end of the block.

    A pipe with a name is refused, for nobody may ever write to it. One that the shell made for this command is read.

    Raises:
        Invalid: it cannot be read, or is no file; names the option.
    """
    try:
        with os.fdopen(_opened(path), "rb") as file:
            kind = stat.S_IFMT(os.fstat(file.fileno()).st_mode)
            if kind == stat.S_IFIFO and str(path).startswith(_GIVEN):
                os.set_blocking(file.fileno(), True)
            elif kind != stat.S_IFREG:
                raise OSError(0, f"it is {_KINDS.get(kind, 'a device')}")
            yield file
    except OSError as error:
        raise Invalid(option, f"expected a file that can be read, got {str(path)!r}: {error.strerror}") from None


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | _AT_ONCE)
    except ValueError:
        raise OSError(0, "no file has such a name") from None


def content_of(option: str, path: Path, most: int) -> bytes:
    """What is in the file.

    Raises:
        Invalid: it cannot be read, or is longer than that many bytes; names the option.
    """
    with reading(option, path) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise Invalid(option, f"expected a file of at most {most:,} bytes, got a longer one")
    return found


def text_in(option: str, path: Path | None, most: int) -> str | None:
    """The text in the file; None where none is named.

    Raises:
        Invalid: it cannot be read, is longer than that many bytes, or is no UTF-8; names the option.
    """
    if path is None:
        return None
    try:
        return content_of(option, path, most).decode()
    except UnicodeDecodeError:
        raise Invalid(option, "expected text in UTF-8, got other bytes") from None
