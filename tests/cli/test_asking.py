"""Questions: the exact bytes of every view, now and at two clocks, against an independent reading of the export."""

import hashlib
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import naive
from earlystart_cli.columns import lines_of
from earlystart_core.entry import canonical_of
from earlystart_core.record import Record

from .conftest import call

VIEWS = ("case_status", "request_queue", "package_status", "consent_status")
CLOCKS = ((), ("--known", "700"), ("--effective", "2025-03-31"), ("--known", "2025-12-31", "--effective", "2025-06-30"))


@pytest.fixture(scope="module")
def entries(stored: str) -> list[dict[str, Any]]:
    exported = call("log", "export", "--db", stored, "--ndjson")
    assert exported.status == 0
    return naive.parse(exported.out.decode())


def told(clocks: tuple[str, ...]) -> dict[str, str]:
    return dict(zip([name[2:] for name in clocks[::2]], clocks[1::2], strict=True))


@pytest.mark.parametrize("clocks", CLOCKS)
@pytest.mark.parametrize("view", VIEWS)
def test_view_is_what_the_export_says(
    stored: str, entries: list[dict[str, Any]], view: str, clocks: tuple[str, ...]
) -> None:
    for team in (None, "team:armley"):
        asked = ("--team", team) if team else ()
        rows = naive.answer(view, entries, team=team, **told(clocks))
        found = call("view", view, "--db", stored, "--ndjson", *asked, *clocks)
        assert found.status == 0
        assert found.out == naive.ndjson(rows)
        assert rows
        array = call("view", view, "--db", stored, "--json", *asked, *clocks).out
        assert array == b"[" + found.out.strip().replace(b"\n", b",") + b"]\n"


@pytest.mark.parametrize("clocks", CLOCKS)
@pytest.mark.parametrize("question", ["caseload", "tiers"])
def test_question_is_what_the_export_says(
    stored: str, entries: list[dict[str, Any]], question: str, clocks: tuple[str, ...]
) -> None:
    rows = naive.answer(question, entries, **told(clocks))
    assert call(question, "--db", stored, "--ndjson", *clocks).out == naive.ndjson(rows)
    assert call(question, "--db", stored, "--json", *clocks).json == rows
    assert rows
    mine = [row for row in rows if row["team"] == "team:beeston"]
    assert call(question, "--db", stored, "--json", "--team", "team:beeston", *clocks).json == mine


def test_clocks_go_to_standard_error(city: Path) -> None:
    case = call("view", "case_status", "--db", city, "--json").json[0]["case"]
    for command in (("view", "case_status"), ("caseload",), ("tiers",), ("timeline", case)):
        said = call(*command, "--db", city, "--json").err
        assert re.fullmatch(r"known=\d+@\d{4}-\d\d-\d\dT[\d:.]+Z effective=-\n", said)
        said = call(*command, "--db", city, "--json", "--known", "9", "--effective", "2025-01-31").err
        assert re.fullmatch(r"known=9@\S+Z effective=2025-01-31T23:59:59.999999Z\n", said)


def test_before_the_first_entry_nothing_is_known(city: Path) -> None:
    for known in ("0", "1999-12-31"):
        found = call("tiers", "--db", city, "--json", "--known", known)
        assert (found.status, found.out, found.err) == (0, b"[]\n", "known=0@- effective=-\n")


def test_unknown_team_and_case_have_no_rows(city: Path) -> None:
    assert call("view", "case_status", "--db", city, "--team", "team:nowhere", "--json").out == b"[]\n"
    assert call("view", "case_status", "--db", city, "--team", "team:nowhere", "--ndjson").out == b""
    found = call("timeline", "case:01JH0000000000000000000000", "--db", city, "--json")
    assert (found.status, found.out) == (0, b"[]\n")
    for_people = call("timeline", "case:01JH0000000000000000000000", "--db", city)
    assert (for_people.status, for_people.out) == (0, b"")
    assert "no entry" in for_people.err


def test_text_for_people_has_a_head_and_every_row(city: Path) -> None:
    rows = call("tiers", "--db", city, "--json").json
    lines = call("tiers", "--db", city).lines
    assert lines[0].split() == ["team", "open_cases", "universal", "universal_plus", "universal_partnership_plus"]
    assert [line.split()[:2] for line in lines[1:]] == [[row["team"], str(row["open_cases"])] for row in rows]


