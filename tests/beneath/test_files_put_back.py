"""A backup that is copied or moved over an SQLite file that a program has open, which remembers what was lost.

Beside the former file's write-ahead log it is refused; once that is gone the program answers as a fresh one does.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from earlystart_core import Record
from earlystart_core.errors import StoreUnavailable
from tests.beneath.backups import Backup, copied, file_of
from tests.beneath.told import decide_tier, lose_two_children, open_case

Over = Callable[[Path, Path], object]


def moved_over(backup: Path, file: Path) -> None:
    backup.replace(file)


def made_again(backup: Path, file: Path) -> None:
    """As after `rm`, then `cp`: another file under the name."""
    file.unlink()
    shutil.copy(backup, file)


WAYS = pytest.mark.parametrize("over", [shutil.copy, moved_over, made_again], ids=["cp", "mv", "rm and cp"])


@WAYS
def test_a_program_goes_on_with_what_is_there(sqlite_url: str, tmp_path: Path, over: Over) -> None:
    backup, file = tmp_path / "backup.db", file_of(sqlite_url)

    def save() -> None:
        Backup(sqlite_url, backup)

    def put_back() -> None:
        over(backup, file)
        for beside in ("-wal", "-shm"):
            Path(f"{file}{beside}").unlink(missing_ok=True)

    lose_two_children(sqlite_url, save, put_back)


@WAYS
def test_beside_the_former_log_nothing_is_answered_and_nothing_acknowledged(
    sqlite_url: str, tmp_path: Path, over: Over
) -> None:
    """Whatever the program remembers: not even what it could answer from memory."""
    backup, file = tmp_path / "backup.db", file_of(sqlite_url)
    with Record.open(sqlite_url) as record:
        open_case(record, 1)
        Backup(sqlite_url, backup)
        open_case(record, 2)
        decide_tier(record, 2, why="about child 2")
        over(backup, file)
        for ask in (
            lambda: record.view("case_status"),
            lambda: record.timeline("case:01JH0000000000000000000002"),
            lambda: open_case(record, 3),
            lambda: decide_tier(record, 2, "universal"),
        ):
            with pytest.raises(StoreUnavailable, match="-wal belongs to"):
                ask()
        for beside in ("-wal", "-shm"):
            Path(f"{file}{beside}").unlink(missing_ok=True)
        assert open_case(record, 3) == (2,)
        copied(file, tmp_path / "seen.db")
        with Record.open(f"sqlite:///{tmp_path / 'seen.db'}") as seen:
            assert seen.view("case_status").rows == record.view("case_status").rows
