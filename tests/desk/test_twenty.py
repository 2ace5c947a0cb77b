"""The officer's twenty questions, each held against an independent reading of the export, on a city and on a feed."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

import naive
import naive_disclosures
from earlystart_core.access.policy import POLICY
from earlystart_core.access.rings import VERSION
from earlystart_core.desk.questions import QUESTIONS

from .conftest import Place, call

Fact = dict[str, Any]
HOURS = 48


def pick(place: Place, *types: str) -> Fact:
    """An entry of those types from the middle of the log."""
    found = place.all(*types)
    assert found, f"expected a {types} in it"
    return found[len(found) // 2]


def by(fact: Fact) -> str:
    return str(fact["recorded_by"]["practitioner"])


def same_moment(shown: str, at: str) -> bool:
    return naive.instant(shown) == naive.instant(at)


def test_01_could_see(place: Place) -> None:
    """The case exactly as its story was at that moment, and the ties of the practitioner to it."""
    fact = pick(place, "PackageAllocated")
    case, who, at = fact["data"]["case"], fact["data"]["practitioner"], fact["recorded_at"]
    rows = place.ask(1, "--case", case, "--practitioner", who, "--at", at)
    known = [one for one in place.entries if naive.instant(one["recorded_at"]) <= naive.instant(at)]
    seen = {one["position"] for one in known if case in one["tags"] and same_or_before(one["occurred_at"], at)}
    assert {row["position"] for row in rows} == seen
    assert "allocated" in rows[0]["ties"] or not same_or_before(fact["occurred_at"], at)
    nobody = place.ask(1, "--case", case, "--practitioner", "practitioner:" + "7" * 26, "--at", at)
    assert {tuple(row["ties"]) for row in nobody} == {()}


def same_or_before(moment: str, at: str) -> bool:
    return naive.within(naive.instant(moment), at)


def test_02_backdated(place: Place) -> None:
    """Every entry of the case that had happened by then; known then are those recorded by then."""
    fact = pick(place, "CaseOpened")
    case, at = fact["data"]["case"], "2025-06-30"
    rows = place.ask(2, "--case", case, "--at", at)
    by_then = naive.position_of(place.entries, at)
    expected = {
        one["position"]: one["position"] <= by_then
        for one in place.entries
        if case in one["tags"] and same_or_before(one["occurred_at"], at)
    }
    assert {row["position"]: row["known_then"] for row in rows} == expected
    team = fact["data"]["team"]
    of_team = {row["position"] for row in place.ask("backdated", "--team", team, "--at", at)}
    under = {row["case"] for moment in (at, None) for row in place.view("case_status", moment) if row["team"] == team}
    assert of_team == {
        one["position"] for one in place.entries if under & set(one["tags"]) and same_or_before(one["occurred_at"], at)
    }


def test_03_consents(place: Place) -> None:
    """Each sharing with every person's latest decision for that case, recipient and purpose, and its cover."""
    shared = place.all("InformationShared")
    rows = place.ask(3)
    cover = {row["position"]: row for row in naive_disclosures.disclosures(place.entries)}
    bearing = set()
    for one in shared:
        data = one["data"]
        decided = {}
        for consent in place.standing("SharingConsentRecorded"):
            matches = all(consent["data"][name] == data[name] for name in ("case", "recipient", "purpose"))
            if matches and same_or_before(consent["occurred_at"], one["occurred_at"]):
                decided[consent["data"]["person"]] = consent["position"]
        bearing |= {(one["position"], position) for position in decided.values() or [None]}
    bears = {(row["position"], row["consent"]) for row in rows if row["bears_now"] or row["consent"] is None}
    assert bears == {pair for pair in bearing if pair[1] is not None or pair in bears}
    assert {row["position"] for row in rows} == {position for position, _ in bearing}
    for row in rows:
        assert (row["covered_then"], row["covered_now"]) == tuple(
            cover[row["position"]][name] for name in ("covered_then", "covered_now")
        )
        if row["consent"] is not None:
            consent = place.entries[row["consent"] - 1]["data"]
            assert all(row[name] == consent[name] for name in ("person", "capacity", "wording", "decision", "until"))
    for row in rows[:1]:
        item = row["items"][0]
        only = place.ask("consents", "--item", item, "--case", row["case"], "--recipient", row["recipient"])
        assert only == [
            one
            for one in rows
            if item in one["items"] and (one["case"], one["recipient"]) == (row["case"], row["recipient"])
        ]


