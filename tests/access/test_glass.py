"""Break-glass: one case, some hours, reading alone, a reason that is sealed, and a review by someone else."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from earlystart_core import NotPermitted, Record, Refused
from earlystart_core.access.breaking import HOURS
from earlystart_core.access.glass import REVIEW_DAYS
from earlystart_core.errors import Invalid, StoreUnavailable

from .conftest import *

LEAD = Reader(KIM, "team_lead", LCH, "service_management")


def smashed(record: Record, by: Reader = STRANGER, **more) -> Reader:
    """The reader with a glass for Anna."""
    glass = record.glass.break_for(ANNA, reason="danger_of_harm", text=WHY, by=by, **more)
    return replace(by, break_glass=glass.id)


def test_a_glass_opens_one_case_for_reading(record: Record) -> None:
    with pytest.raises(NotPermitted):
        record.seen_by(STRANGER).timeline(ANNA)
    seen = record.seen_by(smashed(record))
    told = next(row for row in seen.timeline(ANNA) if row["type"] == "TierDecided")
    assert told["fields"]["reason"] == SECRET
    for refused in (
        lambda: seen.timeline(BEN),
        lambda: seen.view("case_status"),
        seen.caseload,
        seen.disclosures,
        seen.looked,
    ):
        with pytest.raises(NotPermitted):
            refused()
    assert not any(seen.may(action, ANNA).permitted for action in ("export", "erase", "administer", "break_glass"))
    rows = record.looked(case=ANNA)
    assert [(row["action"], row["result"]) for row in rows[:3]] == [
        ("read", "refused"),
        ("break_glass", "permitted"),
        ("read", "permitted"),
    ]
    assert rows[2]["rules"] == ["read.glass"]
    assert rows[2]["break_glass"] == rows[1]["break_glass"] == seen.reader.break_glass


def test_a_glass_does_not_reach_further_than_its_holder(record: Record) -> None:
    """It stands for a tie, not for another profession."""
    worker = Reader(PAT, "early_years_practitioner", COUNCIL, "safeguarding")
    told = [row for row in record.seen_by(smashed(record, worker)).timeline(ANNA) if row["type"] == "TierDecided"]
    assert told[0]["fields"] == {"case": ANNA, "tier": "universal_plus"}


def test_a_glass_is_its_holders_alone_and_ends(record: Record, clock) -> None:
    mine = smashed(record, hours=2)
    with pytest.raises(NotPermitted):
        record.seen_by(replace(mine, practitioner=KIM)).timeline(ANNA)
    with pytest.raises(NotPermitted):
        record.seen_by(replace(mine, role="nursery_nurse")).timeline(ANNA)
    assert record.seen_by(mine).timeline(ANNA)
    clock.now += timedelta(hours=2)
    with pytest.raises(NotPermitted, match=r"default\.deny"):
        record.seen_by(mine).timeline(ANNA)


def test_a_glass_that_is_over_stays_so_when_the_clock_is_set_back(record: Record, clock) -> None:
    """The access log's instants never fall: once one of them is past its end, no clock brings a glass back."""
    mine = smashed(record, hours=2)
    start = clock.now
    clock.now += timedelta(hours=2)
    with pytest.raises(NotPermitted):
        record.seen_by(mine).timeline(ANNA)
    clock.now = start
    with pytest.raises(NotPermitted, match=r"default\.deny"):
        record.seen_by(mine).timeline(ANNA)


def test_a_review_that_was_overdue_stays_so_when_the_clock_is_set_back(record: Record, clock) -> None:
    smashed(record)
    start = clock.now
    clock.now += timedelta(days=REVIEW_DAYS)
    record.seen_by(OFFICER).looked()
    clock.now = start
    assert record.glass.rows()[0]["state"] == "overdue"


def test_after_a_clock_that_ran_ahead_a_glass_lasts_its_hours_and_no_longer(record: Record, clock) -> None:
    """The access log then waits for the world; a glass broken meanwhile neither ends at once nor lasts until then."""
    start = clock.now
    clock.now += timedelta(days=365)
    record.seen_by(OFFICER).looked()
    clock.now = start
    mine = smashed(record, hours=2)
    assert record.seen_by(mine).timeline(ANNA)
    assert record.glass.rows()[0]["state"] == "open"
    clock.now = start + timedelta(hours=2)
    with pytest.raises(NotPermitted):
        record.seen_by(mine).timeline(ANNA)
    clock.now = start + timedelta(days=REVIEW_DAYS)
    assert record.glass.rows()[0]["state"] == "overdue"


def test_a_glass_broken_while_the_clock_ran_ahead_ends_when_it_is_set_right(record: Record, clock) -> None:
    start = clock.now
    clock.now += timedelta(days=365)
    mine = smashed(record)
    assert record.seen_by(mine).timeline(ANNA)
    clock.now = start
    with pytest.raises(NotPermitted, match=r"default\.deny"):
        record.seen_by(mine).timeline(ANNA)
    assert record.glass.rows()[0]["state"] == "overdue"


def test_an_officer_opens_text_by_a_glass_alone(record: Record) -> None:
    seen = record.seen_by(smashed(record, OFFICER))
    assert next(row for row in seen.timeline(ANNA) if row["type"] == "TierDecided")["fields"]["reason"] == SECRET


