"""Erasing from the command line: the certificate, the holds in its way, what is due, and wrong calls."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Called, call, process

TWO = ("--authority", "Caldicott guardian, IG-7", "--second-authority", "Head of IG, IG-7")

BY = ("--by", "practitioner:" + "0" * 26)


def a_case(db: object) -> str:
    """A case with personal text that can be read."""
    for row in call("view", "case_status", "--db", db, "--json").json:
        if "reason" in texts(db, row["case"]):
            return str(row["case"])
    raise AssertionError("no case holds text")


def texts(db: object, case: str) -> dict[str, str]:
    rows = call("timeline", case, "--db", db, "--json").json
    sealed = {"TierDecided", "ResponsibilityPassed", "SharingOverridden"}
    return {
        name: value
        for row in rows
        if row["type"] in sealed
        for name, value in row["fields"].items()
        if name in ("reason", "harm", "if_not_why")
    }


def erased(db: object, subject: str, *more: object) -> Called:
    return call("erase", subject, *TWO, "--db", db, *more)


def test_a_case_is_erased_with_a_certificate(copy: Path) -> None:
    case = a_case(copy)
    before = call("log", "export", "--db", copy, "--leaves").out
    done = erased(copy, case, "--json", "--by", "practitioner:" + "0" * 26, "--employer", "org:lch")
    assert done.status == 0
    assert set(done.json) == {
        *("subject", "subjects", "position", "erased_at", "authority", "second_authority", "keys", "forgotten"),
    }
    assert (done.json["subject"], done.json["authority"]) == (case, TWO[1])
    assert "was to be kept" in done.err
    assert set(texts(copy, case).values()) == {"(erased)"}
    after = call("log", "export", "--db", copy, "--leaves").out
    assert after.startswith(before)
    (tombstone,) = [json.loads(line) for line in after[len(before) :].splitlines()]
    assert tombstone["type"] == "SubjectErased"
    assert tombstone["recorded_by"] == {
        "employer": "org:lch",
        "practitioner": "practitioner:" + "0" * 26,
        "role": "command line",
    }
    (row,) = call("erasures", "--db", copy, "--json").json
    assert (row["subject"], row["position"], row["key"]) == (case, tombstone["position"], done.json["keys"][0])
    again = erased(copy, case)
    assert again.status == 0
    assert "it was erased before; nothing was left to do" in again.err
    assert f"position: {row['position']}" in again.lines
    assert call("doctor", "--db", copy, "--json").json["erasures"] == {"recorded": 1, "unfinished": []}


def test_a_hold_stands_in_the_way_until_it_is_lifted(copy: Path) -> None:
    case = a_case(copy)
    placed = ("hold:inquiry-7", "--case", case, "--db", copy, *BY)
    assert call("hold", "place", *placed, "--authority", "Inquiry 7, order 12").status == 0
    assert call("hold", "place", *placed, "--authority", "Inquiry 7, order 12").lines == ["it stands already"]
    (row,) = call("hold", "list", "--db", copy, "--json").json
    assert (row["hold"], row["case"], row["person"]) == ("hold:inquiry-7", case, None)
    refused = erased(copy, case)
    assert (refused.status, refused.out) == (1, b"")
    assert "hold:inquiry-7" in refused.err
    assert "Inquiry 7, order 12" in refused.err
    assert call("hold", "lift", *placed, "--authority", "Inquiry 7, closed").lines[0].startswith("position ")
    assert call("hold", "lift", *placed, "--authority", "Inquiry 7, closed").lines == ["it was lifted already"]
    assert call("hold", "lift", "hold:other", "--db", copy, *BY, "--authority", "x").status == 1
    assert erased(copy, case).status == 0


def test_nobody_unknown_places_a_hold(copy: Path) -> None:
    refused = call("hold", "place", "hold:x", "--authority", "x", "--db", copy, "--by", "practitioner:unknown")
    assert (refused.status, refused.out) == (1, b"")
    assert "expected a practitioner who can be named" in refused.err
    assert call("hold", "list", "--db", copy, "--json").json == []


def test_what_is_due_is_listed(copy: Path) -> None:
    every = call("retention", "--db", copy, "--all", "--json").json
    cases = call("view", "case_status", "--db", copy, "--json").json
    assert {row["case"] for row in cases} <= {row["subject"] for row in every}
    assert set(every[0]) == {"subject", "kept_until", "rule", "due", "holds", "erased"}
    assert call("retention", "--db", copy, "--json").json == []
    due = call("retention", "--db", copy, "--on", "2090-01-01", "--json").json
    assert {row["subject"] for row in due} == {row["subject"] for row in every if row["kept_until"]}
    assert due
    assert all(row["due"] for row in due)
    assert "no rows" in call("retention", "--db", copy).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("erase", "case:1", *TWO), "subject: expected case: and 26 characters"),
        (("erase", "family:" + "0" * 26, *TWO), "subject: expected a case: or person: id"),
        (("erase", "case:" + "0" * 26, *TWO[:2]), "--second-authority"),
        (("erase", "case:" + "0" * 26, *TWO[:3], TWO[1].upper()), "second_authority: expected another person"),
        (("erase", "case:" + "0" * 26, *TWO, "--by", "me"), "by.practitioner: expected practitioner:"),
        (("hold", "place", "inquiry", "--authority", "x", *BY), "hold: expected hold: and small letters"),
        (("hold", "place", "hold:x", "--authority", "", *BY), "authority: "),
        (("hold", "place", "hold:x", "--authority", "x"), "--by"),
        (("hold", "lift", "hold:x", "--authority", "x"), "--by"),
        (("hold",), "Missing command"),
        (("retention", "--on", "soon"), "on: expected a date"),
    ],
)
def test_wrong_calls(city: Path, arguments: tuple[str, ...], said: str) -> None:
    called = call(*arguments, "--db", city) if arguments != ("hold",) else call("hold")
    assert (called.status, called.out) == (2, b"")
    assert said in called.err
    assert len(called.err.splitlines()) == 1


def test_nobody_known_is_no(copy: Path) -> None:
    called = erased(copy, "case:" + "0" * 26)
    assert called.status == 1
    assert "nothing is known of case:" in called.err


def test_a_restored_key_store_is_told_of(copy: Path) -> None:
    case = a_case(copy)
    keys = copy.with_name(f"{copy.name}.keys")
    backup = shutil.copy2(keys, copy.with_name("backup"))
    assert erased(copy, case).status == 0
    shutil.copy2(backup, keys)
    told = process("timeline", case, "--db", copy)
    assert "the key store brought back keys of " + case in told.err
    assert "Warning" not in told.err
    assert "(erased)" in told.out.decode()
    assert "brought back" not in call("timeline", case, "--db", copy).err


def test_it_is_the_same_on_postgresql(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    if stored.startswith("sqlite"):
        monkeypatch.delenv("EARLYSTART_KEK")
    case = a_case(stored)
    assert erased(stored, case).status == 0
    assert set(texts(stored, case).values()) == {"(erased)"}