def test_04_agreements(place: Place) -> None:
    """As many as were signed; neither place signs any, so tests/desk/test_agreed.py has the rest."""
    signed = {one["data"]["agreement"] for one in place.standing("AgreementSigned")}
    assert {row["agreement"] for row in place.ask(4, "--at", "2025-06-30")} == signed
    nobody = call("audit", "ask", "agreements", "--db", place.db, "--recipient", "org:nobody")
    assert (nobody.status, nobody.out) == (2, b"")
    assert "recipient: expected an organisation that an entry names" in nobody.err


def test_05_overrides(place: Place) -> None:
    """Every override, its authoriser, whether the family was told, and the text that says the harm."""
    rows = place.ask(5)
    expected = place.all("SharingOverridden")
    assert [row["position"] for row in rows] == [one["position"] for one in expected]
    for row, one in zip(rows, expected, strict=True):
        assert all(row[name] == one["data"][name] for name in ("case", "recipient", "authorised_by", "family_told"))
        assert row["practitioner"] == by(one)
        assert isinstance(row["harm"], str)
        assert (row["if_not_why"] is None) == (one["data"]["if_not_why"] is None)
    on_it = [position for row in rows for position in row["shared"]]
    based = [one["position"] for one in place.standing("InformationShared") if one["data"]["basis"] == "override"]
    assert set(on_it) <= set(based)


def test_06_looked(place: Place) -> None:
    """Nobody has looked through a store that was only written to."""
    case = pick(place, "CaseOpened")["data"]["case"]
    assert place.ask(6, "--case", case) == []


def test_07_after_withdrawal(place: Place) -> None:
    """Every sharing between a person's withdrawal and that person's next consent."""
    decided, shared = place.standing("SharingConsentRecorded"), place.standing("InformationShared")
    expected = set()
    for at, no in enumerate(decided):
        if no["data"]["decision"] != "withdrawn":
            continue
        fields = ("case", "recipient", "purpose", "person")
        later = [
            naive.instant(one["occurred_at"])
            for one in decided[at + 1 :]
            if one["data"]["decision"] == "given" and all(one["data"][name] == no["data"][name] for name in fields)
        ]
        for one in shared:
            same = all(one["data"][name] == no["data"][name] for name in fields[:3])
            moment = naive.instant(one["occurred_at"])
            if same and naive.instant(no["occurred_at"]) <= moment and (not later or moment < later[0]):
                expected.add((no["position"], one["position"]))
    assert {(row["withdrawal"], row["position"]) for row in place.ask(7)} == expected


def test_08_told(place: Place) -> None:
    """Each standing decision of a person with the wording seen, and each override."""
    expected = place.standing("SharingConsentRecorded", "ServiceAgreementRecorded", "SharingOverridden")
    rows = place.ask(8)
    assert [row["position"] for row in rows] == [one["position"] for one in expected]
    assert [row["wording"] for row in rows] == [one["data"].get("wording") for one in expected]
    assert [row["family_told"] for row in rows] == [one["data"].get("family_told") for one in expected]


def test_09_relied(place: Place) -> None:
    """Only decisions, each on entries that are struck now, stood when it was recorded, and are about its case."""
    left = {one["position"] for one in naive.standing(place.entries)}
    for row in place.ask(9):
        decision = place.entries[row["position"] - 1]
        assert row["type"] == decision["type"]
        for position in row["relied_on"]:
            assert position not in left
            assert position < row["position"]
            assert set(place.entries[position - 1]["tags"]) & set(decision["tags"])
    diffed = call("diff", "0", "--db", place.db, "--json").json["relied_on_struck"]
    assert [(row["position"], row["relied_on"]) for row in place.ask("relied")] == [
        (row["position"], row["relied_on"]) for row in diffed
    ]


def test_10_exposed(place: Place) -> None:
    """Every struck entry about a case, with each organisation that was told something of the case while it stood."""
    left = {one["position"] for one in naive.standing(place.entries)}
    struck_at: dict[int, str] = {}
    for mark in place.all("MarkedInError"):
        if mark["position"] in left:
            struck_at.setdefault(mark["data"]["target"], mark["recorded_at"])
    expected = set()
    wrong = set()
    for position, until in struck_at.items():
        entry = place.entries[position - 1]
        for case in (tag for tag in entry["tags"] if tag.startswith("case:")):
            if entry["type"] == "MarkedInError":
                continue
            wrong.add((position, case))
            expected |= {
                (position, case, one["position"])
                for one in place.all("InformationShared")
                if one["data"]["case"] == case
                and one["position"] > position
                and naive.instant(entry["recorded_at"]) <= naive.instant(one["occurred_at"]) < naive.instant(until)
            }
    rows = place.ask(10)
    assert {(row["entry"], row["case"]) for row in rows} == wrong
    assert {(row["entry"], row["case"], row["position"]) for row in rows if row["how"] == "shared"} == expected