def test_who_may_not_break_it_is_recorded(record: Record) -> None:
    for by in (OUTSIDE, replace(STRANGER, role="astrologer"), replace(STRANGER, own=(ANNA,)), smashed(record)):
        with pytest.raises(NotPermitted, match="may not break glass"):
            smashed(record, by)
    assert sorted(row["result"] for row in record.looked(case=ANNA)) == ["permitted", *["refused"] * 4]
    assert len(record.glass.rows()) == 1


def test_someone_else_reviews_it_once(record: Record) -> None:
    mine = smashed(record)
    glass = mine.break_glass
    for by in (replace(LEAD, practitioner=PAT), replace(OFFICER, practitioner=PAT)):
        with pytest.raises(NotPermitted, match=r"forbid\.own_review"):
            record.glass.review(glass, outcome="justified", by=by)
    with pytest.raises(NotPermitted, match=r"default\.deny"):
        record.glass.review(glass, outcome="justified", by=ALLOCATED)
    assert record.glass.rows()[0]["state"] == "open"
    record.glass.review(glass, outcome="justified", by=LEAD)
    row = record.glass.rows(case=ANNA)[0]
    assert (row["state"], row["outcome"], row["reviewed_by"]) == ("reviewed", "justified", KIM)
    with pytest.raises(Refused, match="was reviewed before") as raised:
        record.glass.review(glass, outcome="unclear", by=OFFICER)
    assert raised.value.code == "glass.reviewed"
    assert [row["action"] for row in record.looked(case=ANNA) if row["result"] == "permitted"] == [
        "break_glass",
        "review",
    ]


def test_a_review_that_is_late_is_listed_as_overdue(record: Record, clock) -> None:
    smashed(record)
    row = record.glass.rows()[0]
    assert row["until"] - row["at"] <= timedelta(hours=4)
    assert timedelta(0) <= row["at"] + timedelta(days=REVIEW_DAYS) - row["review_by"] < timedelta(minutes=1)
    clock.now = row["review_by"] - timedelta(minutes=1)
    assert record.glass.rows()[0]["state"] == "open"
    clock.now = row["review_by"]
    assert record.glass.rows()[0]["state"] == "overdue"
    assert record.glass.rows(case=BEN).rows == []


def test_why_is_sealed_for_the_case(record: Record) -> None:
    """It opens for who has the keys, and is gone when the case is erased; that the glass was broken stays."""
    smashed(record)
    assert record.glass.rows()[0]["text"] == WHY
    stored = b"".join(one.event.data for one in record.store.access.about())
    assert WHY.encode() not in stored
    assert b"sealed" in stored
    record.erase(ANNA, authority="Caldicott guardian, IG-7", second_authority="Head of IG, IG-7", by=BY)
    assert record.glass.rows()[0]["text"] == "(erased)"
    with pytest.raises(Refused, match="was erased"):
        smashed(record)
    assert record.access_proof.verify().sound


def test_a_glass_that_cannot_be_recorded_is_not_broken(record: Record, monkeypatch) -> None:
    def full(entries, **_):
        raise StoreUnavailable("no room")

    with monkeypatch.context() as patch:
        patch.setattr(record.store.access, "append", full)
        with pytest.raises(StoreUnavailable):
            smashed(record)
    assert record.glass.rows().rows == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"case": "anna"}, "case: expected case:"),
        ({"reason": "curiosity"}, "reason: expected one of danger_of_harm"),
        ({"text": " \n"}, "text: expected why in words"),
        ({"text": "x" * 2_001}, "text: expected why in words"),
        ({"text": None}, "text: expected why in words"),
        ({"text": "a\x07"}, "text: expected plain text"),
        ({"hours": 0}, f"hours: expected a whole number from 1 to {HOURS}"),
        ({"hours": HOURS + 1}, f"hours: expected a whole number from 1 to {HOURS}"),
        ({"hours": True}, f"hours: expected a whole number from 1 to {HOURS}"),
        ({"by": BY}, "reader: expected a Reader, got Practitioner"),
    ],
)
def test_breaking_wrongly_is_one_sentence(lasting: Record, wrong: dict, said: str) -> None:
    given = {"case": ANNA, "reason": "danger_of_harm", "text": WHY, "by": STRANGER, "hours": 4} | wrong
    with pytest.raises(Invalid) as raised:
        lasting.glass.break_for(given.pop("case"), **given)
    assert str(raised.value).startswith(said)
    assert lasting.looked().rows == []


def test_reviewing_wrongly_is_one_sentence(lasting: Record) -> None:
    unheard = "glass:" + "0" * 26
    for glass, outcome, said in (
        ("glass", "justified", "break_glass: expected glass:"),
        (None, "justified", "break_glass: expected glass:"),
        (unheard, "fine", "outcome: expected one of justified, not_justified, unclear, got 'fine'"),
    ):
        with pytest.raises(Invalid) as raised:
            lasting.glass.review(glass, outcome=outcome, by=LEAD)
        assert str(raised.value).startswith(said)
    assert lasting.looked().rows == []
