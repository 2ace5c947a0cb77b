"""Rebuild and its check: what a program reads, and what makes the answer no."""

import hashlib
from pathlib import Path

import psycopg

from earlystart_core.record import Record
from earlystart_core.views import VIEW
from earlystart_sql.sqlite import LIBRARY
from earlystart_sql.view_tables import table_name

from .conftest import call

CASES = [table_name("case_status", VIEW["case_status"].digest, slot) for slot in ("a", "b")]
KEYS = {
    "events", "source", "fold_seconds", "write_seconds", "seconds", "fold_events_per_second", "events_per_second",
    "views",
}  # fmt: skip
VIEWS = {"case_status", "request_queue", "package_status", "consent_status"}


def spoil(url: str, statement: str) -> None:
    """Changes a view behind the library's back."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            connection.execute(statement)
        return
    connection = LIBRARY.connect(url.removeprefix("sqlite:///"))
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_json_has_exactly_these_keys_and_the_hashes_of_the_views(stored: str) -> None:
    found = call("rebuild", "--db", stored, "--json")
    assert (found.status, found.err) == (0, "")
    assert set(found.json) == KEYS
    assert set(found.json["views"]) == VIEWS
    assert found.json["seconds"] >= found.json["fold_seconds"] > 0
    assert found.json["source"] in {"rows", "segments"}
    assert found.json["events_per_second"] > 0
    for name, view in found.json["views"].items():
        shown = call("view", name, "--db", stored, "--ndjson").out
        assert view == {"rows": shown.count(b"\n"), "sha256": hashlib.sha256(shown).hexdigest()}


def test_check_agrees_then_names_view_and_key_and_changes_nothing(stored: str) -> None:
    for _ in CASES:
        call("rebuild", "--db", stored)  # both of a view's tables are there from here on
    good = call("rebuild", "--db", stored, "--check", "--json")
    assert (good.status, good.json["differences"]) == (0, [])
    assert set(good.json) == {*KEYS, "differences"}
    rows = call("view", "case_status", "--db", stored, "--json").json
    case = rows[0]["case"]
    assert rows[0]["tier"] != rows[0]["status"]
    for table in CASES:
        spoil(stored, f"UPDATE {table} SET tier = status WHERE \"case\" = (SELECT n FROM tag WHERE id = '{case}')")
    bad = call("rebuild", "--db", stored, "--check", "--json")
    assert bad.status == 1
    assert [(each["view"], each["key"]) for each in bad.json["differences"]] == [("case_status", case)]
    assert f"case_status {case}" in bad.err
    assert "tier" in bad.err
    for_people = call("rebuild", "--db", stored, "--check")
    assert for_people.status == 1
    assert f"case_status {case}" in for_people.err
    assert call("view", "case_status", "--db", stored, "--json").json[0]["tier"] == rows[0]["status"]
    assert call("rebuild", "--db", stored).status == 0
    assert call("view", "case_status", "--db", stored, "--json").json == rows
    assert call("rebuild", "--db", stored, "--check").status == 0


def test_a_row_that_stands_for_nothing_is_told_of_and_mended(stored: str) -> None:
    """A number that no text has: the view says so in a sentence, the check names it, a rebuild makes it anew."""
    for _ in CASES:
        call("rebuild", "--db", stored)
    before = call("view", "case_status", "--db", stored, "--json").json
    for table in CASES:
        spoil(stored, f"UPDATE {table} SET tier = 1234567")
    shown = call("view", "case_status", "--db", stored)
    assert shown.status == 3
    assert "cannot be read: expected numbers of the store" in shown.err
    bad = call("rebuild", "--db", stored, "--check", "--json")
    assert (bad.status, [each["view"] for each in bad.json["differences"]]) == (1, ["case_status"])
    assert call("rebuild", "--db", stored).status == 0
    assert call("view", "case_status", "--db", stored, "--json").json == before


def test_a_view_never_built_fails_the_check_and_an_empty_store_does_not(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.db"
    call("simulate", "--db", fresh, "--cases", "3", "--years", "1", "--seed", "1")
    found = call("rebuild", "--db", fresh, "--check")
    assert found.status == 1
    assert all(f"{view}: was never built" in found.err for view in VIEWS)
    assert call("rebuild", "--db", fresh, "--check").status == 1, "a check builds nothing"
    empty = tmp_path / "empty.db"
    Record.open(str(empty)).close()
    assert call("rebuild", "--db", empty, "--check").status == 0
    assert call("rebuild", "--db", empty, "--json").json["events"] == 0
    assert call("doctor", "--db", empty).status == 0


def test_from_rows_and_from_segments_come_to_the_same(stored: str) -> None:
    """Unasked, segments are read where there are any, and never made."""

    def rebuilt(*options: str) -> tuple[str, object]:
        found = call("rebuild", "--db", stored, *options, "--json")
        assert (found.status, found.err) == (0, "")
        return found.json["source"], (found.json["events"], found.json["views"])

    rows = rebuilt()
    assert rows[0] == "rows"
    assert rebuilt("--from", "segments") == ("segments", rows[1])
    assert rebuilt() == ("segments", rows[1])
    assert rebuilt("--from", "rows") == rows
    shown = call("rebuild", "--db", stored, "--from", "segments").out.decode()
    assert "from segments" in shown
    assert call("rebuild", "--db", stored, "--from", "thin-air").status == 2


def test_a_check_says_from_where_it_was_told(copy: Path) -> None:
    """It seals nothing, so before a sealing `--from segments` reads rows and says so."""
    assert call("rebuild", "--db", copy).status == 0
    found = call("rebuild", "--db", copy, "--check", "--from", "segments", "--json")
    assert (found.status, found.json["source"]) == (0, "rows")
    assert "there are no segments: read rows instead" in found.err
    assert call("rebuild", "--db", copy, "--from", "segments").status == 0
    for source in ("segments", "rows"):
        found = call("rebuild", "--db", copy, "--check", "--from", source, "--json")
        assert (found.status, found.json["source"], found.json["differences"], found.err) == (0, source, [], "")


def test_check_compares_segments_with_the_rows_and_drops_nothing(copy: Path) -> None:
    """A row changed inside a sealed run shows, and so does a torn segment in doctor, not in the check."""
    assert call("rebuild", "--db", copy, "--from", "segments").status == 0
    assert call("rebuild", "--db", copy, "--check").status == 0
    spoil(f"sqlite:///{copy}", "UPDATE segment SET data = x'00' || substr(data, 2) WHERE type = 'CaseOpened'")
    assert call("rebuild", "--db", copy, "--check").status == 0
    head = call("doctor", "--db", copy, "--json").json["store"]["head"]
    torn = {"runs": 0, "positions": 0, "lag": head, "unsound": [f"1 to {head}"]}
    assert call("doctor", "--db", copy, "--json").json["segments"] == torn
    assert call("rebuild", "--db", copy).status == 0, "which drops it"
    sound = {"runs": 1, "positions": head, "lag": 0, "unsound": []}
    assert call("rebuild", "--db", copy, "--from", "segments").status == 0
    assert call("doctor", "--db", copy, "--json").json["segments"] == sound
    spoil(f"sqlite:///{copy}", "DROP TRIGGER fact_no_UPDATE")
    spoil(
        f"sqlite:///{copy}",
        "UPDATE fact SET data = CAST(replace(CAST(data AS TEXT), 'universal_plus', 'universal') AS BLOB)"
        " WHERE shape = (SELECT id FROM shape WHERE type = 'TierDecided')",
    )
    changed = call("rebuild", "--db", copy, "--check", "--json")
    assert changed.status == 1
    ways = {each["found"] for each in changed.json["differences"]}
    assert "by segments: differs in tier" in ways
    assert not any(way.startswith("by the row executor") for way in ways)
    assert call("doctor", "--db", copy, "--json").json["segments"] == sound


def test_the_plan_is_one_object_for_programs_and_the_same_in_words(copy: Path) -> None:
    head = call("doctor", "--db", copy, "--json").json["store"]["head"]
    told = call("log", "export", "--db", copy).out.decode()
    plans = []
    for sealing in (False, True):
        if sealing:
            call("rebuild", "--db", copy, "--from", "segments")
        for source in ((), ("--from", "rows")):
            found = call("explain", "--db", copy, "--json", *source)
            assert (found.status, found.err) == (0, "")
            plan = found.json
            plans.append(plan)
            sealed = head if sealing and not source else 0
            assert (plan["sealed_positions"], plan["row_positions"]) == (sealed, head - sealed)
            assert plan["sealed_runs"] == (1 if sealed else 0)
            for read in plan["reads"]:
                assert read["facts"] == (told.count(f'"type":"{read["type"]}"') if sealed else 0)
                assert (read["bytes"] > 0) == bool(read["facts"])
            lines = call("explain", "--db", copy, *source).lines
            runs = "1 sealed run" if sealed else "0 sealed runs"
            assert lines[0].startswith(f"read {sealed:,} positions from {runs} and ")
            assert len(lines) == 1 + len(plan["reads"]) + sum(1 + len(fold["steps"]) for fold in plan["folds"])
    assert {frozenset(plan) for plan in plans} == {frozenset(plans[0])}
    assert {fold["view"] for fold in plans[0]["folds"]} == VIEWS
    taken = {facts["type"] for fold in plans[0]["folds"] for step in fold["steps"] for facts in step["of"]}
    assert taken <= {read["type"] for read in plans[0]["reads"]}
