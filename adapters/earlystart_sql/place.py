"""The place of a store's file: one, whatever name it is opened by, because its journals and its keys stand beside it.

Where several names are equally good (hard links, a mount of the file alone), each would have journals of its own, and
whoever opens the file by one would not see what was written by another. Such a file is refused.
"""

import os
import re
import stat
from pathlib import Path

from earlystart_core.errors import StoreUnavailable
from earlystart_core.visible import visible
from earlystart_sql.faults import Absent
from earlystart_sql.file_id import size_of

DRAFT = "draft"  # what a file is called within a folder of its own while it is made
JOURNALS = ("-wal", "-journal")  # what of a writer's work may stand beside the file and not in it
KEYS = (".keys", ".keys-wal", ".keys-shm", ".keys-journal", ".keys.lock", ".keys.kek")
BESIDE = ("", *JOURNALS, "-shm", ".lock", ".kek", *KEYS)  # what the names of a store's files end with
LONGEST = 460  # bytes of a path: SQLite takes 512, and files beside the store have longer names
_ESCAPE = re.compile(rb"\\([0-7]{3})")


def real_path(path: Path) -> Path:
    """The absolute path with no link in it, each name as its folder lists it.

    A link that leads nowhere yet gives the place that it leads to.
    """
    found = Path(os.path.realpath(path))
    place = Path(found.anchor)
    for name in found.parts[1:]:
        place /= _listed(place, name)
    return place


def _listed(folder: Path, name: str) -> str:
    """The name as the folder has it: where case is folded, locks may belong to the spelling that opened the file."""
    other = name.swapcase()
    try:
        if other == name or not os.path.lexists(folder / other):
            return name
        names = [each.name for each in folder.iterdir()]
    except OSError:
        return name
    if name in names:
        return name
    return next((each for each in names if each.casefold() == name.casefold()), name)


def look(path: Path, *, create: bool) -> bool:
    """Whether there is a file; refuses what no library should be let near. Never opens the file itself.

    Raises:
        Absent: there is none, and `create` is false.
        StoreUnavailable: it is no file, has several names, or cannot be reached or made.
    """
    name = visible(str(path))
    if len(os.fsencode(path)) > LONGEST:
        raise StoreUnavailable(f"{name[:80]}… cannot be reached: expected a path of at most {LONGEST} bytes")
    try:
        os.lstat(f"{path}.keys-journal")  # the longest name beside it, for what the folder says of its length
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreUnavailable(f"{name} cannot be reached: {error.strerror}") from error
    left = [
        f"{path}{suffix}" for suffix in JOURNALS if size_of(f"{path}{suffix}")
    ]  # first: whoever makes a store has it
    try:
        found = path.stat()
    except FileNotFoundError:
        if not create:
            raise Absent(f"{name} does not exist: expected a store") from None
        if not path.parent.is_dir():
            raise StoreUnavailable(
                f"{name} cannot be made: the folder {visible(str(path.parent))} does not exist"
            ) from None
        if left:
            raise StoreUnavailable(
                f"{visible(left[0])} is left over from an earlier store, and may have entries in it: expected nothing"
                " beside a new one; put the store that it belongs to back, or move it away"
            ) from None
        return False
    except OSError as error:
        raise StoreUnavailable(f"{name} cannot be reached: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "something else"
        raise StoreUnavailable(f"{name} is not a store: expected a file, got {kind}")
    if found.st_size == 0:
        raise StoreUnavailable(f"{name} is empty: expected a store, or no file and one is made")
    expect_one_name(path, found, name)
    if _is_mounted_alone(path):
        raise StoreUnavailable(
            f"{name} is mounted as a single file: expected its folder, because its journals stand beside it"
        )
    return True


def expect_one_name(path: Path, found: os.stat_result, name: str) -> None:
    """Raises StoreUnavailable where the file that was found there has hard links."""
    if found.st_nlink > 1 and found.st_nlink - _drafts(path, found) > 1:
        raise StoreUnavailable(
            f"{name} has {found.st_nlink} names (hard links): expected one, because what is written by one name is not"
            " seen by the others; end every program that has it open, then copy it and give the copy this name"
        )


def _drafts(path: Path, found: os.stat_result) -> int:
    """How many of the file's names are drafts that older versions left where they were killed while they made it."""
    if found.st_nlink == 1:
        return 0
    try:
        drafts = [folder / DRAFT for folder in path.parent.iterdir() if folder.name.startswith(f".{path.name}-")]
        return sum(draft.exists() and draft.samefile(path) for draft in drafts)
    except OSError:
        return 0


def _is_mounted_alone(path: Path) -> bool:
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes()
    except OSError:  # elsewhere than on Linux no single file is mounted
        return False
    places = (line.split(b" ", 5)[4] for line in mounts.splitlines())
    return any(_ESCAPE.sub(lambda found: bytes((int(found[1], 8),)), place) == os.fsencode(path) for place in places)
