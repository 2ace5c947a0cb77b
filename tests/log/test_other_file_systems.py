"""Stores on file systems without hard links and modes, where case is folded: a memory stick in exFAT."""

import os
import shutil
import stat
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from earlystart_cli.app import run
from earlystart_core import Record
from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_sql import making
from earlystart_sql.kek import KeyReadableByOthers, kek_of
from earlystart_sql.log import SqlLog

ENTRY = Entry("Tried", b"{}", ["case:a"])
TOOLS = ("mkfs.exfat", "mount.exfat-fuse", "losetup", "umount")
CITY = ("--cases", "2", "--years", "1", "--seed", "1", "--teams", "1")


def ran(command: list[str | Path]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(params=["umask=000", "umask=077"])
def stick(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A small exFAT file system, in which anyone may read everything, or its owner alone."""
    if os.geteuid() != 0 or not Path("/dev/fuse").exists() or not all(map(shutil.which, TOOLS)):
        pytest.skip(f"needs root, /dev/fuse and {', '.join(TOOLS)}")
    image, folder = tmp_path / "image", tmp_path / "stick"
    with image.open("wb") as file:
        file.truncate(60 * 2**20)
    folder.mkdir()
    ran(["mkfs.exfat", image])
    device = ran(["losetup", "--find", "--show", image])
    try:
        ran(["mount.exfat-fuse", "-o", request.param, device, folder])
        yield folder
        ran(["umount", folder])
    finally:
        ran(["losetup", "--detach", device])


def test_a_store_and_its_keys_are_made_and_read(stick: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = stick / "city.db"
    assert run(["simulate", "--db", str(store), *CITY]) == 0
    assert run(["log", "verify", "--db", str(store)]) == 0
    open_to_all = store.stat().st_mode & 0o077 != 0
    assert open_to_all == ("may be read by others (mode 777), and its file system cannot" in capfd.readouterr().err)
    assert run(["doctor", "--db", str(store)]) == 0
    said = capfd.readouterr()
    assert "keys: reachable" in said.out
    assert open_to_all == ("mount it so that only you may read (umask=077), or give the key" in said.err)
    assert not [found for found in stick.iterdir() if found.name.startswith(".")]


def test_a_store_is_one_however_its_name_is_spelt(stick: Path, open_log: Callable[..., SqlLog]) -> None:
    """Here each spelling has locks of its own, so a store is opened by the one that the folder lists."""
    (stick / "Data").mkdir()
    first = open_log(str(stick / "Data/City.db"))
    first.append([ENTRY])
    for name in ("data/city.db", "DATA/CITY.DB", "Data/City.db"):
        log = open_log(str(stick / name))
        assert log.database.name == str(stick / "Data/City.db")
        log.append([ENTRY])
    assert first.head() == 4


def test_who_was_first_made_the_store(stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft, place = stick / "draft", stick / "place"
    for text in ("first", "second"):
        draft.write_text(text)
        making.put(draft, place)
    assert place.read_text() == "first"
    monkeypatch.delenv("EARLYSTART_KEK", raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KeyReadableByOthers)
        assert kek_of(stick / "kek", create=True) == kek_of(stick / "kek", create=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a file that nobody may change")
def test_a_file_that_nobody_may_change_is_no_file_system_without_modes(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    path.write_text("5a" * 32)
    path.chmod(0o644)
    if subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode:
        pytest.skip("this file system has no such flag")
    try:
        with pytest.raises(StoreUnavailable, match="may be read by others"):
            kek_of(path, create=True)
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


def test_a_mode_that_is_asked_about_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    path.write_text("5a" * 32)
    path.chmod(0o640)
    with pytest.raises(StoreUnavailable, match="got mode 640"):
        kek_of(path, create=True)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_never_synced_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems say EINVAL of the sync of a folder; an error of the disk itself is one."""
    import errno

    real, said = os.fsync, errno.EINVAL

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(said, os.strerror(said))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    Record.open(str(tmp_path / "s.db")).close()
    said = errno.EIO
    with pytest.raises(StoreUnavailable, match=r"t\.db cannot be made: Input/output error"):
        Record.open(str(tmp_path / "t.db"))
