"""Files that a command is given or writes: whatever stands there, one sentence and no waiting; nobody else reads."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from earlystart_core.proof.keys import signer_in

from .conftest import COMMAND, call, process


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def listening(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "s"))
    return folder / "s"


def circle(folder: Path) -> Path:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    return folder / "a"


def endless(folder: Path) -> Path:
    """A file of a terabyte, all of it a hole."""
    with (folder / "endless").open("wb") as file:
        file.truncate(2**40)
    return folder / "endless"


PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
VKEY = signer_in(PEM, "leeds.example").vkey
ODD: dict[str, Callable[[Path], Path]] = {
    "a pipe": pipe,
    "a socket": listening,
    "a circle of links": circle,
    "an endless file": endless,
    "an endless device": lambda folder: Path("/dev/zero"),
    "a full device": lambda folder: Path("/dev/full"),
    "a folder": lambda folder: folder,
    "too long a name": lambda folder: folder / ("x" * 300),
    "no UTF-8": lambda folder: folder / "caf\udce9",
}
EXHAUSTIVE = pytest.mark.exhaustive
FILES = {
    "--key": ("log", "checkpoint", "--key", "{}"),
    "--vkey": ("log", "verify", "--vkey", "{}"),
    "--checkpoint": ("log", "verify", "--checkpoint", "{}"),
    "--export": ("log", "verify", "--export", "{}"),
    "--proof": ("log", "verify", "--vkey", "good.vkey", "--proof", "{}"),
    "report --vkey": ("audit", "report", "--out", "page.html", "--vkey", "{}"),
    "report --checkpoint": ("audit", "report", "--out", "page.html", "--checkpoint", "{}"),
    "report --out": ("audit", "report", "--out", "{}"),
    "report --out in it": ("audit", "report", "--out", "{}/page.html"),
    "subject --out": ("audit", "subject", "{case}", "--out", "{}"),
    "import": ("import", "{}"),
    "--db": ("tiers", "--db", "{}"),
    "--keys": ("erasures", "--keys", "{}"),
    "keys to write with": (
        "hold", "place", "hold:x", "--keys", "{}", "--authority", "Coroner 7", "--employer", "org:lch", "--by",
        "practitioner:00000000000000000000000001",
    ),
}  # fmt: skip


@pytest.fixture
def case(city: Path) -> str:
    rows = call("view", "case_status", "--db", city, "--json").json
    return str(rows[0]["case"])


@pytest.mark.parametrize(
    ("option", "odd"),
    [
        pytest.param(option, odd, marks=() if odd == "a pipe" or option in ("--export", "report --out") else EXHAUSTIVE)
        for option in FILES
        for odd in ODD
    ],
)
def test_whatever_a_file_is_it_gets_a_sentence(
    city: Path, copy: Path, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, odd: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.vkey").write_text(str(VKEY))
    made = tmp_path / "odd"
    made.mkdir()
    place = ODD[odd](made)
    (made / "inside").touch()
    line = [part.format(place, case=case) for part in FILES[option]]
    store = () if "--db" in line else ("--db", str(copy))
    before = {found: found.lstat().st_ino for found in tmp_path.rglob("*")}
    found = call(*line, *store)
    writes = (option, odd) in (
        ("report --out", "no UTF-8"), ("subject --out", "no UTF-8"), ("report --out in it", "a folder"),
    )  # fmt: skip
    assert found.status == 0 if writes or option == "--keys" else found.status in (1, 2, 3)
    if not found.status:
        return
    assert all(line.startswith("earlystart: ") for line in found.err.splitlines())
    assert found.status == 1 or found.err.count("\n") == 1
    assert "this is a fault of earlystart itself" not in found.err
    assert "the system said no" not in found.err
    after = {found: found.lstat().st_ino for found in tmp_path.rglob("*")}
    assert {name for name in before.keys() ^ after.keys() if "city.db" not in name.name} == set()


def test_what_the_shell_opened_is_read(copy: Path, tmp_path: Path) -> None:
    """A key need never stand in a file: --key <(pass show log-key)."""
    made = tmp_path / "log.pem"
    made.write_bytes(PEM)
    line = f"{' '.join(COMMAND)} log checkpoint --db {copy} --origin leeds.example --key <(sleep 0.3; cat {made})"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line = f"yes | {' '.join(COMMAND)} log checkpoint --db {copy} --key /dev/stdin"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "earlystart: --key: expected a file of at most 65,536 bytes, got a longer one\n"


@pytest.mark.parametrize(
    "line",
    [
        ("log", "export", "--ndjson"),
        *(
            pytest.param(line, marks=EXHAUSTIVE)
            for line in (("doctor",), ("view", "case_status", "--json"), ("timeline", "{case}"), ("--help",))
        ),
    ],
)
def test_an_output_that_takes_no_more_is_a_sentence(copy: Path, case: str, line: tuple[str, ...]) -> None:
    arguments = [part.format(case=case) for part in line] + ([] if line == ("--help",) else ["--db", str(copy)])
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "earlystart: the system said no: No space left on device"
    assert "Traceback" not in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    os.close(writer)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_page_that_is_replaced_is_its_maker_s_alone(city: Path, tmp_path: Path) -> None:
    """Whatever mode the page before had, who has it open, and what other name it has."""
    page, other = tmp_path / "page.html", tmp_path / "other.html"
    page.write_text("<!DOCTYPE html>\nbefore")
    page.chmod(0o644)
    other.hardlink_to(page)
    with page.open() as reader:
        assert call("audit", "report", "--db", city, "--out", page).status == 0
        assert reader.read() == "<!DOCTYPE html>\nbefore"
    assert mode(page) == 0o600
    assert other.read_text() == "<!DOCTYPE html>\nbefore"
    assert "</html>" in page.read_text("utf-8")
    assert {found.name for found in tmp_path.iterdir()} == {"page.html", "other.html"}


def test_nothing_is_written_through_a_link(city: Path, case: str, tmp_path: Path) -> None:
    """In a folder where everyone may write, someone else may have put one there."""
    page, folder = tmp_path / "theirs.html", tmp_path / "theirs"
    page.write_text("<!DOCTYPE html>\ntheirs")
    folder.mkdir()
    (tmp_path / "page.html").symlink_to(page)
    (tmp_path / "none.html").symlink_to(tmp_path / "made.html")
    (tmp_path / "subject").symlink_to(folder)
    for name in ("page.html", "none.html"):
        found = call("audit", "report", "--db", city, "--out", tmp_path / name)
        assert found.status == 2
        assert f"--out: expected a file to write, got {str(tmp_path / name)!r}: it is a link" in found.err
    found = call("audit", "subject", case, "--db", city, "--out", tmp_path / "subject")
    assert found.status == 2
    assert f"expected a new or empty folder, got {str(tmp_path / 'subject')!r}: it is a link" in found.err
    assert page.read_text() == "<!DOCTYPE html>\ntheirs"
    assert not list(folder.iterdir())
    assert not (tmp_path / "made.html").exists()


PLANTING = """
import os, sys
from earlystart_cli.app import run
planted = []
def plant(event, arguments):  # as someone would who watches the folder: a link, as soon as there is a place for it
    out = sys.argv[1]
    if event == "os.mkdir" and str(arguments[0]) == out and not planted:
        planted.append(out)
        os.mkdir(out, 0o777)
        for name in ("subject.json", "subject.html", "manifest.json"):
            os.symlink(out + "/../theirs", out + "/" + name)
