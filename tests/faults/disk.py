"""A disk that may lose whatever was not synced: what stands on it after the power went at any moment.

A write reaches the disk when its file is synced, a name when its folder is; before that, each sector of each write may
be there or not, and of the changes of names a first part. That is what POSIX promises, and less than most disks do.
"""

from pathlib import Path, PurePosixPath
from random import Random

from tests.faults.traced import Op

SECTOR = 512  # bytes that a disk writes whole


class File:
    """What a program reads, what is on the disk for sure, and the writes that may be there or not."""

    def __init__(self) -> None:
        self.seen = bytearray()
        self.sure = bytearray()
        self.loose: list[Op] = []

    def change(self, op: Op) -> None:
        op = op._replace(at=len(self.seen)) if op.at is None else op
        self.loose.append(op)
        _apply(self.seen, op)

    def sync(self) -> None:
        self.sure, self.loose = bytearray(self.seen), []

    def after_a_crash(self, chance: Random) -> bytes:
        found = bytearray(self.sure)
        share = chance.choice((0.0, 0.5, 0.9, 1.0))  # of what is loose: nothing, all, or something in between
        for op in self.loose:
            if op.what == "cut":
                if chance.random() < share:
                    _apply(found, op)
                continue
            assert op.at is not None
            for start in range(0, len(op.data), SECTOR):
                if chance.random() < share:
                    _apply(found, Op("write", op.path, op.data[start : start + SECTOR], op.at + start))
        return bytes(found)


class Disk:
    """The files below a folder, step by step."""

    def __init__(self) -> None:
        self._names: dict[str, File] = {}  # as a program sees them
        self._sure: dict[str, File] = {}
        self._loose: list[tuple[str, File | None]] = []  # a name, and what it came to stand for; None: nothing

    def carry_out(self, op: Op) -> None:
        """One step of a program."""
        path = op.path.removesuffix(" (deleted)")
        if op.what == "create" and path not in self._names:
            self._name(path, File())
        elif op.what in ("write", "cut") and path in self._names:
            self._names[path].change(op)
        elif op.what == "unlink":
            self._name(path, None)
        elif op.what in ("rename", "link"):
            self._move(op)
        elif op.what == "sync":
            self._sync(path)

    def crash(self, folder: Path, to: Path, chance: Random) -> None:
        """Writes what may stand below that folder after a loss of power, now, below another."""
        names = dict(self._sure)
        for path, file in self._loose[: chance.randint(0, len(self._loose))]:
            _point(names, path, file)
        for path, file in names.items():
            if path.endswith("-shm"):
                continue  # SQLite makes it again, and writes it through memory, where nobody sees it
            place = to / PurePosixPath(path).relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.after_a_crash(chance))
            place.chmod(0o600)

    def _name(self, path: str, file: File | None) -> None:
        self._loose.append((path, file))
        _point(self._names, path, file)

    def _move(self, op: Op) -> None:
        inside = op.path.rstrip("/") + "/"
        moved = [path for path in self._names if path == op.path or path.startswith(inside)]
        for path in moved:
            self._name(op.to + path.removeprefix(op.path), self._names[path])
            if op.what == "rename":
                self._name(path, None)

    def _sync(self, path: str) -> None:
        if path in self._names:
            self._names[path].sync()
            return
        left = []
        for name, file in self._loose:  # it is a folder
            if str(PurePosixPath(name).parent) == path.rstrip("/"):
                _point(self._sure, name, file)
            else:
                left.append((name, file))
        self._loose = left


def _apply(content: bytearray, op: Op) -> None:
    assert op.at is not None
    if op.what == "cut":
        del content[op.at :]
        content.extend(bytes(op.at - len(content)))
        return
    content.extend(bytes(max(0, op.at - len(content))))
    content[op.at : op.at + len(op.data)] = op.data


def _point(names: dict[str, File], path: str, file: File | None) -> None:
    if file is None:
        names.pop(path, None)
    else:
        names[path] = file
