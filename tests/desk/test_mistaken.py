"""What rested on a mistake, whom it exposed, and why a dashboard differs: of one case as of all."""

from datetime import timedelta

import pytest

from earlystart_core import DecideTier, MarkInError, SignAgreement

from .making import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_sharing_that_rested_on_an_agreement_marked_in_error_is_told_of_its_case_too(desk: Desk) -> None:
    desk.agree()
    signed = desk.record.store.log.head()
    shared = desk.share("agreement")
    other = desk.opened("team:b")
    desk.do(MarkInError(target=signed))
    head = desk.record.store.log.head()
    for narrow, expected in (({}, True), ({"case": desk.case}, True), ({"case": other}, False)):
        rows = desk.ask("relied", **narrow)
        assert [(row["position"], row["relied_on"]) for row in rows] == ([(shared, [signed])] if expected else [])
        diffed = desk.record.diff(head - 1, **narrow).relied_on_struck
        assert [(row["position"], row["relied_on"]) for row in diffed] == ([(shared, [signed])] if expected else [])
    for team, expected in (("team:a", True), ("team:b", False)):
        assert bool(desk.record.diff(head - 1, team=team).relied_on_struck) is expected


def test_a_mark_on_such_a_mark_lets_the_agreement_stand_again(desk: Desk) -> None:
    desk.agree()
    desk.share("agreement")
    mark = desk.do(MarkInError(target=desk.record.store.log.head() - 1))
    desk.do(MarkInError(target=mark))
    assert desk.ask("relied", case=desk.case).rows == desk.ask("relied").rows == []


def test_an_agreement_that_is_cited_counts_whatever_the_basis(desk: Desk) -> None:
    desk.agree()
    signed = desk.record.store.log.head()
    desk.decide("given")
    shared = desk.share(basis_position=signed)
    desk.do(MarkInError(target=signed))
    assert [(row["position"], row["relied_on"]) for row in desk.ask("relied", case=desk.case)] == [(shared, [signed])]


def test_whom_a_mistake_exposed_says_which_sharing_is_itself_struck(desk: Desk) -> None:
    wrong = desk.decide("given")
    mistaken, right = desk.share(), desk.share()
    desk.do(MarkInError(target=mistaken))
    desk.do(MarkInError(target=wrong))
    rows = [row for row in desk.ask("exposed") if row["entry"] == wrong]
    assert [(row["how"], row["position"], row["struck"]) for row in rows] == [
        ("shared", mistaken, True),
        ("shared", right, False),
    ]


def test_why_a_consent_changed_is_told_whatever_its_purpose_is_called(desk: Desk) -> None:
    """A purpose may look like an id."""
    desk.decide("given", purpose="health: visit")
    desk.now += timedelta(days=2)
    no = desk.decide("withdrawn", purpose="health: visit")
    for case in (None, desk.case):
        (row,) = desk.ask("then_and_now", at="2026-03-03", case=case)
        assert (row["view"], row["because"]) == ("consent_status", [no])


def test_why_a_row_changed_has_the_mark_and_not_what_had_not_happened(desk: Desk) -> None:
    wrong = desk.do(DecideTier(case=desk.case, tier="universal_plus"))
    at = desk.now
    mark = desk.do(MarkInError(target=wrong), hours=30)
    desk.do(DecideTier(case=desk.case, tier="universal_partnership_plus"), hours=30)
    for case in (None, desk.case):
        (row,) = desk.ask("then_and_now", at=at, effective=at + timedelta(hours=1), case=case)
        assert row["because"] == [mark]


def test_no_agreement_of_another_two_organisations_is_read_for_a_case(desk: Desk) -> None:
    pact = desk.record.new_id("agreement")
    terms = {"parties": ["org:lch", "org:c"], "purposes": ["p"], "items": ["x"], "lawful_basis": "public_task"}
    signed = desk.do(SignAgreement(agreement=pact, **terms, starts_on=desk.now.date(), wording="isa"))
    desk.agree()
    desk.share("agreement")
    desk.do(MarkInError(target=signed))
    assert desk.ask("relied", case=desk.case).rows == desk.ask("relied").rows == []
