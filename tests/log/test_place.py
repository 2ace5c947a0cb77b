"""One store under any name: the same files beside it, or one sentence why not."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from earlystart_cli.app import run
from earlystart_core import DecideTier, OpenCase, Practitioner, Record
from earlystart_core.entry import Entry
from earlystart_core.errors import Invalid, StoreUnavailable
from earlystart_sql.address import address_of
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG

ENTRY = Entry("Tried", b"{}", ["case:a"])
BY = Practitioner("practitioner:00000000000000000000000001", role="health_visitor", employer="org:lch")
FAMILY = "family:01JH0000000000000000000000"


def case(number: int) -> str:
    return f"case:01JH00000000000000000000{number:02d}"


def opening(number: int) -> OpenCase:
    return OpenCase(case=case(number), family=FAMILY, team="team:armley", reason="birth", born_on=date(2024, 2, 20))


def reasons(record: Record, number: int) -> list[str]:
    return [row["fields"]["reason"] for row in record.timeline(case(number)).rows if row["type"] == "TierDecided"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty but for two folders: `data`, and `by` for other names of what is in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "by").mkdir()
    return tmp_path


def to_the_file(here: Path) -> str:
    (here / "by/current.db").symlink_to("../data/store.db")
    return "by/current.db"


def to_its_folder(here: Path) -> str:
    (here / "by/folder").symlink_to("../data")
    return "by/folder/store.db"


def to_a_link(here: Path) -> str:
    (here / "by/first").symlink_to(here / "data")
    (here / "by/second.db").symlink_to("first/store.db")
    return "by/second.db"


NAMES: dict[str, Callable[[Path], str]] = {
    "a link to the file": to_the_file,
    "a link to its folder": to_its_folder,
    "a link to a link": to_a_link,
    "a relative path": lambda here: "data/store.db",
    "up and down": lambda here: "by/../data/./store.db",
    "up from behind a link": lambda here: f"{Path(to_its_folder(here)).parent}/../data/store.db",
    "a URL": lambda here: f"sqlite:///{to_the_file(here)}",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_store_has_one_key_store_whatever_its_name(here: Path, name: str) -> None:
    """A text typed through one name is read through the other, and a command sent again gets the same answer."""
    real, other = str(here / "data/store.db"), NAMES[name](here)
    with Record.open(real) as record:
        first = record.submit(opening(1), by=BY, command_id="c1").positions
    with Record.open(other) as record:
        record.submit(opening(2), by=BY)
        decided = DecideTier(case=case(2), tier="universal_plus", reason="through the other name")
        record.submit(decided, by=BY)
        assert record.submit(opening(1), by=BY, command_id="c1").positions == first
        assert record.store.database.name == real
    with Record.open(real) as record:
        assert reasons(record, 2) == ["through the other name"]
    assert {found.name.removesuffix(".lock") for found in (here / "data").iterdir()} == {
        "store.db", "store.db.keys", "store.db.keys.kek",
    }  # fmt: skip
    assert all(found.is_symlink() for found in (here / "by").iterdir())


def test_a_link_that_leads_nowhere_yet_is_where_the_store_is_made(here: Path) -> None:
    with Record.open(to_the_file(here)) as record:
        record.submit(opening(1), by=BY)
    with Record.open("data/store.db") as record:
        assert record.store.log.head() == 1
    (here / "by/none.db").symlink_to("../gone/store.db")
    with pytest.raises(StoreUnavailable, match=r"gone/store\.db cannot be made: the folder .*gone does not exist"):
        Record.open("by/none.db")


def test_links_in_a_circle_are_one_sentence(here: Path) -> None:
    (here / "a.db").symlink_to("b.db")
    (here / "b.db").symlink_to("a.db")
    with pytest.raises(StoreUnavailable, match=r"a\.db cannot be reached: Too many levels of symbolic links"):
        Record.open("a.db")


def test_what_older_versions_put_beside_a_link_is_found_there(here: Path) -> None:
    """They named the key store, and the key-encryption key, after the link."""
    link = to_the_file(here)
    with Record.open(link) as record:
        record.submit(opening(1), by=BY)
        record.submit(DecideTier(case=case(1), tier="universal_plus", reason="long ago"), by=BY)
    for name in (".keys", ".keys.kek"):
        (here / f"data/store.db{name}").rename(here / f"by/current.db{name}")
    with Record.open(link) as record:
        assert reasons(record, 1) == ["long ago"]
    (here / "by/current.db.keys").rename(here / "data/vault.db")
    (here / "data/store.db.keys").symlink_to("vault.db")
    (here / "by/current.db.keys.kek").rename(here / "data/store.db.keys.kek")
    with Record.open("data/store.db") as record:
        assert reasons(record, 1) == ["long ago"]
    assert not (here / "data/vault.db.kek").exists()


def test_a_key_store_is_where_it_was_named_whatever_the_working_folder_becomes(here: Path) -> None:
    with Record.open("data/store.db", keys="data/vault.db") as record:
        os.chdir(here / "by")
        record.submit(opening(1), by=BY)
    assert {"vault.db", "vault.db.kek"} <= {found.name for found in (here / "data").iterdir()}
    assert not list((here / "by").iterdir())


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("./~/y/x.db", "{here}/~/y/x.db"),
        ("./~x.db", "{here}/~x.db"),
        ("~x.db", "{here}/~x.db"),
        ("a/~/x.db", "{here}/a/~/x.db"),
        ("~/x.db", "{home}/x.db"),
        ("sqlite:///~/x.db", "{home}/x.db"),
        ("sqlite:///./~/x.db", "{here}/~/x.db"),
        ("sqlite:////~/x.db", "/~/x.db"),
    ],
)
def test_only_a_shell_s_tilde_is_the_home_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    monkeypatch.setenv("HOME", str(here / "by"))
    assert address_of(name).path == Path(place.format(here=here, home=here / "by"))


def test_a_home_folder_that_is_not_known_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda name: name)  # what it does for a user that the system lacks
    with pytest.raises(Invalid, match="got a path in a home folder that is not known"):
        address_of("~/x.db")


ODD = [
    "a b.db",
    "a?b.db",
    "a#b.db",
    "100%25.db",
    "né.db",
    "a\nb.db",
    "a\u202eb.db",
    b"caf\xe9.db".decode("utf-8", "surrogateescape"),
]


@pytest.mark.parametrize("name", ODD)
def test_any_name_of_a_file_will_do_and_is_shown_so_that_it_can_be_compared(
    here: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with Record.open(name) as record:
        record.submit(opening(1), by=BY)
        assert record.submit(DecideTier(case=case(1), tier="universal_plus"), by=BY).positions == (2,)
    assert {name, f"{name}.keys", f"{name}.keys.kek"} <= {found.name for found in here.iterdir()}
    assert run(["doctor", "--db", name, "--json"]) == 0
    told = json.loads(capfd.readouterr().out)["store"]["name"]
    assert told.isprintable()
    assert told == str(here / name.replace("\n", "\\n").replace("\u202e", "\\u202e").replace("\udce9", "\\xe9"))
    for found in here.glob(f"{name[:1]}*"):
        if found.is_file():
            found.unlink()
    with pytest.raises(StoreUnavailable) as raised:
        Record.open(name, create=False)
    assert str(raised.value) == f"{told} does not exist: expected a store"


@pytest.mark.parametrize("name", ["n" * 255, "n" * 245, "/".join(["f" * 100] * 5) + "/s.db"])
def test_a_name_that_is_too_long_is_said_before_anything_is_made(here: Path, name: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    with pytest.raises(StoreUnavailable, match=r"File name too long|expected a path of at most 460 bytes") as raised:
        Record.open(name)
    assert "\n" not in str(raised.value)
    assert not [found for found in here.rglob("*") if found.is_file()]
    with Record.open("n" * 230) as record:
        record.submit(opening(1), by=BY)


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_a_new_store_takes_over_nothing(here: Path, suffix: str) -> None:
    """What an earlier store left beside it may hold entries: SQLite would read them as this one's."""
    left = here / f"s.db{suffix}"
    left.write_bytes(b"entries")
    with pytest.raises(StoreUnavailable, match=rf"s\.db{suffix} is left over from an earlier store"):
        Record.open("s.db")
    assert [found.name for found in here.iterdir() if found.is_file()] == [left.name]
    left.write_bytes(b"")
    with Record.open("s.db") as record:
        assert record.store.log.head() == 0
        (here / f"s.db.keys{suffix}").write_bytes(b"keys")
        with pytest.raises(StoreUnavailable, match=rf"s\.db\.keys{suffix} is left over from an earlier store"):
            record.submit(opening(1), by=BY)


