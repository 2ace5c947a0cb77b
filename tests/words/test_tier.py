import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.errors import Invalid
from earlystart_core.words.tier import DecideTier


def test_a_tier_is_decided():
    given(OPENED).when(order(DecideTier, DECIDED_TIER)).then(DECIDED_TIER)


def test_the_same_tier_again_changes_nothing():
    given(OPENED, DECIDED_TIER).when(order(DecideTier, DECIDED_TIER, occurred_at=None)).nothing()


def test_another_tier_is_decided():
    other = but(DECIDED_TIER, occurred_at=on(9), tier="universal")
    given(OPENED, DECIDED_TIER).when(order(DecideTier, other)).then(other)


def test_the_same_tier_from_a_meeting_is_another_decision():
    met = but(DECIDED_TIER, occurred_at=on(9), meeting=ROUND)
    given(OPENED, DECIDED_TIER).when(order(DecideTier, met)).then(met)


def test_a_decision_told_late_is_history():
    late = but(DECIDED_TIER, occurred_at=on(2), tier="universal_partnership_plus")
    given(OPENED, DECIDED_TIER).when(order(DecideTier, late)).then(late)


def test_community_never_stands_on_a_case():
    with pytest.raises(Invalid) as fault:
        DecideTier(case=ANNA, tier="community")
    assert fault.value.field == "tier"


def test_no_tier_for_an_unknown_case():
    given(irrelevant(BEN_OPENED)).when(order(DecideTier, DECIDED_TIER)).refused("case.unknown")


@pytest.mark.parametrize("day", [20, 21])
def test_no_tier_from_the_closing_on(day):
    given(OPENED, CLOSED).when(order(DecideTier, DECIDED_TIER, occurred_at=on(day))).refused("case.not_open")


@pytest.mark.parametrize("day", [1, 19])
def test_a_tier_of_the_time_when_the_case_was_open_may_be_told_after_it_closed(day):
    late = but(DECIDED_TIER, occurred_at=on(day))
    given(OPENED, CLOSED).when(order(DecideTier, late)).then(late)


def test_a_reopened_case_gets_a_tier():
    later = but(DECIDED_TIER, occurred_at=on(25))
    given(OPENED, CLOSED, REOPENED).when(order(DecideTier, later)).then(later)


def test_no_tier_before_the_opening():
    given(OPENED).when(order(DecideTier, DECIDED_TIER, occurred_at=on(0))).refused("case.not_open")