def test_11_unaltered(place: Place) -> None:
    """Size and root as `log verify` has them, and no doubt."""
    (row,) = place.ask(11)
    verified = call("log", "verify", "--db", place.db, "--json").json
    assert (row["size"], row["root"]) == (len(place.entries), verified["root"])
    assert (row["sound"], row["doubts"]) == (True, [])


@pytest.mark.parametrize("narrow", ["all", "team", "case"])
def test_12_then_and_now(place: Place, narrow: str) -> None:
    """Applied to the dashboard of the day, the rows give today's; each is explained by at least one entry."""
    at, opened = "2025-06-30", pick(place, "CaseOpened")["data"]
    options = {"all": (), "team": ("--team", opened["team"]), "case": ("--case", opened["case"])}[narrow]
    rows = place.ask(12, "--at", at, *options)
    for view in ("case_status", "request_queue", "package_status", "consent_status"):
        was, now = place.view(view, at), place.view(view)
        if narrow == "case":
            was, now = ([row for row in each if row["case"] == opened["case"]] for each in (was, now))
        if narrow == "team":
            was, now = (
                [row for row in rows_ if row["case"] in under]
                for rows_, under in ((was, cases_of(place, opened["team"], at)), (now, cases_of(place, opened["team"])))
            )
        mine = [row for row in rows if row["view"] == view]
        old, new = ({str(row) for row in rows_} for rows_ in (was, now))
        assert [row["before"] for row in mine if row["before"]] == [row for row in was if str(row) not in new]
        assert [row["after"] for row in mine if row["after"]] == [row for row in now if str(row) not in old]
    upto = naive.position_of(place.entries, at)
    for row in rows:
        moved = narrow == "team"  # a row that came under the team or left it may be the same itself
        assert row["because"] or moved
        for position in row["because"]:
            assert position > upto or not same_or_before(place.entries[position - 1]["occurred_at"], at)


def cases_of(place: Place, team: str, at: str | None = None) -> set[str]:
    return {row["case"] for row in place.view("case_status", at) if row["team"] == team}


def test_13_versions(place: Place) -> None:
    """The library, views, policies, rings and every event; of a case also what its entries were stored as."""
    case = pick(place, "CaseOpened")["data"]["case"]
    rows = place.ask(13, "--case", case)
    kinds = {kind: [row["name"] for row in some] for kind, some in itertools.groupby(rows, lambda row: row["kind"])}
    assert kinds["library"] == ["earlystart-core"]
    assert kinds["view"] == ["case_status", "consent_status", "package_status", "request_queue"]
    assert {"CaseOpened", "SubjectErased"} <= set(kinds["event"])
    judging = [f"{row['name']} {row['version']}" for row in rows if row["kind"] in ("access", "rings")]
    assert judging == [POLICY.name, f"rings {VERSION}"]
    stored = sum(row["entries"] for row in rows if row["kind"] == "entry")
    assert stored == sum(case in one["tags"] for one in place.entries)


def test_14_late(place: Place) -> None:
    """Every entry recorded more than 48 hours after what it tells of, by practitioner; imported ones where named."""
    all_late = [
        (by(one), one["position"])
        for one in place.entries
        if naive.instant(one["recorded_at"]) - naive.instant(one["occurred_at"]) > timedelta(hours=HOURS)
    ]
    imported = place.ask(14, "--practitioner", "practitioner:import")
    assert [row["position"] for row in imported] == [at for who, at in all_late if who == "practitioner:import"]
    rows = place.ask(14)
    expected = sorted(one for one in all_late if one[0] != "practitioner:import")
    assert [(row["practitioner"], row["position"]) for row in rows] == expected
    rows = rows or imported
    assert all(row["hours_late"] > HOURS for row in rows)
    some = place.ask("late", "--hours", "240", "--practitioner", rows[0]["practitioner"])
    assert some == [
        row
        for row in rows
        if row["practitioner"] == rows[0]["practitioner"]
        and naive.instant(row["recorded_at"]) - naive.instant(row["occurred_at"]) > timedelta(hours=240)
    ]