LEAVING = """
import os, sys
from datetime import UTC, datetime
from earlystart_core.entry import Entry
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
log = SqlLog(open_database(sys.argv[1], LOG), lambda: datetime.now(UTC))
for _ in range(int(sys.argv[2])):
    log.append([Entry("Tried", b"{}", ["case:a"])])
os.kill(os.getpid(), 9)
"""


def killed(store: str, entries: int) -> None:
    """Appends in a process of its own that then ends as by `kill -9`: its write-ahead log stays."""
    assert subprocess.run([sys.executable, "-c", LEAVING, store, str(entries)], check=False).returncode == -9


def test_a_store_made_where_another_was_deleted_is_empty(here: Path) -> None:
    killed("s.db", 7)
    Path("s.db").unlink()
    with pytest.raises(StoreUnavailable, match=r"s\.db-wal is left over from an earlier store, .*or move it away"):
        Record.open("s.db")
    Path("s.db-wal").rename("old-wal")
    with Record.open("s.db") as record:
        assert record.store.log.head() == 0


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_with_two_names_is_refused(here: Path, open_log: Callable[..., SqlLog], read_only: bool) -> None:
    log = open_log("data/store.db")
    log.append([ENTRY])
    (here / "by/store.db").hardlink_to("data/store.db")
    for name in ("data/store.db", "by/store.db"):
        with pytest.raises(StoreUnavailable, match=r"store\.db has 2 names \(hard links\): expected one"):
            open_log(name, read_only=read_only)
    (here / "by/store.db").unlink()
    assert open_log("data/store.db", read_only=read_only).head() == 1


