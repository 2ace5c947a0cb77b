import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.errors import Refused
from earlystart_core.words.closing import CloseCase


def test_an_open_case_closes():
    given(OPENED).when(order(CloseCase, CLOSED)).then(CLOSED)


def test_closing_twice_changes_nothing():
    given(OPENED, CLOSED).when(order(CloseCase, CLOSED, occurred_at=None)).nothing()


def test_a_closed_case_does_not_close_for_another_reason():
    given(OPENED, CLOSED).when(CloseCase(case=ANNA, reason="died")).refused("case.not_open")


def test_a_reopened_case_closes_again():
    again = but(CLOSED, occurred_at=on(30))
    given(OPENED, CLOSED, REOPENED).when(order(CloseCase, again)).then(again)


def test_a_case_does_not_close_before_its_latest_change():
    given(OPENED, CLOSED, REOPENED).when(order(CloseCase, CLOSED, occurred_at=on(15))).refused("case.changed_since")


def test_a_case_does_not_close_before_it_passed_to_another_team():
    given(OPENED, PASSED).when(order(CloseCase, CLOSED, occurred_at=on(9))).refused("case.changed_since")


def test_an_unknown_case_does_not_close():
    given(irrelevant(BEN_OPENED)).when(order(CloseCase, CLOSED)).refused("case.unknown")


def test_a_case_does_not_close_before_it_opened():
    given(OPENED).when(order(CloseCase, CLOSED, occurred_at=on(0))).refused("case.not_open")


def test_a_case_does_not_close_over_an_active_package():
    given(OPENED, STARTED).when(order(CloseCase, CLOSED)).refused("case.package_active")


def test_the_refusal_names_the_package():
    with pytest.raises(Refused, match=PLAN):
        given(OPENED, STARTED).when(order(CloseCase, CLOSED)).nothing()


@pytest.mark.parametrize("day", [18, 20])
def test_a_case_closes_at_or_after_the_end_of_its_last_package(day):
    closed = but(CLOSED, occurred_at=on(day))
    given(OPENED, STARTED, ENDED).when(order(CloseCase, closed)).then(closed)


@pytest.mark.parametrize("day", [7, 9, 17])
def test_a_case_does_not_close_while_or_before_a_package_was_active(day):
    given(OPENED, STARTED, ENDED).when(order(CloseCase, CLOSED, occurred_at=on(day))).refused("case.package_active")


def test_the_package_of_another_case_does_not_bear_on_it():
    given(OPENED, irrelevant(but(STARTED, case=BEN))).when(order(CloseCase, CLOSED)).then(CLOSED)


def test_an_end_of_another_package_is_no_end_of_this_one():
    other = but(ENDED, package=an("package", 9))
    given(OPENED, STARTED, other).when(order(CloseCase, CLOSED)).refused("case.package_active")


@pytest.mark.parametrize(
    "starts", [[but(STARTED, case=BEN, occurred_at=on(9)), STARTED], [STARTED, but(STARTED, case=BEN)]]
)
def test_a_package_that_ended_under_another_case_has_ended(starts):
    """Its start was corrected, it ended under the case it was moved to, and then the correction was taken back."""
    given(OPENED, *starts, but(ENDED, case=BEN)).when(order(CloseCase, CLOSED)).then(CLOSED)
    given(OPENED, *starts).when(order(CloseCase, CLOSED)).refused("case.package_active")


def test_a_package_is_that_of_its_earliest_start():
    """As the views have it: this case has no active package, and nobody could end one for it."""
    before = but(STARTED, case=BEN, occurred_at=on(7))
    given(OPENED, before, STARTED).when(order(CloseCase, CLOSED)).then(CLOSED)
