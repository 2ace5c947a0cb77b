"""Diff on the command line: one object for programs, the same in lines for people."""

import re
from pathlib import Path

import naive
import naive_diff

from .conftest import call


def test_a_diff_is_what_the_export_says(stored: str) -> None:
    entries = naive.parse(call("log", "export", "--db", stored).out.decode())
    head = len(entries)
    case = next(entry["data"]["case"] for entry in entries[head // 2 :] if entry["type"] == "TierDecided")
    for more in ({}, {"case": case}, {"effective": "2025-06-30"}):
        options = [f"--{name}={value}" for name, value in more.items()]
        found = call("diff", head // 2, head, "--db", stored, "--json", *options)
        assert found.status == 0
        expected = naive_diff.diff(entries, head // 2, head, **more)
        assert {part: found.json[part] for part in expected} == expected
        assert (found.json["before"]["known"], found.json["after"]["known"]) == (head // 2, head)
        assert re.fullmatch(rf"known={head // 2}@\S+Z effective=\S+\nknown={head}@\S+Z effective=\S+\n", found.err)


def test_late_is_what_had_happened_by_the_day_that_was_asked(stored: str) -> None:
    entries = naive.parse(call("log", "export", "--db", stored).out.decode())
    slow = max(entries, key=lambda one: naive.instant(one["recorded_at"]) - naive.instant(one["occurred_at"]))
    day = naive.day_of(slow["occurred_at"])
    expected = naive_diff.diff(entries, naive.position_of(entries, day), len(entries), since=day)
    found = call("diff", day, "--db", stored, "--json").json
    assert {part: found[part] for part in expected} == expected
    assert found["since"].startswith(day)
    assert slow["position"] in {entry["position"] for entry in found["entries"] if entry["late"]}


def test_of_a_team_it_is_about_its_cases(stored: str) -> None:
    known = ("2025-12-31", "2026-03-31")
    found = call("diff", *known, "--db", stored, "--team", "team:armley", "--json").json
    rows = [
        {row["case"]: row for row in call("view", "case_status", "--db", stored, "--team", "team:armley", "--known",
        each, "--json").json} for each in known
    ]  # fmt: skip
    changed = {row["key"]["case"] for row in found["changed"] if row["view"] == "case_status"}
    assert changed == {case for case in rows[0].keys() | rows[1].keys() if rows[0].get(case) != rows[1].get(case)}
    assert found["entries"]
    assert all({*entry["tags"]} & (rows[0].keys() | rows[1].keys()) for entry in found["entries"])


def test_for_people_each_part_has_its_lines_in_a_hundred_columns(city: Path) -> None:
    found = call("diff", "2025-12-31", "--db", city)
    told = call("diff", "2025-12-31", "--db", city, "--json").json
    text = found.out.decode()
    assert max(map(len, found.lines)) <= 100
    assert " > " not in text
    for title, part in (("rows that changed", "changed"), ("entries", "entries"), ("marks", "marks")):
        assert not told[part] or f"{title}: {len(told[part])}\n" in text
    blocks = re.split(r"^  (?=\S)", text.split("\nentries: ")[0], flags=re.MULTILINE)[1:]
    assert len(blocks) == len(told["changed"])
    for block, row in zip(blocks, told["changed"], strict=True):
        shown = " ".join(block.split())
        assert shown.startswith(f"{row['view']} ")
        assert all(f" {value}" in shown for value in row["key"].values())
        if row["before"] is None or row["after"] is None:
            assert shown.endswith(": is new" if row["before"] is None else ": is gone")
        else:
            assert shown.count(" -> ") == len(row["columns"])
            assert all(re.search(rf" {name}: \S+ -> \S+", shown) for name in row["columns"])
    entries = text.split("\nentries: ")[1].splitlines()[2 : 2 + len(told["entries"])]
    for line, entry in zip(entries, told["entries"], strict=True):
        assert line.split()[0] == str(entry["position"])
        assert line.split()[4:] == [name for name in ("late", "struck") if entry[name]]
    for decision in told["decisions"]:
        shown = text.split(f"  entry {decision['position']}, {decision['type']}")[1].split("\n  entry ")[0]
        assert decision["case"] in shown
        assert all(re.search(rf"did not know of[^a-z]*\b{one}\b", shown) for one in decision["unknown"])


def test_between_a_moment_and_itself_nothing_is_learnt(city: Path) -> None:
    found = call("diff", "100", "100", "--db", city)
    assert (found.status, found.out) == (0, b"")
    assert "nothing was learnt" in found.err
