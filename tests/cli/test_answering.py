"""What a question came to, in one line on standard error beside the rows for people; data stays as it is."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from earlystart_cli.answering import line_of
from earlystart_core import CloseCase, PlaceLegalHold, Practitioner, Reader, Record, SignAgreement
from tests.desk.making import Desk

from .conftest import call


def said(city: Path, question: str, *options: object) -> tuple[list[dict[str, Any]], str]:
    """The rows, and the last line on standard error of the answer for people. The rows alone come with the clocks."""
    data = call("audit", "ask", question, "--db", city, "--json", *options)
    assert data.err.count("\n") == 1
    assert data.err.startswith("known=")
    shown = call("audit", "ask", question, "--db", city, *options)
    assert (data.status, shown.status) == (0, 0)
    return data.json, shown.err.splitlines()[-1]


def test_3_how_many_sharings_had_nobodys_decision(city: Path) -> None:
    rows, line = said(city, "3")
    shared = {row["position"]: row["consent"] for row in rows}
    alone = sum(consent is None for consent in shared.values())
    assert line == f"{len(shared):,} sharings, {alone:,} of them with nobody's decision behind it"


def test_8_how_often_a_family_was_told(city: Path) -> None:
    rows, line = said(city, "told")
    worded = sum(bool(row["wording"]) for row in rows)
    overrides = [row["family_told"] for row in rows if row["told"] == "override"]
    assert line == (
        f"told by a wording at {worded} of {len(rows) - len(overrides)} decisions; {len(overrides)} "
        f"override{'s' * (len(overrides) != 1)}, {overrides.count(False)} of them without telling the family"
    )


def test_14_how_many_entries_came_late(city: Path) -> None:
    rows, line = said(city, "14", "--hours", "72")
    who = len({row["practitioner"] for row in rows})
    assert line == f"{len(rows):,} entries recorded more than 72 hours late, by {who} practitioners"
    assert said(city, "late", "--hours", "1000000") == ([], "0 entries recorded more than 1,000,000 hours late")


def test_19_how_many_concerns_were_answered_in_time(city: Path) -> None:
    rows, line = said(city, "concerns", "--hours", "1")
    within = sum(row["within"] for row in rows)
    things = "concern" if len(rows) == 1 else "concerns"
    assert line == f"{within} of {len(rows)} {things} answered by a sharing within 1 hour"


def test_6_and_10_say_so_where_nobody_looked(city: Path) -> None:
    assert said(city, "looked") == ([], "nobody looked, as the access log has it")
    one = f"practitioner:{'0' * 26}"
    assert said(city, "looked", "--practitioner", one) == (
        [],
        "that practitioner did not look, as the access log has it",
    )
    assert said(city, "exposed", "--known", "1") == ([], "nobody looked: no such entry is marked in error")


def test_10_how_many_wrong_entries_somebody_saw(city: Path) -> None:
    rows, line = said(city, "exposed")
    seen = [row for row in rows if row["how"] is not None]
    wrong, exposed = ({row["entry"] for row in some} for some in (rows, seen))
    assert line.startswith(f"exposed to someone: {len(exposed)} of {len(wrong)} entr")
    assert line.endswith(f" marked in error, {len(seen)} time{'s' * (len(seen) != 1)}")


def test_1_says_what_allowed_needs(city: Path) -> None:
    told = call("audit", "ask", "told", "--db", city, "--json").json[0]
    head = call("log", "verify", "--db", city, "--json").json["size"]
    about = ("--case", told["case"], "--practitioner", f"practitioner:{'0' * 26}", "--at", head)
    rows, line = said(city, "could-see", *about)
    assert {row["allowed"] for row in rows} == {None}
    assert line.startswith("allowed was not judged: expected --role and --employer")
    rows, line = said(city, "1", *about, "--role", "health_visitor", "--employer", "org:lch")
    assert line == f"0 of {len(rows)} entries could be seen"
    assert {row["allowed"] for row in rows} == {False}


@pytest.mark.parametrize("question", ["contact", "versions", "held"])
def test_other_questions_have_no_line(question: str) -> None:
    assert line_of(question, [], {}) is None


def test_3_an_item_that_nothing_was_shared_under_is_named(city: Path) -> None:
    assert said(city, "3", "--item", "tiers") == ([], "nothing was shared under the exact name 'tiers'")


def test_4_how_many_agreements_covered_it(tmp_path: Path) -> None:
    db = tmp_path / "agreed.db"
    by = Practitioner("practitioner:unknown", role="information_governance", employer="org:lch")
    with Record.open(str(db)) as record:
        for recipient in ("org:little-owls", "org:gp-practice"):
            terms = {"purposes": ["nursery_place"], "items": ["tier"], "lawful_basis": "public_task"}
            record.submit(
                SignAgreement(
                    agreement=record.new_id("agreement"),
                    parties=["org:lch", recipient],
                    **terms,
                    starts_on=date(2020, 1, 1),
                    wording="sharing-1",
                ),
                by=by,
            )
    assert said(db, "4", "--recipient", "org:gp-practice", "--purpose", "nursery_place")[1] == (
        "1 of 1 agreement covered what was asked"
    )
    assert said(db, "4", "--purpose", "nursery")[1] == "0 of 2 agreements covered what was asked"
    assert said(db, "4", "--known", "0") == ([], "no such agreement was signed")


def test_7_how_often_a_no_was_passed_over(city: Path) -> None:
    rows, line = said(city, "7")
    shared = {row["position"] for row in rows if row["what"] == "shared"}
    knew = {row["position"] for row in rows if row["what"] == "shared" and row["knew"]}
    assert shared
    assert line == (
        f"{len(shared)} sharings after a no, {len(knew)} of them when it was known;"
        f" {len(rows) - sum(row['what'] == 'shared' for row in rows)} readings"
    )
    assert said(city, "7", "--known", "1") == ([], "nothing was shared or read after a no")


def test_7_a_reading_after_the_noes_of_two_people_is_one() -> None:
    """Its rows are two, one a no; whoever is told how often the case was read is told of one reading."""
    desk = Desk()
    people = [desk.record.new_id("person") for _ in range(2)]
    for person in people:
        desk.decide("given", person=person)
    nursery = Reader(desk.record.new_id("practitioner"), "nursery_worker", "org:b", "p")
    before = desk.now
    desk.now += timedelta(hours=1)
    desk.record.seen_by(nursery).timeline(desk.case)
    for person in people:
        desk.decide("withdrawn", person=person, occurred_at=before)
    rows = desk.ask("after_withdrawal").rows
    assert [row["what"] for row in rows] == ["read", "read"]
    assert line_of("after_withdrawal", rows, {}) == "0 sharings after a no, 0 of them when it was known; 1 reading"


def test_11_what_the_log_was_held_against(copy: Path, tmp_path: Path) -> None:
    assert said(copy, "11")[1] == "compared with no checkpoint: it can only be said that the log agrees with itself"
    key, vkey = tmp_path / "log.pem", tmp_path / "log.vkey"
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    vkey.write_text(call("log", "checkpoint", "--db", copy, "--key", key).err.removeprefix("vkey "))
    rows, line = said(copy, "11", "--vkey", vkey)
    good = f"nothing that the checkpoint of {rows[0]['size']:,} entries covers was altered since"
    assert line == good
    assert said(copy, "11")[1] == f"{good}; its signature was not checked: expected --vkey for that"


def test_15_how_much_is_due(city: Path) -> None:
    assert said(city, "15") == ([], "due for disposal: 0; under a legal hold: 0")
    rows, line = said(city, "15", "--on", "2099-01-01")
    assert rows
    assert line == f"due for disposal: {len(rows)}; under a legal hold: 0"


def test_15_what_is_held_is_not_said_to_be_within_its_time() -> None:
    """It was kept long enough, and is not due all the same: the line counts what is due."""
    desk = Desk()
    desk.do(CloseCase(case=desk.case, reason="moved_out"))
    desk.do(PlaceLegalHold(hold="hold:inquiry-7", authority="Inquiry 7", case=desk.case))
    (row,) = rows = desk.ask("kept", on="2099-01-01").rows
    assert (row["kept_until"] < date(2099, 1, 1), row["due"]) == (True, False)
    assert line_of("kept", rows, {}) == "due for disposal: 0; under a legal hold: 1"


def test_17_how_many_sharings_went_too_far(city: Path) -> None:
    rows, line = said(city, "17")
    unsaid = sum(row["agreed"] is None for row in rows)
    beyond = sum(bool(row["beyond"]) for row in rows)
    went = f"{beyond} of {len(rows)} sharings went beyond what was agreed"
    assert line == f"{went}; of {unsaid} no agreement says how much is enough"
