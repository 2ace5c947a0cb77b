"""Demo, simulate, import and doctor; and that every command explains itself with an example."""

import re
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import typer

from earlystart_city.teams import team_names
from earlystart_cli.app import app
from earlystart_cli.demo import team_name
from earlystart_core.record import Record
from earlystart_sql.sqlite import LIBRARY

from .conftest import call

TEAMS = "team,cluster,name\narmley,west,Armley\n"
CASES = (
    "child_ref,family_ref,team,opened_on,born_on,closed_on,close_reason\n"
    "c1,f1,armley,2026-01-05,2026-01-01,,\nc2,f1,nowhere,2026-01-05,2026-01-01,,\nc3,f2,armley,2026-02-30,,,\n"
)


def commands() -> list[tuple[str, ...]]:
    group = typer.main.get_command(app)
    found: list[tuple[str, ...]] = [()]
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        found.append((name,))
        found += [(name, inner) for inner in getattr(command, "commands", ())]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...]) -> None:
    found = call(*command, "--help")
    assert (found.status, found.err) == (0, "")
    assert "Example: earlystart" in found.out.decode()


def test_every_command_of_the_contract_is_there() -> None:
    assert {" ".join(command) for command in commands()} >= {
        "demo", "simulate", "import", "rebuild", "view", "caseload", "tiers", "timeline", "log export", "doctor",
        "audit disclosures", "diff",
    }  # fmt: skip


def test_demo_prints_26_teams_and_the_rate_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    found = call("demo", "--cases", "300")
    assert found.status == 0
    text = found.out.decode()
    for name in team_names(26):
        assert re.search(rf"^ {team_name(f'team:{name}')} +\d", text, re.MULTILINE), name
    assert " a second " in text
    (events,) = re.findall(r"rebuilt: ([\d,]+) events", text)
    (entries,) = re.findall(r"proof: ([\d,]+) entries", text)
    assert f"{events} of the {entries} entries are events that a view is made of" in text
    assert "marked in error" in text
    assert "--cases 300 --years 5 --seed 1" in text
    assert all(len(line) <= 80 for line in text.split("Every view")[0].splitlines())
    assert "\x1b" not in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("columns", ["20", "40", "200"])
