"""Every question has an answer on any seed, and of one case at any clock; and what only agreements can show."""

from datetime import date, timedelta

import pytest

from earlystart_city import Scenario, city_clock, simulate
from earlystart_core import (
    EndAgreement,
    Invalid,
    MarkInError,
    OverrideSharing,
    Record,
    RecordSharingConsent,
    ShareInformation,
    SignAgreement,
)
from earlystart_core.desk.questions import QUESTIONS

from .making import Desk


@pytest.mark.parametrize("seed", range(1, 9))
def test_every_question_is_answered_on_any_seed(seed: int) -> None:
    """At the head and in the middle, for everyone and for a case, with rows that JSON can hold."""
    clock = city_clock()
    often = Scenario(wrong_entry=0.05, mark_was_wrong=0.3, consent_withdrawn=0.3, moves_between_teams=0.4)
    with Record.open("memory://", clock=clock) as record:
        simulate(record.store.log, record.store.keys, clock, cases=12, years=4, seed=seed, teams=2, scenario=often)
        cases = [row["case"] for row in record.view("case_status")]
        half = record.store.log.head() // 2
        for question in QUESTIONS:
            for case in (None, cases[seed % len(cases)]):
                given = {"case": case or cases[0], "subject": case or cases[0], "at": half}
                given["practitioner"] = "practitioner:unknown"
                wanted = [*question.needs, *(["case"] if case and "case" in question.takes else [])]
                wanted += ["case"] if question.name == "backdated" else []
                options = {name: given[name] for name in wanted}
                for known in (None, half, 0):
                    answer = record.ask(question.number, known=known, **options)
                    assert answer.json().startswith(b"[")
                    whole = known is None or question.name == "unaltered"  # which is of the whole log, at any clocks
                    assert answer.known <= (record.store.log.head() if whole else known)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_agreement_covers_its_purposes_and_items_while_it_is_in_force(desk: Desk) -> None:
    pact = desk.record.new_id("agreement")
    terms = {"parties": ["org:lch", "org:b"], "purposes": ["p"], "items": ["x"], "lawful_basis": "public_task"}
    desk.do(SignAgreement(agreement=pact, **terms, starts_on=date(2026, 3, 1), wording="isa-1"))
    shared = desk.do(ShareInformation(case=desk.case, recipient="org:b", purpose="p", items=["x"], basis="agreement"))
    signed = desk.record.ask("agreements", recipient="org:b", purpose="p", item="x")[0]
    assert (signed["agreement"], signed["in_force"], signed["covers"]) == (pact, True, True)
    for other in ({"purpose": "q"}, {"item": "y"}):
        assert desk.record.ask("agreements", **other)[0]["covers"] is False
    (row,) = desk.record.ask("necessary")
    assert (row["position"], row["agreed"], row["beyond"]) == (shared, ["x"], [])
    desk.do(RecordSharingConsent(**consent(desk), decision="given"))
    desk.do(ShareInformation(case=desk.case, recipient="org:b", purpose="p", items=["x", "z"], basis="consent"))
    assert desk.record.ask("necessary")[1]["beyond"] == ["z"]
    desk.do(EndAgreement(agreement=pact, parties=["org:lch", "org:b"], reason="withdrawn"))
    assert desk.record.ask("agreements")[0]["in_force"] is False
    assert desk.record.ask("agreements", at="2026-03-01")[0]["in_force"] is False  # not yet signed then
    assert desk.record.ask("agreements", known=shared)[0]["in_force"] is True


def consent(desk: Desk) -> dict[str, object]:
    about = {"case": desk.case, "person": desk.parent, "capacity": "mother", "wording": "w-1"}
    return {**about, "recipient": "org:b", "purpose": "p"}


def test_what_was_shared_after_a_withdrawal_that_was_recorded_late(desk: Desk) -> None:
    """The one that nobody could know of has `knew` false."""
    desk.do(RecordSharingConsent(**consent(desk), decision="given"))
    withdrawn_at = desk.now + timedelta(minutes=30)
    shared = desk.do(ShareInformation(case=desk.case, recipient="org:b", purpose="p", items=["x"], basis="consent"))
    no = desk.do(RecordSharingConsent(**consent(desk), decision="withdrawn", occurred_at=withdrawn_at))
    (row,) = desk.record.ask("after_withdrawal")
    assert (row["withdrawal"], row["position"], row["knew"], row["what"]) == (no, shared, False, "shared")
    later = desk.do(ShareInformation(case=desk.case, recipient="org:b", purpose="p", items=["x"], basis="duty"))
    assert [(one["position"], one["knew"]) for one in desk.record.ask(7)] == [(shared, False), (later, True)]
    desk.do(RecordSharingConsent(**consent(desk), decision="given"))
    desk.do(ShareInformation(case=desk.case, recipient="org:b", purpose="p", items=["x"], basis="consent"))
    assert len(desk.record.ask(7)) == 2


def test_an_override_and_the_sharings_that_rest_on_it(desk: Desk) -> None:
    override = {"case": desk.case, "recipient": "org:b", "harm": "danger", "authorised_by": desk.ada.practitioner}
    first = desk.do(OverrideSharing(**override, family_told=False, if_not_why="at home"))
    told = {"case": desk.case, "recipient": "org:b", "purpose": "p", "items": ["x"], "basis": "override"}
    desk.now += timedelta(hours=30)
    shared = desk.do(ShareInformation(**told))
    again = desk.do(OverrideSharing(**override, family_told=True))
    rows = desk.record.ask("overrides")
    assert [(row["position"], row["shared"]) for row in rows] == [(first, [shared]), (again, [])]
    assert (rows[0]["harm"], rows[0]["if_not_why"], rows[1]["if_not_why"]) == ("danger", "at home", None)
    concern, unshared = desk.record.ask("concerns")
    assert (concern["hours"], concern["within"]) == (31, False)
    assert desk.record.ask("concerns", hours=31)[0]["within"] is True
    assert (unshared["shared_at"], unshared["within"]) == (None, False)


def test_an_entry_under_the_wrong_case_exposed_someone_until_it_was_marked(desk: Desk) -> None:
    wrong = desk.do(RecordSharingConsent(**consent(desk), decision="given"))
    shared = desk.do(ShareInformation(case=desk.case, recipient="org:b", purpose="p", items=["x"], basis="consent"))
    mark = desk.do(MarkInError(target=wrong))
    desk.do(ShareInformation(case=desk.case, recipient="org:c", purpose="p", items=["x"], basis="duty"))
    (row,) = desk.record.ask("exposed")
    assert (row["entry"], row["persons"]) == (wrong, [desk.parent])
    assert (row["how"], row["to"], row["position"]) == ("shared", "org:b", shared)
    assert row["exposed_until"] == next(desk.record.store.log.read(after=mark - 1, limit=1).entries()).recorded_at
    (relied,) = desk.record.ask("relied")
    assert (relied["position"], relied["relied_on"]) == (shared, [wrong])


def test_a_question_refuses_what_it_does_not_take(desk: Desk) -> None:
    for options in ({"cases": "x"}, {"team": "team:a"}, {"case": 3}, {"case": "case:x"}):
        with pytest.raises(Invalid):
            desk.record.ask("late", **options)
    with pytest.raises(Invalid):
        desk.record.ask("no_such_question")
