"""Wrong calls and unusable stores: the right status, one sentence, no traceback, nothing made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from earlystart_cli import app as cli
from earlystart_core.errors import Conflict, NotPermitted, Refused, StoreUnavailable, Tampered, Unreadable

from .conftest import call

CASE = "case:01JH0000000000000000000000"
WRONG = [
    (),
    ("frobnicate",),
    ("log",),
    ("log", "frobnicate"),
    ("view",),
    ("view", "nope"),
    ("view", "case_status", "extra"),
    ("view", "case_status", "--bogus"),
    ("view", "case_status", "--team"),
    ("view", "case_status", "--team", "armley"),
    ("view", "case_status", "--team", "team:"),
    ("view", "case_status", "--team", "team:Armley"),
    ("view", "case_status", "--team", "team:armley\n"),
    ("view", "case_status", "--team", CASE),
    ("view", "case_status", "--json", "--ndjson"),
    ("tiers", "--team", "team:x'; DROP TABLE entry --"),
    ("tiers", "--known", "999999999"),
    ("tiers", "--known", "99999999999999999999999999"),
    ("tiers", "--known", "-1"),
    ("tiers", "--known", ""),
    ("tiers", "--known", "١٢"),
    ("tiers", "--known", "yesterday"),
    ("tiers", "--known", "2026-02-30"),
    ("tiers", "--known", "2026-02-03T10:00:00"),
    ("tiers", "--known", "1e3"),
    ("tiers", "--effective", "2026-02-30"),
    ("tiers", "--effective", "17"),
    ("tiers", "--effective", "2026-02-03 10:00"),
    ("tiers", "--effective", "0001-01-01T00:00:00Z"),
    ("tiers", "--effective", "9999-12-31"),
    ("tiers", "--effective", "9999-12-31T23:59:59-23:00"),
    ("timeline",),
    ("timeline", "01JH0000000000000000000000"),
    ("timeline", "case:short"),
    ("timeline", CASE.lower()),
    ("timeline", "person:01JH0000000000000000000000"),
    ("diff",),
    ("diff", "9", "8"),
    ("diff", "yesterday"),
    ("diff", "1", "--case", "anna"),
    ("diff", "1", "--team", "armley"),
    ("diff", "1", "2", "3"),
    ("audit",),
    ("audit", "frobnicate"),
    ("audit", "disclosures", "--case", "anna"),
    ("audit", "disclosures", "--known", "999999999"),
    ("rebuild", "--from", "memory"),
    ("simulate",),
    ("simulate", "--cases", "ten", "--years", "1", "--seed", "1"),
    ("import",),
]
URLS = ["mysql://host/name", "http://example.org/x", "sqlite://host/x.db", "sqlite:x.db", "memory://", "",
        "sqlite://", "sqlite:///:memory:", ":memory:",
        "sqlite:///x.db?mode=ro", "postgresql+psycopg2:///x", "//\0"]  # fmt: skip


@pytest.fixture
def here(city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one_sentence(err: str) -> None:
    assert err.startswith("earlystart: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in err
    assert err[:-1].isprintable()


@pytest.mark.parametrize("wrong", WRONG, ids=" ".join)
def test_wrong_call(wrong: tuple[str, ...], city: Path) -> None:
    store = ("--db", city) if wrong and wrong[0] not in ("frobnicate", "log", "import") and wrong != ("audit",) else ()
    found = call(*wrong, *store)
    assert (found.status, found.out) == (2, b"")
    one_sentence(found.err)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("simulate", "--cases", "0", "--years", "1", "--seed", "1"), "--cases: expected 1 or more, got '0'"),
        (("simulate", "--cases", "1", "--years", "40", "--seed", "1"), "--years: expected at most 30, got '40'"),
        (("simulate", "--cases", "ten", "--years", "1", "--seed", "1"), "--cases: expected a whole number, got 'ten'"),
        (("log", "prove", "abc"), "POSITION: expected a whole number, got 'abc'"),
        (("audit", "ask", "14", "--hours", "1.5"), "--hours: expected a whole number, got '1.5'"),
        (("rebuild", "--from", "disk"), "--from: expected one of segments, rows, got 'disk'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_value_is_told_as_every_other(wrong: tuple[str, ...], said: str, here: Path) -> None:
    found = call(*wrong)
    assert (found.status, found.out) == (2, b"")
    command = " ".join(word for word in wrong[:2] if word.isalpha() and word not in ("disk", "abc"))
    assert found.err == f"earlystart: {said} (earlystart {command} --help)\n"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("timeline", "x"), "case: expected case: and 26 characters, such as case:01JH0000000000000000000000, got 'x'"),
        (("tiers", "--team", "x"), "such as team:armley, got 'x'"),
        (("tiers", "--known", "31/12/2025"), "a date such as 2026-03-31 or an instant such as 2026-03-31T12:00:00Z"),
        (("audit", "ask", "contact", "--case", CASE), "at: expected with question 20, contact, got none"),
        (("retention", "--on", "31/12/2049"), "on: expected a date such as 2051-12-31, got '31/12/2049'"),
        (("retention", "--on", "20491231"), "on: expected a date such as 2051-12-31, got '20491231'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_value_is_told_with_a_right_one(wrong: tuple[str, ...], said: str, city: Path) -> None:
    found = call(*wrong, "--db", city)
    assert (found.status, found.out) == (2, b"")
    one_sentence(found.err)
    assert said in found.err


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("command", [("tiers",), ("rebuild",), ("log", "export")], ids=" ".join)
def test_wrong_url(command: tuple[str, ...], url: str, here: Path) -> None:
    found = call(*command, "--db", url)
    assert (found.status, found.out) == (2, b"")
    one_sentence(found.err)
    assert list(here.iterdir()) == []


def test_the_password_of_a_url_is_never_shown(here: Path) -> None:
    found = call("tiers", "--db", "postgresql://someone:hunter2@127.0.0.1:1/none")
    assert found.status == 3
    one_sentence(found.err)
    assert "hunter2" not in found.err
    assert found.err.startswith("earlystart: postgresql://someone@127.0.0.1:1/none cannot be used: ")


def test_without_a_name_the_store_is_looked_for_here(here: Path) -> None:
    found = call("tiers")
    expected = f"{here / 'earlystart.db'} does not exist: expected a store; --db names one that is elsewhere"
    assert (found.status, found.err) == (3, f"earlystart: {expected}\n")
    named = call("tiers", "--db", "other.db")
    assert named.err == f"earlystart: {here / 'other.db'} does not exist: expected a store\n"


READING = [
    ("view", "case_status"), ("caseload",), ("tiers",), ("timeline", CASE), ("rebuild",), ("rebuild", "--check"),
    ("audit", "disclosures"), ("diff", "0"),
    ("log", "export", "--ndjson"), ("log", "export", "--leaves"),
]  # fmt: skip


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_reading_makes_no_store(command: tuple[str, ...], here: Path) -> None:
    found = call(*command)
    assert (found.status, found.out) == (3, b"")
    one_sentence(found.err)
    assert "earlystart.db does not exist" in found.err
    assert list(here.iterdir()) == []


def folder(path: Path, _: Path) -> None:
    path.mkdir()


def text(path: Path, _: Path) -> None:
    path.write_text("these are my notes\n" * 400)


def empty(path: Path, _: Path) -> None:
    path.touch()


def truncated(path: Path, city: Path) -> None:
    path.write_bytes(city.read_bytes()[: city.stat().st_size // 2])


def torn(path: Path, city: Path) -> None:
    path.write_bytes(city.read_bytes()[:4096] + bytes(200_000))


def keys(path: Path, city: Path) -> None:
    path.write_bytes(city.with_name(f"{city.name}.keys").read_bytes())


@pytest.mark.parametrize("spoil", [folder, text, empty, truncated, torn, keys])
@pytest.mark.parametrize(
    "command", [("view", "case_status", "--ndjson"), ("rebuild",), ("log", "export")], ids=" ".join
)
def test_what_is_no_whole_store(
    command: tuple[str, ...], spoil: Callable[[Path, Path], None], here: Path, city: Path
) -> None:
    spoil(here / "odd.db", city)
    found = call(*command, "--db", "odd.db")
    assert found.status == 3
    sentence = found.err.splitlines(keepends=True)[-1]  # an export may have begun
    one_sentence(sentence)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("keys.erased", "no"), 1),
        (NotPermitted("no"), 1),
        (Conflict("again"), 3),
        (Unreadable("odd"), 3),
        (Tampered("odd"), 3),
        (StoreUnavailable("gone"), 3),
        (OSError(28, "No space left on device"), 3),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("Jo Secret"), 3),
        (RecursionError("Jo Secret"), 3),
        (MemoryError(), 3),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_is_raised_has_its_status_and_one_sentence(
    error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch, city: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("earlystart_cli.asking.opened", fail)
    found = call("tiers", "--db", city)
    assert (found.status, found.out) == (status, b"")
    one_sentence(found.err)
    assert "Secret" not in found.err
    assert cli.DEBUG not in found.err or isinstance(error, Exception)


def test_debug_lets_a_fault_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setenv(cli.DEBUG, "1")
    monkeypatch.setattr("earlystart_cli.asking.opened", fail)
    with pytest.raises(ZeroDivisionError):
        call("tiers")


def test_a_feed_that_is_none_makes_no_store(tmp_path: Path) -> None:
    """What cannot be read as a feed is told before a store is made for it."""
    feed, store = tmp_path / "feed", tmp_path / "new.db"
    feed.mkdir()
    (feed / "teams.csv").write_bytes(b"\xff\xfe")
    said = call("import", str(feed), "--db", str(store))
    assert said.status == 1
    assert said.err == "earlystart: teams.csv: expected a CSV file, found text in UTF-16: save it as CSV UTF-8\n"
    assert [path.name for path in tmp_path.iterdir()] == ["feed"]
