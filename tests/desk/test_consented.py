"""Questions 3 and 7: the consent that a sharing rested on, as known then and as known now; and what followed a no."""

from datetime import timedelta
from typing import Any

import pytest

from earlystart_core import MarkInError

from .making import Desk

NAMES = ("consent", "decision", "bore_then", "bears_now", "cited", "consent_struck")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def shown(desk: Desk, **options: Any) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in NAMES) for row in desk.ask("consents", **options)]


def test_the_consent_that_was_relied_on_is_shown_after_it_was_marked_in_error(desk: Desk) -> None:
    given = desk.decide("given")
    desk.share(basis_position=given)
    desk.do(MarkInError(target=given))
    for case in (None, desk.case):
        assert shown(desk, case=case) == [(given, "given", True, False, True, True)]
    assert shown(desk, known=3) == [(given, "given", True, True, True, False)]


def test_a_withdrawal_recorded_late_stands_beside_the_consent_known_then(desk: Desk) -> None:
    given = desk.decide("given")
    withdrawn_at = desk.now + timedelta(minutes=10)
    desk.share()
    late = desk.decide("withdrawn", occurred_at=withdrawn_at)
    assert shown(desk) == [(given, "given", True, False, False, False), (late, "withdrawn", False, True, False, False)]


def test_a_consent_that_is_cited_is_shown_though_a_later_one_replaced_it(desk: Desk) -> None:
    first = desk.decide("given")
    desk.decide("withdrawn")
    again = desk.decide("given")
    desk.share(basis_position=first)
    assert shown(desk) == [(first, "given", False, False, True, False), (again, "given", True, True, False, False)]


def test_where_nobody_decided_one_row_says_so(desk: Desk) -> None:
    desk.share("duty")
    assert shown(desk) == [(None,) * len(NAMES)]


def test_a_refusal_after_a_consent_is_a_no_like_a_withdrawal(desk: Desk) -> None:
    desk.decide("given")
    no = desk.decide("refused")
    shared = desk.share("duty")
    (row,) = desk.ask("after_withdrawal")
    assert (row["withdrawal"], row["decision"], row["position"]) == (no, "refused", shared)


def test_a_refusal_before_any_consent_withdraws_nothing(desk: Desk) -> None:
    desk.decide("refused")
    desk.share("duty")
    assert desk.ask("after_withdrawal").rows == []


def test_one_sharing_after_two_withdrawals_is_told_once(desk: Desk) -> None:
    desk.decide("given")
    first = desk.decide("withdrawn")
    desk.decide("refused")
    desk.decide("withdrawn")
    shared = desk.share("duty")
    (row,) = desk.ask("after_withdrawal")
    assert (row["withdrawal"], row["position"], row["knew"]) == (first, shared, True)


def test_whoever_knew_any_no_of_several_knew(desk: Desk) -> None:
    """The first was recorded only after the sharing, the second before it."""
    desk.decide("given")
    earlier = desk.now + timedelta(minutes=10)
    desk.decide("refused")
    shared = desk.share("duty")
    first = desk.decide("withdrawn", occurred_at=earlier)
    (row,) = desk.ask("after_withdrawal")
    assert (row["withdrawal"], row["position"], row["knew"]) == (first, shared, True)
