"""A reader's own family: no question of theirs reaches it, one case at a time, in a list, or about who looked."""

import pytest
from msgspec.structs import replace

from earlystart_core import RecordSharingConsent, ShareInformation
from earlystart_core.errors import NotPermitted

from .conftest import *

AUNT = replace(OFFICER, own=(ANNA,))
OWN = ["forbid.own_family"]


@pytest.fixture
def shared(record: Record) -> Record:
    """Something was shared about each of the two children."""
    for case in (ANNA, BEN):
        about = {"case": case, "recipient": OWLS, "purpose": "nursery_place"}
        agreed = {"person": MOTHER, "capacity": "parent_with_pr", "decision": "given", "wording": "w-1"}
        record.submit(RecordSharingConsent(**about, **agreed), by=BY)
        record.submit(ShareInformation(**about, items=("development",), basis="consent"), by=BY)
    return record


@pytest.mark.parametrize("ask", ["timeline", "view", "disclosures", "looked"])
def test_one_own_case_is_refused_whatever_is_asked_and_the_refusal_recorded(shared: Record, ask: str) -> None:
    seen = shared.seen_by(AUNT)
    asked = {
        "timeline": lambda: seen.timeline(ANNA),
        "view": lambda: seen.view("case_status", case=ANNA),
        "disclosures": lambda: seen.disclosures(ANNA),
        "looked": lambda: seen.looked(ANNA),
    }
    with pytest.raises(NotPermitted, match=rf"{ANNA}: forbid\.own_family"):
        asked[ask]()
    assert [(row["subject"], row["result"], row["rules"]) for row in shared.looked()] == [(ANNA, "refused", OWN)]
    assert not seen.may("audit", ANNA).permitted


def test_who_looked_at_another_child_is_answered(shared: Record) -> None:
    shared.seen_by(OFFICER).timeline(BEN)
    assert [row["action"] for row in shared.seen_by(AUNT).looked(BEN)] == ["read", "audit"]


def test_the_list_of_all_disclosures_has_no_row_of_an_own_case(shared: Record) -> None:
    """The others are there: one officer's family does not stop an audit. That Anna was left out is recorded."""
    assert {row["case"] for row in shared.seen_by(OFFICER).disclosures()} == {ANNA, BEN}
    before = len(shared.looked())
    assert {row["case"] for row in shared.seen_by(AUNT).disclosures()} == {BEN}
    said = [(row["action"], row["subject"], row["result"], row["rules"]) for row in shared.looked()[before:]]
    assert said == [("audit", None, "permitted", ["audit.oversight"]), ("audit", ANNA, "refused", OWN)]


def test_the_list_of_all_looks_has_no_row_of_an_own_case(shared: Record) -> None:
    for case in (ANNA, BEN):
        shared.seen_by(OFFICER).timeline(case)
    glass = shared.glass.break_for(ANNA, reason="danger_of_harm", text=WHY, by=STRANGER)
    assert glass.id in {row["break_glass"] for row in shared.seen_by(OFFICER).looked()}
    rows = shared.seen_by(AUNT).looked()
    assert {row["subject"] for row in rows} == {BEN, None}
    assert glass.id not in {row["break_glass"] for row in rows}


def test_who_may_not_audit_is_refused_once(shared: Record) -> None:
    """What they declared says nothing more then."""
    with pytest.raises(NotPermitted, match="may not audit all cases"):
        shared.seen_by(replace(ALLOCATED, own=(ANNA,))).disclosures()
    assert [(row["subject"], row["result"]) for row in shared.looked()] == [(None, "refused")]


def test_lists_of_cases_and_numbers_go_on(shared: Record) -> None:
    seen = shared.seen_by(AUNT)
    assert [row["case"] for row in seen.view("case_status")] == [BEN]
    assert seen.caseload().rows == shared.caseload().rows


def test_a_glass_of_an_own_case_is_neither_broken_nor_reviewed(shared: Record) -> None:
    lead = Reader(KIM, "team_lead", LCH, "service_management", own=(ANNA,))
    with pytest.raises(NotPermitted, match=r"forbid\.own_family"):
        shared.glass.break_for(ANNA, reason="danger_of_harm", text=WHY, by=replace(STRANGER, own=(ANNA,)))
    glass = shared.glass.break_for(ANNA, reason="danger_of_harm", text=WHY, by=STRANGER)
    with pytest.raises(NotPermitted, match=r"forbid\.own_family"):
        shared.glass.review(glass.id, outcome="justified", by=lead)


def test_no_look_at_someone_else_tells_of_a_glass_of_an_own_case(shared: Record) -> None:
    """The glass for Anna was tried on Ben and on the list: what was seen of Ben is told, and nothing of the glass."""
    by = Practitioner(PAT, "health_visitor", LCH)
    shared.submit(NamePointOfContact(case=BEN, practitioner=PAT), by=by)
    glass = shared.glass.break_for(ANNA, reason="danger_of_harm", text=WHY, by=STRANGER)
    with_it = replace(STRANGER, break_glass=glass.id)
    shared.seen_by(with_it).timeline(BEN)
    for reader, ask in ((with_it, "list"), (replace(OFFICER, break_glass=glass.id), "looked")):
        seen = shared.seen_by(reader)
        with pytest.raises(NotPermitted, match="glass"):
            seen.view("case_status") if ask == "list" else seen.looked(BEN)
    seen = shared.seen_by(AUNT)
    for rows in (seen.looked(), seen.looked(BEN)):
        assert [row["result"] for row in rows if row["practitioner"] == PAT] == ["permitted"]
        assert {row["break_glass"] for row in rows} == {None}
        assert not any("glass" in rule for row in rows for rule in row["rules"])
    rows = shared.seen_by(OFFICER).looked(BEN)
    assert [row["break_glass"] for row in rows if row["subject"] == BEN][:2] == [glass.id, glass.id]


def test_another_glass_is_told_to_whoever_has_a_family(shared: Record) -> None:
    glass = shared.glass.break_for(BEN, reason="danger_of_harm", text=WHY, by=STRANGER)
    shared.seen_by(replace(STRANGER, break_glass=glass.id)).timeline(BEN)
    for rows in (shared.seen_by(AUNT).looked(), shared.seen_by(AUNT).looked(BEN)):
        assert [row["break_glass"] for row in rows][:2] == [glass.id, glass.id]