sys.addaudithook(plant)
sys.exit(run(sys.argv[2:]))
"""


def test_a_link_that_comes_in_between_is_not_followed(city: Path, case: str, tmp_path: Path) -> None:
    out, theirs = tmp_path / "subject", tmp_path / "theirs"
    theirs.write_text("theirs")
    done = subprocess.run(
        [sys.executable, "-c", PLANTING, out, "audit", "subject", case, "--db", city, "--out", out],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr == f"earlystart: {out} could not be written: File exists\n"
    assert theirs.read_text() == "theirs"


def test_a_bundle_that_cannot_be_written_whole_leaves_nothing(city: Path, case: str, tmp_path: Path) -> None:
    """No folder that the next try would find is not empty."""
    import resource

    out = tmp_path / "subject"

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))

    found = process("audit", "subject", case, "--db", city, "--out", out, preexec_fn=small)
    assert found.status == 3
    assert found.err == f"earlystart: {out} could not be written: File too large\n"
    assert not out.exists()
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html>\nbefore")
    found = process("audit", "report", "--case", case, "--db", city, "--out", page, preexec_fn=small)
    assert found.status == 2
    assert found.err.endswith("File too large\n")
    assert page.read_text() == "<!DOCTYPE html>\nbefore"
    assert {each.name for each in tmp_path.iterdir()} == {"page.html"}


@pytest.mark.parametrize("name", ["", "-wal", "-shm", "-journal", ".lock", ".keys", ".keys.kek", ".keys-wal", ".kek"])
def test_a_page_never_takes_the_place_of_a_file_of_the_store(
    copy: Path, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Under any of its names, also where the file is empty or not there just now."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(".")
    for out in (f"{copy}{name}", f"{copy.name}{name}", f"link/{copy.name}{name}"):
        for command in (("report",), ("subject", case)):
            there = Path(f"{copy}{name}").exists()
            before = Path(f"{copy}{name}").read_bytes() if there else b""
            found = call("audit", *command, "--db", copy, "--out", out)
            assert found.status == 2
            assert "--out: expected " in found.err
            assert Path(f"{copy}{name}").exists() == there
            assert not there or Path(f"{copy}{name}").read_bytes() == before


def test_doctor_tells_of_a_store_whose_name_is_not_utf_8(city: Path, tmp_path: Path) -> None:
    place = os.fsencode(tmp_path) + b"/caf\xe9.db"
    for end in (b"", b".keys", b".keys.kek"):
        Path(os.fsdecode(place + end)).write_bytes(Path(f"{city}{end.decode()}").read_bytes())
    Path(os.fsdecode(place + b".keys.kek")).chmod(0o600)
    for form in ("--json", None):
        done = subprocess.run(
            [*COMMAND, "doctor", "--db", place, *filter(None, [form])], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert rb"caf\\xe9.db" in done.stdout if form else rb"caf\xe9.db" in done.stdout
        told: Any = json.loads(done.stdout) if form else None
        assert told is None or told["store"]["name"] == f"{tmp_path}/caf\\xe9.db"
