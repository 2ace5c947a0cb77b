"""`earlystart import`: a check, how many rows may be refused, and a status that continuous integration sees."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import call

TEAMS = "team,cluster,name\narmley,west,Armley\n"
CASES = (
    "child_ref,family_ref,team,opened_on,born_on,closed_on,close_reason\n"
    "c1,f1,armley,2026-01-05,2026-01-01,,\nc2,f1,nowhere,2026-01-05,2026-01-02,,\nc3,f2,armley,2026-02-30,,,\n"
)
MOVES = "child_ref,from_team,to_team,moved_on,reason\nc1,armley,armley,2026-02-01,Moved house\n"
Feed = Callable[..., Path]


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a store; SQLite's own beside it hold nothing."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert all(not content for name, content in files.items() if name.endswith("-wal"))
    return {name: content for name, content in files.items() if not name.endswith(("-wal", "-shm"))}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def test_a_check_of_a_store_that_is_not_there(feed: Feed, place: Path) -> None:
    folder = feed(teams=TEAMS, cases=CASES, moves=MOVES)
    found = call("import", folder, "--db", place / "s.db", "--check", "--json")
    assert found.status == 0
    assert "nothing was stored" in found.err
    assert list(place.iterdir()) == []
    assert found.json["total"] == {"accepted": 3, "already_known": 0, "refused": 2}
    assert call("import", folder, "--db", place / "s.db", "--json").json == found.json


def test_a_check_without_a_store_s_name(feed: Feed, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = feed(teams=TEAMS)
    monkeypatch.chdir(place)
    assert call("import", folder, "--check").status == 0
    assert list(place.iterdir()) == []


def test_a_check_changes_no_byte(feed: Feed, place: Path) -> None:
    store = place / "s.db"
    assert call("import", feed(teams=TEAMS, cases=CASES, moves=MOVES), "--db", store).status == 0
    before = held(place)
    for more in ("", "c1,armley,armley,2026-03-01,And again\n"):
        folder = feed(teams=TEAMS, cases=CASES, moves=MOVES + more)
        found = call("import", folder, "--db", store, "--check", "--json")
        assert (found.status, found.json["total"]["accepted"]) == (0, 1 if more else 0)
        assert held(place) == before


@pytest.mark.parametrize("first", [True, False])
def test_a_check_of_a_store_that_nothing_was_imported_into(feed: Feed, place: Path, first: bool) -> None:
    store = place / "s.db"
    simulated = ("simulate", "--db", store, "--cases", "1", "--years", "1", "--seed", "1")
    assert call(*simulated).status == 0
    if first:
        (place / "s.db.keys").unlink()  # a check asks for no key
    before = held(place)
    found = call("import", feed(teams=TEAMS, cases=CASES), "--db", store, "--check", "--json")
    assert (found.status, found.json["total"]["accepted"]) == (0, 2)
    assert held(place) == before


def test_a_check_on_postgresql(feed: Feed, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    folder = feed(teams=TEAMS, cases=CASES, moves=MOVES)
    checked = call("import", folder, "--db", postgres_url, "--check", "--json")
    assert checked.status == 0
    assert call("log", "export", "--db", postgres_url).status == 3  # there is no store
    assert call("import", folder, "--db", postgres_url, "--json").json == checked.json
    export = call("log", "export", "--db", postgres_url).out
    assert call("import", folder, "--db", postgres_url, "--check").status == 0
    assert call("log", "export", "--db", postgres_url).out == export


@pytest.mark.parametrize(("most", "status"), [(0, 1), (1, 1), (2, 0), (1_000_000, 0)])
@pytest.mark.parametrize("there", [False, True])
def test_max_refused(feed: Feed, place: Path, most: int, status: int, there: bool) -> None:
    store = place / "s.db"
    if there:
        call("import", feed(teams=TEAMS), "--db", store)
    before = held(place)
    folder = feed(teams=TEAMS, cases=CASES)
    found = call("import", folder, "--db", store, "--max-refused", most, "--json")
    assert found.status == status
    assert found.json["total"]["refused"] == 2
    assert (held(place) == before) == (status == 1)
    if status:
        assert found.err == (
            f"earlystart: nothing was stored: expected at most {most} refused row{'' if most == 1 else 's'}"
            " (--max-refused), found 2\n"
        )
        again = call("import", folder, "--db", store, "--max-refused", most)
        assert "unknown team (line 3)" in again.out.decode()  # all is said, for people too
    assert call("import", folder, "--db", store, "--max-refused", most, "--check").status == status


@pytest.mark.parametrize("most", ["-1", "few", "1.5"])
def test_max_refused_is_a_whole_number(feed: Feed, place: Path, most: str) -> None:
    found = call("import", feed(teams=TEAMS), "--db", place / "s.db", "--max-refused", most)
    assert found.status == 2
    assert list(place.iterdir()) == []


def test_dates_in_another_notation_have_a_status(feed: Feed, place: Path) -> None:
    """Every row of the column is refused, as ever; and that the file is in another form is said and seen."""
    text = CASES.replace("2026-01-05", "05/01/2026").replace("2026-02-30", "28/02/2026")
    for again in ("--check", "--json"):
        found = call("import", feed(teams=TEAMS, cases=text), "--db", place / "s.db", "--json", again)
        assert found.status == 1
        assert (
            "earlystart: cases.csv, opened_on: expected YYYY-MM-DD, found day, month and year, as in 24/02/2026,"
            " in 3 rows\n" in found.err
        )
        assert found.json["refused"][0] == ["cases.csv", 2, "opened_on", "not_a_date"]
    assert call("import", feed(teams=TEAMS, cases=CASES), "--db", place / "s.db").status == 0


@pytest.mark.parametrize("name", ["feed.zip", "feed.xlsx", "teams.csv"])
def test_a_file_in_a_folder_s_place(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04" + bytes(100) if "csv" not in name else TEAMS.encode())
    found = call("import", path, "--db", tmp_path / "s.db", "--json")
    assert (found.status, found.out) == (1, b"")
    assert found.err.startswith("earlystart: expected a folder with the CSV files of a feed")
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_one_digest_for_one_feed(feed: Feed, place: Path) -> None:
    folder = feed(teams=TEAMS, cases=CASES, moves=MOVES)
    found = [call("import", folder, "--db", place / name, "--json").json["digest"] for name in ("a.db", "b.db")]
    assert found[0] == found[1]
    other = feed(moves=MOVES.replace("2026-02-01", "2026-02-02"))
    assert call("import", other, "--db", place / "c.db", "--json").json["digest"] != found[0]
    assert len(bytes.fromhex(found[0])) == 32


def test_doubles_are_told_to_people(feed: Feed, place: Path) -> None:
    text = CASES + "c4,f1,armley,2026-01-05,2026-01-01,,\n"
    out = call("import", feed(teams=TEAMS, cases=text), "--db", place / "s.db").out.decode()
    assert "To look into" in out
    assert "child.born_together: children of one family have the same birth date" in out
    assert "(cases.csv:5)" in out


def test_json_is_json(feed: Feed, place: Path) -> None:
    found = call("import", feed(teams=TEAMS, cases=CASES), "--db", place / "s.db", "--json")
    assert json.dumps(found.json, sort_keys=True, separators=(",", ":")).encode() + b"\n" == found.out