def test_a_draft_that_an_older_version_left_is_no_second_name(here: Path, open_log: Callable[..., SqlLog]) -> None:
    """They made a store under another name and linked it; one that was killed between left both."""
    open_log("data/store.db").append([ENTRY])
    (here / "data/.store.db-a1b2c3d4").mkdir()
    (here / "data/.store.db-a1b2c3d4/draft").hardlink_to("data/store.db")
    assert open_log("data/store.db").head() == 1
    assert open_log("data/store.db", read_only=True).head() == 1
    (here / "by/store.db").hardlink_to("data/store.db")
    with pytest.raises(StoreUnavailable, match="has 3 names"):
        open_log("data/store.db")


MAKING = """
import os, sys
def stop(event, arguments):
    if event == sys.argv[2]:
        os.kill(os.getpid(), 9)
sys.addaudithook(stop)
from earlystart_core import Record
Record.open(sys.argv[1]).store.keys
"""


@pytest.mark.parametrize("at", ["tempfile.mkdtemp", "os.rename", "shutil.rmtree"])
def test_whoever_is_killed_while_they_make_a_store_is_in_nobody_s_way(here: Path, at: str) -> None:
    """Before the file is there, when it is about to be moved to its place, and right after that."""
    done = subprocess.run([sys.executable, "-c", MAKING, "data/store.db", at], check=False)
    assert done.returncode == -9
    assert (here / "data/store.db").exists() == (at == "shutil.rmtree")
    with Record.open("data/store.db") as record:
        record.submit(opening(1), by=BY)
        assert record.proof.verify().sound


def test_a_folder_that_another_program_keeps_locked_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    from earlystart_sql import making

    monkeypatch.setattr(making, "WAIT_SECONDS", 0.1)
    descriptor = os.open("data", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(StoreUnavailable, match=r"data/store\.db cannot be made: Resource temporarily unavailable"):
        open_database("data/store.db", LOG)
    os.close(descriptor)
    assert not list((here / "data").iterdir())
    open_database("data/store.db", LOG).close()


MOUNTED = """
import subprocess, sys
from earlystart_core import Record
from earlystart_core.errors import StoreUnavailable
subprocess.run(["mount", "--bind", "data/store.db", "by/a b.db"], check=True)
for read_only in (False, True):
    try:
        Record.open("by/a b.db", read_only=read_only)
    except StoreUnavailable as error:
        print(error)
subprocess.run(["mount", "--bind", "data", "by"], check=True)
print(Record.open("by/store.db").store.log.head())
"""


def test_a_file_that_is_mounted_alone_is_refused(here: Path, open_log: Callable[..., SqlLog]) -> None:
    """As a container is often given one: what is written beside it would be lost with the container."""
    log = open_log("data/store.db")
    log.append([ENTRY])
    log.database.close()
    (here / "by/a b.db").touch()
    apart = ["unshare", "--mount", sys.executable]
    if subprocess.run([*apart, "-c", "import subprocess; subprocess.run(['mount', '--bind', 'by', 'by'], check=True)"],
                      check=False, capture_output=True).returncode:  # fmt: skip
        pytest.skip("needs the right to mount")
    done = subprocess.run([*apart, "-c", MOUNTED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 3
    assert all("a b.db is mounted as a single file: expected its folder" in line for line in said[:2])
    assert said[2] == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give up its right to write everywhere")
def test_who_may_only_read_sees_as_much_through_a_link(here: Path) -> None:
    """The last entries are in the write-ahead log, and there is nowhere to put its index."""
    killed("data/store.db", 3)
    Path("data/store.db-shm").unlink()
    to_the_file(here)
    for found in (here / "data").iterdir():
        found.chmod(0o444)
    (here / "data").chmod(0o555)
    said = []
    for name in ("data/store.db", "by/current.db"):
        done = subprocess.run(
            ["setpriv", "--bounding-set=-dac_override,-dac_read_search", sys.executable, "-m", "earlystart_cli", "log",
             "verify", "--db", name],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said.append((done.returncode, done.stdout, done.stderr))
    place = here / "data/store.db"
    sentence = f"{place} may only be read here, and its last entries are still in {place}-wal: expected it to be opened"
    assert said[0] == said[1]
    assert said[0][0] == 3
    assert said[0][2] == f"earlystart: {sentence} once where both may be written\n"
    (here / "data").chmod(0o755)
    (here / "data/store.db").chmod(0o644)
    for name in ("data/store.db", "by/current.db"):
        with Record.open(name) as record:
            assert record.store.log.head() == 3
