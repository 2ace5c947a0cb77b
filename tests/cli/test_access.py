"""Reading as someone, who looked, and broken glasses on the command line."""

import io
import sys
from pathlib import Path

import pytest

from earlystart_core import Record
from earlystart_core.entry import Entry

from .conftest import call

CARE = ("--employer", "org:lch", "--purpose", "direct_care")
LEAD = ("--role", "team_lead", "--employer", "org:lch", "--purpose", "service_management")
OFFICER = ("--role", "information_governance", "--employer", "org:lch", "--purpose", "audit")
WHO, OTHER = ("practitioner:" + f"{number:026d}" for number in (1, 2))
KEYS = [
    *("action", "at", "break_glass", "employer"),
    *("known", "practitioner", "purpose", "result", "rings", "role", "rules", "subject"),
]


@pytest.fixture
def held(copy: Path) -> tuple[str, str, str]:
    """A package that someone delivers now: its case, the practitioner, and the case's team."""
    with Record.open(str(copy)) as record:
        package = next(row for row in record.view("package_status") if row["practitioner"] and not row["ended_at"])
        team = record.view("case_status", case=package["case"])[0]["team"]
    return package["case"], package["practitioner"], team


def breaks(copy: Path, case: str, monkeypatch: pytest.MonkeyPatch, *more: str, why: bytes = b"The mother rang.\n"):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(why), encoding="utf-8"))
    who = ("--as", WHO, "--role", "health_visitor", "--employer", "org:lch", "--purpose", "safeguarding")
    return call("glass", "break", case, "--db", copy, "--reason", "danger_of_harm", *who, *more)


def test_a_named_reader_is_judged_and_recorded(copy: Path, held: tuple[str, str, str]) -> None:
    case, practitioner, team = held
    as_holder = ("--as", practitioner, "--role", "health_visitor", *CARE)
    shown = call("timeline", case, "--db", copy, "--json", *as_holder)
    assert (shown.status, len(shown.json)) == (0, len(call("timeline", case, "--db", copy, "--json").json))
    refused = call("timeline", case, "--db", copy, "--as", WHO, "--role", "health_visitor", *CARE)
    assert (refused.status, refused.out) == (1, b"")
    assert refused.err.endswith(f"may not read {case}: default.deny (early_start_access 1)\n")
    rows = call("audit", "access", "--db", copy, "--case", case, "--json").json
    assert [(row["practitioner"], row["result"]) for row in rows] == [(practitioner, "permitted"), (WHO, "refused")]
    assert all(sorted(row) == KEYS for row in rows)
    mine = call("view", "case_status", "--db", copy, "--json", "--as", WHO, "--role", "nursery_nurse", *CARE,
                "--of-team", team)  # fmt: skip
    everyone = call("view", "case_status", "--db", copy, "--json", "--team", team).json
    assert {row["case"] for row in mine.json} == {row["case"] for row in everyone if row["status"] == "open"}
    early = call("view", "case_status", "--db", copy, "--json", "--known", "1", *as_holder)
    assert early.err.startswith("known=1@")


