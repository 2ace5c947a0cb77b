"""What is committed speaks of the project and of no machine."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BANNED = {
    "a path of one machine": r"(?<![\w.:/])/(?:home|root|Users|work|tmp|workspace|private)/[\w.-]+",
    "the address of a package registry": r"(?:index-url|registry|resolved)\W{1,4}https?://",
    "a conflict left in": r"^(?:<{7}|>{7}) ",
}
TEXT = {"", ".cfg", ".csv", ".json", ".md", ".ndjson", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}


def tracked() -> list[Path]:
    """The files in version control; skipped where it is not a repository, for then nothing says which they are."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    pytest.skip("not a repository: nothing says which files are committed")


def test_no_file_names_a_machine() -> None:
    """No absolute path of a machine, no registry, no conflict marker."""
    found = []
    for path in tracked():
        if path.suffix not in TEXT or path == Path(__file__):
            continue
        text = path.read_text("utf-8")
        for what, pattern in BANNED.items():
            if match := re.search(pattern, text, re.MULTILINE):
                found.append(f"{path.relative_to(ROOT)}: {what}: {match[0]!r}")
    assert not found


def test_no_lock_file_is_committed() -> None:
    """Lock files record where packages came from; constraints.txt holds versions and hashes only."""
    locks = {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock", "pdm.lock"}
    assert not [path.name for path in tracked() if path.name in locks]


def test_text_files_end_with_one_line_feed() -> None:
    """UTF-8, LF, no byte order mark, no blanks at a line's end."""
    feeds = "tests/data"  # feeds come as their systems write them
    found = []
    for path in tracked():
        if path.suffix not in {".md", ".py", ".toml"} or path.is_relative_to(ROOT / feeds):
            continue
        data = path.read_bytes()
        if data and (not data.endswith(b"\n") or b"\r" in data or data.startswith(b"\xef\xbb\xbf")):
            found.append(str(path.relative_to(ROOT)))
    assert not found