def test_rows_that_do_not_fit_stand_upright() -> None:
    rows = [
        {"case": "case:1", "on": date(2026, 1, 2), "at": datetime(2026, 1, 2, tzinfo=UTC), "count": 3},
        {"case": "case:2", "on": None, "at": None, "count": None},
    ]
    assert (
        list(lines_of(rows, None))
        == list(lines_of(rows, 80))
        == [
            "case    on          at                    count",
            "case:1  2026-01-02  2026-01-02T00:00:00Z      3",
            "case:2  -           -                         -",
        ]
    )
    assert list(lines_of(rows, 20)) == [
        "case   case:1", "on     2026-01-02", "at     2026-01-02T00:00:00Z", "count  3", "",
        "case   case:2", "on     -", "at     -", "count  -",
    ]  # fmt: skip


def test_export_is_the_canonical_bytes_and_nothing_else(stored: str) -> None:
    exported = call("log", "export", "--db", stored, "--ndjson").out.splitlines(keepends=True)
    leaved = call("log", "export", "--db", stored, "--ndjson", "--leaves").out.splitlines()
    with Record.open(stored, create=False) as record:
        for entry, line, with_leaf in zip(record.store.log.read(), exported, leaved, strict=True):
            assert line == canonical_of(entry) + b"\n"
            more = json.loads(with_leaf)
            assert more["leaf"] == hashlib.sha256(b"\0" + line[:-1]).hexdigest() == entry.leaf.hex()
            assert list(more) == sorted(more)
            assert {**json.loads(line), "leaf": more["leaf"]} == more
    assert call("log", "export", "--db", stored).out == b"".join(exported)


def test_the_same_seed_gives_the_same_bytes_everywhere(stored: str, city: Path, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "other.db"
    again.parent.mkdir()
    args = ("--cases", "40", "--years", "3", "--teams", "4")
    made = call("simulate", "--db", again, *args, "--seed", "5", "--json")
    export = call("log", "export", "--db", again).out
    assert made.json["events"] == export.count(b"\n")
    assert export == call("log", "export", "--db", stored).out
    assert export != b""
    other = tmp_path / "other.db"
    assert call("simulate", "--db", other, *args, "--seed", "6").status == 0
    assert call("log", "export", "--db", other).out != export


def test_timeline_tells_both_clocks_who_and_what_was_corrected(city: Path) -> None:
    entries = naive.parse(call("log", "export", "--db", city).out.decode())
    mark = next(entry for entry in entries if entry["type"] == "MarkedInError" and "cases" not in entry["data"])
    case = next(tag for tag in mark["tags"] if tag.startswith("case:"))
    told = call("timeline", case, "--db", city, "--json").json
    assert [row["position"] for row in told] == [
        entry["position"]
        for entry in sorted(
            (entry for entry in entries if case in entry["tags"]),
            key=lambda entry: (naive.instant(entry["occurred_at"]), entry["position"]),
        )
    ]
    struck = next(row for row in told if row["position"] == mark["data"]["target"])
    assert mark["position"] in struck["marked_by"]
    assert set(struck) == {
        "position", "recorded_at", "occurred_at", "late_days", "type", "recorded_by", "fields", "struck", "marked_by"
    }  # fmt: skip
    for row in told:
        told_on, was_on = (date.fromisoformat(naive.day_of(row[name])) for name in ("recorded_at", "occurred_at"))
        assert row["late_days"] == max((told_on - was_on).days, 0)
    assert any(row["late_days"] for row in told)
    text = call("timeline", case, "--db", city).out.decode()
    assert all(f"entry {row['position']}, recorded " in text for row in told)
    assert all(row["recorded_by"]["practitioner"] in text for row in told)
    assert ("marked in error by entry" in text) == any(row["struck"] for row in told)
    before = call("timeline", case, "--db", city, "--json", "--known", mark["position"] - 1).json
    assert mark["position"] not in {row["position"] for row in before}


def test_text_without_its_keys_stays_sealed(city: Path, copy: Path) -> None:
    entries = naive.parse(call("log", "export", "--db", city).out.decode())
    case = next(
        entry["data"]["case"] for entry in entries if entry["type"] == "TierDecided" and entry["data"]["reason"]
    )
    opened = call("timeline", case, "--db", copy, "--json")
    assert b"(sealed)" not in opened.out
    for name in (f"{copy.name}.keys", f"{copy.name}.keys.kek"):
        copy.with_name(name).unlink()
    sealed = call("timeline", case, "--db", copy, "--json")
    assert sealed.status == 0
    assert b"(sealed)" in sealed.out
    assert "no key for it" in sealed.err
    elsewhere = call("timeline", case, "--db", copy, "--json", "--keys", city.with_name(f"{city.name}.keys"))
    assert elsewhere.out == opened.out
    assert not copy.with_name(f"{copy.name}.keys").exists()
