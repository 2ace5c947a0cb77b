"""Which file stands at a path: as `os.stat` says, whatever the way to it, and without asking for its times."""

import os
from pathlib import Path

import pytest

from earlystart_sql import file_id


@pytest.fixture(params=["statx", "stat"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's quicker question where it has one, and without it."""
    if request.param == "stat":
        monkeypatch.setattr(file_id, "_statx", None)
    elif file_id._statx is None:
        pytest.skip("this system has no statx")


def test_it_is_the_device_and_number_that_the_system_says(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "né.db", Path("/dev/null")):
        if path.suffix:
            path.write_bytes(b"x")
        found = path.stat()
        assert file_id.id_of(str(path)) == (found.st_dev, found.st_ino) == file_id.id_of(os.fsencode(path))
        assert file_id.size_of(str(path)) == found.st_size


def test_another_file_in_its_place_is_another_one(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"")
    other.write_bytes(b"")
    before = file_id.id_of(str(one))
    other.replace(one)
    assert file_id.id_of(str(one)) not in (before, None)
    one.rename(other)
    (tmp_path / "link").symlink_to(other)
    assert file_id.id_of(str(tmp_path / "link")) == file_id.id_of(str(other))


def test_where_nothing_stands_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("missing", "dangling", "missing/below"):
        assert file_id.id_of(str(tmp_path / name)) is None
        assert file_id.size_of(str(tmp_path / name)) == 0