def test_15_kept(place: Place) -> None:
    """Nobody is due today; whoever is closed is, once the last birthday that counts has come."""
    assert place.ask(15, "--on", "2026-08-31") == []
    due = {row["subject"] for row in place.ask(15, "--on", "2080-01-01")}
    closed = {row["case"] for row in place.view("case_status") if row["status"] == "closed"}
    assert {subject for subject in due if subject.startswith("case:")} == closed


def test_16_held(place: Place) -> None:
    """Every entry about the case and its child's other names, and no other person's id in any of them."""
    case = pick(place, "SharingConsentRecorded")["data"]["case"]
    rows = place.ask(16, "--subject", case)
    assert {one["position"] for one in place.entries if case in one["tags"]} <= {row["position"] for row in rows}
    own = {row["family"] for row in place.view("case_status") if row["case"] == case} | {case}
    consents = [row for row in rows if row["type"] == "SharingConsentRecorded"]
    assert consents
    for row in rows:
        for value in row["fields"].values():
            for each in value if isinstance(value, list) else [value]:
                if str(each).partition(":")[0] in ("case", "family", "person"):
                    assert each in own


def test_17_necessary(place: Place) -> None:
    """Every standing sharing; no agreement was signed in either place, so nothing says how much is enough."""
    rows = place.ask(17)
    assert [row["position"] for row in rows] == sorted(one["position"] for one in place.standing("InformationShared"))
    assert {row["agreed"] for row in rows} <= {None}
    assert [row["items"] for row in rows] == [place.entries[row["position"] - 1]["data"]["items"] for row in rows]


def test_18_undecided(place: Place) -> None:
    """The cases without any standing decision about sharing."""
    decided = {one["data"]["case"] for one in place.standing("SharingConsentRecorded")}
    opened = {one["data"]["case"] for one in place.standing("CaseOpened")}
    assert {row["case"] for row in place.ask(18)} == opened - decided


def test_19_concerns(place: Place) -> None:
    """Each standing override, and the first sharing on an override or a duty that followed it."""
    rows = place.ask(19, "--hours", "1")
    raised = place.standing("SharingOverridden")
    assert [row["position"] for row in rows] == [one["position"] for one in raised]
    for row, one in zip(rows, raised, strict=True):
        since = naive.instant(one["occurred_at"])
        followed = [
            naive.instant(each["occurred_at"])
            for each in place.standing("InformationShared")
            if each["data"]["basis"] in ("override", "duty")
            and all(each["data"][name] == one["data"][name] for name in ("case", "recipient"))
            and naive.instant(each["occurred_at"]) >= since
        ]
        assert row["within"] == bool(followed and followed[0] - since <= timedelta(hours=1))
        assert (row["shared_at"] is None) == (not followed)


def test_20_contact(place: Place) -> None:
    """The latest name told, as known on that day and as known now."""
    opened = pick(place, "CaseOpened")
    case, at = opened["data"]["case"], "2025-12-31"
    rows = place.ask(20, "--case", case, "--at", at)
    assert [row["as_known"] for row in rows] == ["then", "now"]
    for row, known in zip(rows, (at, None), strict=True):
        facts = naive.of(naive.standing(place.entries, known, at), "PointOfContactNamed")
        named = naive.grouped(facts, "case").get(case)
        assert row["point_of_contact"] == (named[-1]["data"]["practitioner"] if named else None)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_each_is_the_same_by_number_by_name_and_before_the_first_entry(place: Place, question: Any) -> None:
    """A name may be written with hyphens; at position 0 nothing has happened, and every question says so."""
    opened = pick(place, "CaseOpened")["data"]
    given = {
        "case": opened["case"],
        "subject": opened["case"],
        "practitioner": "practitioner:unknown",
        "at": "2025-06-30",
    }
    options = [part for name in question.needs for part in (f"--{name}", given[name])]
    options += ["--case", opened["case"]] if question.number == 2 else []
    assert place.ask(question.number, *options) == place.ask(question.name.replace("_", "-"), *options)
    nothing = call("audit", "ask", question.number, "--db", place.db, "--json", *options, "--known", "0")
    assert nothing.status == 0
    whole = question.name == "unaltered"  # which reads the whole log, at any clocks
    assert nothing.err.startswith(f"known={len(place.entries)}@" if whole else "known=0")
