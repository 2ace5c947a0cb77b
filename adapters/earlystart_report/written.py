"""Writing what has opened text in it: for its owner alone from the first byte on, and never through a link.

A file that is there already is not written to: a new one takes its place whole, so that no other name of it, no one
who has it open and no mode of before lets anyone see what is in the new one.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

OWNER_ALONE = 0o600


def kind_of(path: Path) -> str | None:
    """`file`, `folder`, or in words what else has that name; None where nothing has. A link is not followed.

    Raises:
        OSError: the file system does not say.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    except ValueError:
        raise OSError(0, "no file has such a name") from None
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "a link" if stat.S_ISLNK(mode) else "a pipe, a socket or a device"


def replace(path: Path, content: bytes) -> None:
    """Puts a file with that content in the path's place; on an error what was there stays as it was.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, draft = tempfile.mkstemp(prefix=".earlystart-", dir=path.parent)
    try:
        _fill(descriptor, content)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def fill(folder: Path, files: dict[str, bytes]) -> None:
    """Writes new files into a folder, which is made where there is none; on an error none of them is left behind.

    Raises:
        OSError: they cannot be written, or one is there.
    """
    is_new = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[Path] = []
    try:
        for name, content in files.items():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            descriptor = os.open(folder / name, flags, OWNER_ALONE)
            made.append(folder / name)
            _fill(descriptor, content)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        if is_new:
            with suppress(OSError):  # what stopped the writing is the answer
                folder.rmdir()
        raise


def _fill(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
