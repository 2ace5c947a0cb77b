"""Files: those of a feed in its folder, each opened as what it is; and what stands in the folder's place instead."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from earlystart_core.counting import counted
from earlystart_core.errors import Invalid
from earlystart_feeds.looks import LOOKED_AT, SAVE, Look, look_of
from earlystart_feeds.no_feed import no_csv, no_files, other_name

MOST_INSIDE = 100  # folders inside the folder that are looked into
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def files_in(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Where those of the names are that the folder has.

    Raises:
        Invalid: nothing of that name is there, or it may not be read.
        Refused: it is no folder, it has none of the names, or one of them in other capitals.
    """
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise no_files(*_instead(folder))
        found, others = _listed(folder, {name.casefold() for name in names})
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "no folder can have that name"
        raise Invalid("folder", f"expected a folder of feed files that can be read: {said}") from None
    named = {name: folder / name for name in names if name in found}
    missing = {name.casefold(): name for name in names if name not in named}
    for other in sorted(found - named.keys()):
        if other.casefold() in missing:
            raise other_name(missing[other.casefold()], other)
    if not named:
        raise no_files(*_among(folder, names, others))
    return named


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, for reading until the end of the block. A pipe is not waited for.

    Raises:
        Refused: it is no plain file, or may not be read.
    """
    try:
        number = os.open(path, os.O_RDONLY | _AT_ONCE)
        try:
            kind = stat.S_IFMT(os.fstat(number).st_mode)
            if kind in _KINDS:
                raise no_csv(path.name, _KINDS[kind], "put a file in its place")
            with os.fdopen(number, "rb", buffering=0, closefd=False) as file:
                yield file
        finally:
            os.close(number)
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise no_csv(path.name, f"one that cannot be read ({said})", "give this user the right to read it") from None


def _listed(folder: Path, names: set[str]) -> tuple[set[str], Counter[str]]:
    """What is in the folder: the names that are such a one but for capitals, and how many others of each kind."""
    found, others = set[str](), Counter[str]()
    with os.scandir(folder) as listed:
        for entry in listed:
            if entry.name.casefold() in names:
                found.add(entry.name)
            else:
                others[_kind_of(entry)] += 1
    return found, others


def _kind_of(entry: os.DirEntry[str]) -> str:
    """A folder, or what its name ends with: never the name itself, which may be someone's."""
    if entry.is_dir():
        return "folder"
    end = Path(entry.name).suffix.lower()
    return end if len(end) <= 6 and end[1:].isascii() and end[1:].isalnum() else "other"


def _instead(path: Path) -> Look:
    """What is in a folder's place."""
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind in _KINDS:
        return _KINDS[kind], "import a folder"
    with opened(path) as file:
        look = look_of(file.read(LOOKED_AT))
    return look or ("a file", "import the folder that it is in")


def _among(folder: Path, names: Sequence[str], others: Counter[str]) -> Look:
    """What is in a folder that has none of the names."""
    if not others:
        return "an empty folder", "see where the feed was put"
    if others["folder"] and any(_has(inside, names) for inside in islice(_folders(folder), MOST_INSIDE)):
        return "them in a folder inside it", "import that folder"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in others.most_common(3))
    then = SAVE if others.keys() & {".xlsx", ".xls", ".ods"} else "give the files these names"
    return f"none of these names among {counted(others.total(), 'other')} ({kinds})", then


def _folders(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as listed:
        yield from (Path(entry.path) for entry in listed if entry.is_dir())


def _has(folder: Path, names: Sequence[str]) -> bool:
    return any(os.path.lexists(folder / name) for name in names)
