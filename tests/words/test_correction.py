import pytest
from leeds import *
from spec import given, irrelevant, order

from earlystart_core.errors import Invalid
from earlystart_core.words.case import OpenCase
from earlystart_core.words.correction import MarkedInError, MarkInError
from earlystart_core.words.tier import DecideTier


def mark(target, day=30):
    return MarkedInError(occurred_at=on(day), target=target)


def test_an_entry_is_marked_in_error():
    given(irrelevant(OPENED), DECIDED_TIER).when(order(MarkInError, mark(2))).then(mark(2))


@pytest.mark.parametrize("target", [3, 99])
def test_an_entry_that_is_not_there_is_not_marked(target):
    given(irrelevant(OPENED), irrelevant(DECIDED_TIER)).when(MarkInError(target=target)).refused(
        "correction.no_such_entry"
    )


@pytest.mark.parametrize("target", [0, -1, 1.0, "1"])
def test_a_target_is_a_position(target):
    with pytest.raises(Invalid) as fault:
        MarkInError(target=target)
    assert fault.value.field == "target"


def test_an_entry_already_struck_is_not_marked_again():
    given(OPENED, mark(1)).when(MarkInError(target=1)).nothing()


def test_a_mark_may_be_marked():
    given(irrelevant(OPENED), mark(1)).when(order(MarkInError, mark(2))).then(mark(2))


def test_an_entry_that_stands_again_may_be_struck_again():
    given(OPENED, mark(1), mark(2)).when(order(MarkInError, mark(1, 31))).then(mark(1, 31))


def test_a_struck_mark_is_not_marked_again():
    given(irrelevant(OPENED), mark(1), mark(2)).when(MarkInError(target=2)).nothing()


def test_the_mark_of_a_mark_may_be_marked():
    given(irrelevant(OPENED), mark(1), mark(2)).when(order(MarkInError, mark(3))).then(mark(3))


def test_a_mark_on_another_entry_of_the_case_does_not_strike_this_one():
    given(irrelevant(OPENED), DECIDED_TIER, mark(1)).when(order(MarkInError, mark(2))).then(mark(2))


def test_a_mark_on_another_case_does_not_bear_on_this_one():
    given(OPENED, irrelevant(BEN_OPENED), irrelevant(mark(2))).when(order(MarkInError, mark(1))).then(mark(1))


def test_a_struck_fact_is_left_out_of_decisions():
    given(OPENED, DECIDED_TIER, mark(2)).when(order(DecideTier, DECIDED_TIER)).then(DECIDED_TIER)


def test_a_fact_that_stands_again_counts_again():
    given(OPENED, DECIDED_TIER, mark(2), mark(3)).when(order(DecideTier, DECIDED_TIER)).nothing()


def test_a_case_whose_opening_was_struck_is_not_known():
    given(OPENED, mark(1)).when(order(DecideTier, DECIDED_TIER)).refused("case.unknown")


def test_a_case_whose_opening_was_struck_may_be_opened():
    given(OPENED, mark(1)).when(order(OpenCase, OPENED)).then(OPENED)