def test_demo_fits_narrow_and_wide_terminals(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert call("demo", "--cases", "26").status == 0


def test_team_names_are_those_that_people_say() -> None:
    assert team_name("team:chapel-allerton") == "Chapel Allerton"


def test_simulate_wants_an_empty_store(copy: Path, tmp_path: Path) -> None:
    before = copy.read_bytes()
    found = call("simulate", "--db", copy, "--cases", "1", "--years", "1", "--seed", "1")
    assert (found.status, found.out) == (2, b"")
    assert "empty store" in found.err
    assert copy.read_bytes() == before
    empty = tmp_path / "empty.db"
    Record.open(str(empty)).close()
    assert call("simulate", "--db", empty, "--cases", "1", "--years", "1", "--seed", "1").status == 0


@pytest.mark.parametrize("spoiled", [("--cases", "0"), ("--years", "31"), ("--teams", "0"), ("--seed", "-1")])
def test_simulate_makes_no_store_for_a_wrong_call(spoiled: tuple[str, str], tmp_path: Path) -> None:
    good = {"--cases": "1", "--years": "1", "--seed": "1", spoiled[0]: spoiled[1]}
    found = call("simulate", "--db", tmp_path / "s.db", *(each for pair in good.items() for each in pair))
    assert found.status == 2
    assert list(tmp_path.iterdir()) == []


def test_import_reports_each_file_and_each_refusal(feed: Callable[..., Path], sql_url: str) -> None:
    folder = feed(teams=TEAMS, cases=CASES)
    found = call("import", folder, "--db", sql_url, "--json")
    assert found.status == 0
    assert {"files", "total", "refused"} <= set(found.json)
    assert found.json["total"] == {"accepted": 2, "already_known": 0, "refused": 2}
    assert found.json["files"]["cases.csv"] == {"accepted": 1, "already_known": 0, "refused": 2}
    assert found.json["refused"] == [
        ["cases.csv", 3, "team", "unknown_team"],
        ["cases.csv", 4, "opened_on", "not_a_date"],
    ]
    rows = call("view", "case_status", "--db", sql_url, "--json").json
    assert [row["team"] for row in rows] == ["team:armley"]
    export = call("log", "export", "--db", sql_url).out
    again = call("import", folder, "--db", sql_url)
    assert again.status == 0
    assert call("log", "export", "--db", sql_url).out == export
    text = again.out.decode()
    assert "already known" in text
    assert "cases.csv, team: unknown team (line 3)" in text
    assert "absent: moves.csv" in text


def test_import_makes_no_store_for_what_is_no_feed(tmp_path: Path) -> None:
    store, notes = tmp_path / "s.db", tmp_path / "notes.txt"
    notes.write_text("x")
    for folder, status in ((tmp_path / "nowhere", 2), (tmp_path, 1), (notes, 1)):
        found = call("import", folder, "--db", store)
        assert (found.status, found.out) == (status, b"")
        assert "folder" in found.err
        assert found.err.count("\n") == 1
    assert not store.exists()


def test_import_of_a_broken_file_is_refused_and_shows_no_row(feed: Callable[..., Path], tmp_path: Path) -> None:
    found = call("import", feed(teams=TEAMS, cases=CASES + 'c4,"Jo Secret'), "--db", tmp_path / "s.db")
    assert (found.status, found.out) == (1, b"")
    assert "line 5" in found.err
    assert "Secret" not in found.err
    assert not (tmp_path / "s.db").exists()


def test_import_names_the_row_of_a_comma_without_quotes(feed: Callable[..., Path], tmp_path: Path) -> None:
    folder = feed(teams=TEAMS, cases=CASES.replace(",,\n", ",,,\n", 1))
    found = call("import", folder, "--db", tmp_path / "s.db")
    assert found.status == 0
    assert "cases.csv, close_reason: the row has more fields than the header (line 2)" in found.out.decode()


def test_doctor_reads_back_and_makes_nothing(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if stored.startswith("postgresql"):
        assert call("doctor", "--db", stored).status == 1  # the key-encryption key is in no file
        monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    found = call("doctor", "--db", stored, "--json")
    assert found.status == 0
    titles = {
        "versions",
        "sqlite",
        "store",
        "views",
        "sample",
        "segments",
        "checkpoint",
        "erasures",
        "glass",
        "keys",
        "sealed",
        "write_ahead_logs",
    }
    assert set(found.json) == titles
    assert found.json["erasures"] == {"recorded": 0, "unfinished": []}
    assert found.json["checkpoint"] == "no checkpoint"
    assert found.json["sqlite"]["faults"] == [] or found.json["sqlite"]["journal"] == "delete"
    segments = found.json["segments"]
    assert segments["positions"] + segments["lag"] == found.json["store"]["head"]
    logs = {} if stored.startswith("postgresql") else {"log", "keys"}
    assert {title for title, each in found.json["write_ahead_logs"].items() if each["status"] == "ok"} == {*logs}
    settings = found.json["store"]["settings"]
    assert settings["fsync" if stored.startswith("postgresql") else "journal_mode"] in {"on", "wal", "delete"}
    text = call("doctor", "--db", stored).out.decode()
    assert "no checkpoint" in text
    assert "earlystart-core: " in text


def test_doctor_tells_of_keys_without_making_any(copy: Path, tmp_path: Path) -> None:
    assert call("doctor", "--db", copy, "--json").json["keys"] == "reachable"
    empty = tmp_path / "empty.db"
    Record.open(str(empty)).close()
    new = call("doctor", "--db", empty, "--json")
    assert (new.status, "does not exist" in new.json["keys"]) == (0, True)  # the first entry will make them
    assert not (tmp_path / "empty.db.keys").exists()


def unreachable(stored: str, said: str, *more: object) -> None:
    """Doctor still says all it knows, in both forms, and that the keys are out of reach in one sentence of its own."""
    for form in ((), ("--json",)):
        found = call("doctor", "--db", stored, *more, *form)
        assert found.status == 1
        assert found.err.startswith("earlystart: keys: ")
        assert found.err.count("\n") == 1
        assert said in found.err
    assert found.json["keys"] == found.err.removeprefix("earlystart: keys: ").rstrip("\n")
    assert found.json["store"]["head"] > 0
    assert found.json["erasures"] == {"recorded": 0, "unfinished": None}


@pytest.mark.parametrize(
    ("kek", "said"),
    [
        ("ff" * 32, "another key-encryption key: expected that one"),
        ("7f7f", "expected 64 hexadecimal digits, got something else"),
        ("", "expected 64 hexadecimal digits, got something else"),
    ],
)
def test_doctor_fails_where_the_key_encryption_key_is_wrong(
    stored: str, kek: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", kek)
    unreachable(stored, said)


def test_doctor_fails_where_the_keys_are_gone(copy: Path, tmp_path: Path) -> None:
    keys = copy.with_name(f"{copy.name}.keys")
    unreachable(str(copy), "elsewhere.db does not exist: expected a store", "--keys", tmp_path / "elsewhere.db")
    keys.with_name(f"{keys.name}.kek").unlink()
    unreachable(str(copy), "expected the key-encryption key of this key store there, or in EARLYSTART_KEK")
    keys.write_bytes(b"no database")
    unreachable(str(copy), f"{keys} cannot be used: file is not a database")
    keys.unlink()
    unreachable(str(copy), f"{keys} does not exist: expected a store")
    keys.mkdir()
    unreachable(str(copy), "expected a file, got a folder")


def test_doctor_fails_where_a_key_is_gone_or_another_subject_has_it(copy: Path) -> None:
    sound = call("doctor", "--db", copy, "--json")
    assert (sound.status, sound.json["sealed"]["looked_at"]) == (0, "all")
    assert sound.json["sealed"]["values"] > sound.json["sealed"]["keys"] > 2
    with closing(LIBRARY.connect(f"{copy}.keys", isolation_level=None)) as connection:
        ((kid, subject),) = connection.execute(
            "SELECT kid, subject FROM data_key ORDER BY rowid DESC LIMIT 1"
        ).fetchall()
        connection.execute("DELETE FROM data_key WHERE kid = ?", (kid,))
    found = call("doctor", "--db", copy, "--json")
    assert (found.status, found.json["keys"]) == (1, "reachable")
    assert re.fullmatch(
        rf"earlystart: keys: position \d+: its text is lost: the key store has neither {kid}, which sealed it, nor a"
        r" tombstone\n",
        found.err,
    )
    with closing(LIBRARY.connect(f"{copy}.keys", isolation_level=None)) as connection:
        connection.execute(
            "UPDATE data_key SET subject = ? WHERE kid = (SELECT kid FROM data_key ORDER BY rowid DESC LIMIT 1)",
            (subject,),
        )
    found = call("doctor", "--db", copy)
    assert (found.status, found.err.count("\n")) == (1, 2)
    assert "was altered in" in found.err


def test_doctor_tells_versions_also_where_there_is_no_store(tmp_path: Path) -> None:
    found = call("doctor", "--db", tmp_path / "none.db")
    assert found.status == 3
    assert "python: 3." in found.out.decode()
    assert "does not exist" in found.err


def test_doctor_finds_a_row_of_a_view_that_the_log_does_not_give(copy: Path) -> None:
    call("rebuild", "--db", copy)
    sound = call("doctor", "--db", copy, "--json")
    assert (sound.status, sound.json["sample"]["differences"]) == (0, 0)
    assert sound.json["sample"]["cases"] > 10
    with Record.open(str(copy)) as record, record.store.database.writing() as connection:
        (table,) = connection.exec_driver_sql(
            "SELECT name FROM sqlite_schema WHERE name LIKE 'view_case_status_%_b' AND type = 'table'"
        ).scalars()
        other = table.removesuffix("b") + "a"
        for name in (table, other):
            there = connection.exec_driver_sql(f"SELECT count(*) FROM sqlite_schema WHERE name = '{name}'").scalar()
            if there:
                connection.exec_driver_sql(f"UPDATE {name} SET point_of_contact = 1, team = 1")
    found = call("doctor", "--db", copy, "--json")
    assert (found.status, found.json["sample"]["differences"] > 0) == (1, True)
    assert "earlystart: views: case_status case:" in found.err
    assert ": as served: differs in " in found.err
    assert call("rebuild", "--db", copy, "--check").status == 1