def test_a_reader_says_which_cases_are_of_their_own_family(
    copy: Path, held: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ties them to it, they are refused; lists go on without it."""
    case, practitioner, _ = held
    other = next(row["case"] for row in call("view", "case_status", "--db", copy, "--json").json if row["case"] != case)
    who = ("--as", practitioner, "--role", "health_visitor", *CARE, "--own", case, "--own", other)
    head = call("log", "verify", "--db", copy, "--json").json["size"]
    refused = [
        call("timeline", case, "--db", copy, *who),
        call("audit", "could-see", case, "--db", copy, "--known", head, *who),
        breaks(copy, case, monkeypatch, "--own", case),
    ]
    assert [(found.status, "forbid.own_family" in found.err) for found in refused] == [(1, True)] * 3
    mine = call("view", "case_status", "--db", copy, "--json", *who).json
    assert not {case, other} & {row["case"] for row in mine}
    glass = breaks(copy, case, monkeypatch).lines[0]
    review = call("glass", "review", glass, "--db", copy, "--outcome", "justified", "--as", OTHER, *LEAD, "--own", case)
    assert (review.status, "forbid.own_family" in review.err) == (1, True)


def test_every_question_of_a_reader_can_be_asked_as_one(copy: Path, held: tuple[str, str, str]) -> None:
    """Judged and recorded, then the answer that anyone gets; or refused, and nothing is shown."""
    case, practitioner, team = held
    worker = ("--as", practitioner, "--role", "health_visitor", *CARE)
    officer, stranger = ("--as", OTHER, *OFFICER), ("--as", WHO, "--role", "teacher", *CARE)
    asked = (
        (("caseload", "--team", team), worker, "count"),
        (("caseload", "--known", "700"), worker, "count"),
        (("tiers",), officer, "count"),
        (("tiers", "--effective", "2025-06-30"), officer, "count"),
        (("audit", "disclosures"), officer, "audit"),
        (("audit", "disclosures", "--known", "2025-12-31"), officer, "audit"),
        (("audit", "disclosures", "--case", case), worker, "read"),
        (("audit", "access", "--case", case), officer, "audit"),
    )
    for number, (command, reader, action) in enumerate(asked, 1):
        before = call(*command, "--db", copy, "--json")
        shown = call(*command, "--db", copy, "--json", *reader)
        assert (shown.status, shown.err) == (0, before.err), command
        refused = call(*command, "--db", copy, "--json", *stranger)
        assert (refused.status, refused.out) == (1, b""), command
        assert refused.err.count("\n") == 1
        looks = call("audit", "access", "--db", copy, "--json").json
        assert len(looks) == 2 * number
        assert [look["result"] for look in looks[-2:]] == ["permitted", "refused"]
        assert {look["action"] for look in looks[-2:]} == {action}
        if command[:2] == ("audit", "access"):  # this asking stands in it too
            assert shown.json == [*before.json, looks[-2]]
        else:
            assert shown.json == before.json


def test_what_someone_could_have_seen(copy: Path, held: tuple[str, str, str]) -> None:
    case, practitioner, _ = held
    head = call("log", "verify", "--db", copy, "--json").json["size"]
    who = ("--role", "health_visitor", *CARE, "--known", head, "--db", copy)
    found = call("audit", "could-see", case, "--as", practitioner, *who, "--json")
    assert (found.status, len(found.json)) == (0, len(call("timeline", case, "--db", copy, "--json").json))
    assert "permit by read.allocated" in found.err
    assert call("audit", "could-see", case, "--as", practitioner, *who).lines
    none = call("audit", "could-see", case, "--as", WHO, *who, "--json")
    assert (none.status, none.json) == (1, [])
    assert "deny by default.deny (early_start_access 1)" in none.err
    assert call("audit", "access", "--db", copy, "--json").json == []


def test_without_a_reader_nothing_is_recorded(copy: Path, held: tuple[str, str, str]) -> None:
    assert call("timeline", held[0], "--db", copy).status == 0
    found = call("audit", "access", "--db", copy)
    assert (found.status, found.out) == (0, b"")
    assert "no rows" in found.err


def test_an_outside_reader_is_not_told_who_recorded(copy: Path, held: tuple[str, str, str]) -> None:
    case = held[0]
    with Record.open(str(copy)) as record:
        from earlystart_core import Practitioner, RecordSharingConsent

        by = Practitioner(WHO, "health_visitor", "org:lch")
        order = RecordSharingConsent(
            case=case, person="person:" + "0" * 26, capacity="parent_with_pr", recipient="org:new-nursery",
            purpose="nursery_place", decision="given", wording="w-1",
        )  # fmt: skip
        record.submit(order, by=by)
    outside = ("--as", OTHER, "--role", "nursery_worker", "--employer", "org:new-nursery", "--purpose", "nursery_place")
    found = call("timeline", case, "--db", copy, *outside)
    assert found.status == 0
    text = found.out.decode()
    assert "Case opened" in text
    assert "by a hand that this reader may not know" in text
    assert "Tier decided" not in text
    assert "health_visitor" not in text


def test_a_glass_is_broken_used_listed_and_reviewed(
    copy: Path, held: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = held[0]
    broken = breaks(copy, case, monkeypatch, "--hours", "2")
    assert broken.status == 0
    glass = broken.lines[0].split()[0]
    by_it = ("--as", WHO, "--role", "health_visitor", "--employer", "org:lch", "--purpose", "safeguarding")
    assert call("timeline", case, "--db", copy, *by_it).status == 1
    assert call("timeline", case, "--db", copy, *by_it, "--glass", glass).status == 0
    row = call("audit", "break-glass", "--db", copy, "--json").json[0]
    assert (row["break_glass"], row["state"], row["text"]) == (glass, "open", "The mother rang.")
    assert call("doctor", "--db", copy, "--json").json["glass"] == {"unreviewed": 1, "overdue": 0}
    own = call("glass", "review", glass, "--db", copy, "--outcome", "justified", "--as", WHO, *LEAD)
    assert (own.status, "forbid.own_review" in own.err) == (1, True)
    assert call("glass", "review", glass, "--db", copy, "--outcome", "justified", "--as", OTHER, *OFFICER).status == 0
    assert call("audit", "break-glass", "--db", copy, "--json").json == []
    assert call("audit", "break-glass", "--db", copy, "--json", "--all").json[0]["reviewed_by"] == OTHER
    again = call("glass", "review", glass, "--db", copy, "--outcome", "unclear", "--as", OTHER, *OFFICER)
    assert (again.status, "was reviewed before" in again.err) == (1, True)


def test_the_access_log_is_checked_before_it_is_believed(copy: Path, held: tuple[str, str, str]) -> None:
    case, practitioner, _ = held
    for _ in range(3):
        call("timeline", case, "--db", copy, "--as", practitioner, "--role", "health_visitor", *CARE)
    sound = call("audit", "access", "--db", copy, "--check", "--json")
    assert (sound.status, len(sound.json)) == (0, 3)
    assert sound.err.splitlines()[0] == "access log: sound, 3 entries"
    assert "access log:" not in call("audit", "access", "--db", copy).err
    with Record.open(str(copy)) as record, record.store.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER look_tag_no_DELETE")
        connection.exec_driver_sql("DELETE FROM look_tag WHERE position = 2")
    found = call("audit", "access", "--db", copy, "--check", "--case", case, "--json")
    assert (found.status, len(found.json)) == (1, 2)
    assert "access log: position 2: whom it is about is not what the index says" in found.err


def looked_at(copy: Path, held: tuple[str, str, str], *statements: str) -> None:
    """Three looks at a case; then someone else writes into the access log."""
    for _ in range(3):
        call("timeline", held[0], "--db", copy, "--as", held[1], "--role", "health_visitor", *CARE)
    with Record.open(str(copy)) as record, record.store.database.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("column", "doubt"),
    [("frame", "expected the canonical bytes of an entry, got other bytes"), ("data", "its data is gone")],
)
def test_one_look_that_cannot_be_read_is_reported_and_the_others_are_answered(
    copy: Path, held: tuple[str, str, str], column: str, doubt: str
) -> None:
    looked_at(copy, held, "DROP TRIGGER look_no_UPDATE", f"UPDATE look SET {column} = 5 WHERE position = 2")
    for asked in (("--case", held[0]), ()):
        found = call("audit", "access", "--db", copy, "--json", *asked)
        assert [row["result"] for row in found.json] == ["permitted", "unreadable", "permitted"]
        assert found.json[1]["rules"] == ["entry 2 cannot be read"]
        assert (found.status, "access log: 1 entry cannot be read" in found.err) == (0, True)
        checked = call("audit", "access", "--db", copy, "--json", "--check", *asked)
        assert (checked.status, checked.out) == (1, found.out)
        found = [line for line in checked.err.splitlines() if "position 2" in line]
        cannot = "access log: position 2: the entry cannot be read: expected who looked, got something else"
        assert (found[0], found[-1]) == (f"access log: position 2: {doubt}", cannot)


def test_a_look_that_is_whole_but_says_nothing_is_a_doubt_too(copy: Path, held: tuple[str, str, str]) -> None:
    looked_at(copy, held)
    with Record.open(str(copy)) as record:
        record.store.access.append([Entry("Peeked", b"{}", [held[0]])])
        assert record.access_proof.verify().sound
    found = call("audit", "access", "--db", copy, "--json", "--check")
    assert (found.status, len(found.json)) == (1, 4)
    said = "access log: position 4: the entry cannot be read: expected who looked, got something else"
    assert found.err.splitlines()[0] == said


def test_doubts_are_told_of_an_access_log_that_cannot_be_read(copy: Path, held: tuple[str, str, str]) -> None:
    looked_at(copy, held, "DROP TABLE look_tag")
    found = call("audit", "access", "--db", copy, "--check", "--case", held[0], "--json")
    assert (found.status, found.out) == (1, b"")
    assert "access log: the table look_tag of the access log is gone: the others are there" in found.err
    assert "access log: it cannot be read: " in found.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("timeline", "CASE", "--role", "health_visitor"), "--role: expected --as with it"),
        (("view", "case_status", "--glass", "glass:1"), "--glass: expected --as with it"),
        (("timeline", "CASE", "--own", "CASE"), "--own: expected --as with it"),
        (("timeline", "CASE", "--as", WHO, *OFFICER, "--own", "anna"), "reader.own: expected case:"),
        (("caseload", "--of-team", "team:armley"), "--of-team: expected --as with it"),
        (("tiers", "--as", WHO, "--role", "health_visitor"), "--employer: expected with --as"),
        (("audit", "disclosures", "--purpose", "audit"), "--purpose: expected --as with it"),
        (("audit", "access", "--as", "jo", *OFFICER), "reader.practitioner: expected practitioner:"),
        (("timeline", "CASE", "--as", WHO), "--role: expected with --as"),
        (("timeline", "CASE", "--as", "jo", *OFFICER), "reader.practitioner: expected practitioner:"),
        (("timeline", "anna", "--as", WHO, *OFFICER), "case: expected case:"),
        (("view", "case_status", "--as", WHO, *OFFICER, "--of-team", "x y"), "reader.team: expected team:"),
        (("audit", "access", "--case", "anna"), "case: expected case:"),
        (("audit", "access", "--since", "yesterday"), "since: expected a date such as 2026-03-31 or an instant"),
        (("audit", "break-glass", "--case", "anna"), "case: expected case:"),
        (("glass", "review", "glass:1", "--outcome", "fine", "--as", WHO, *OFFICER), "outcome: expected one of"),
    ],
)
def test_a_wrong_call_is_one_sentence(copy: Path, arguments: tuple[str, ...], said: str) -> None:
    case = "case:" + "0" * 26
    found = call(*[case if one == "CASE" else one for one in arguments], "--db", copy)
    assert (found.status, found.out) == (2, b"")
    assert found.err.startswith(f"earlystart: {said}")
    assert found.err.count("\n") == 1


@pytest.mark.parametrize(("why", "said"), [(b" ", "text: expected why"), (b"\xff", "text: expected text in UTF-8")])
def test_breaking_without_saying_why_is_refused(
    copy: Path, held: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch, why: bytes, said: str
) -> None:
    found = breaks(copy, held[0], monkeypatch, why=why)
    assert (found.status, found.out) == (2, b"")
    assert found.err.startswith(f"earlystart: {said}")
