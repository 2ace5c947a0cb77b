from datetime import timedelta

import pytest
from leeds import *
from spec import NOW, but, given, irrelevant, order

from earlystart_core.errors import Invalid
from earlystart_core.words.case import OpenCase, RecordBirth, ReopenCase


def test_a_case_is_opened():
    given().when(order(OpenCase, OPENED)).then(OPENED)


def test_opening_a_case_again_with_the_same_content_changes_nothing():
    given(OPENED).when(order(OpenCase, OPENED)).nothing()


def test_opening_a_case_again_without_an_instant_changes_nothing():
    given(OPENED).when(order(OpenCase, OPENED, occurred_at=None)).nothing()


@pytest.mark.parametrize(
    "change",
    [{"team": BURLEY}, {"family": an("family", 9)}, {"reason": "birth"}, {"due_on": april(9)}, {"occurred_at": on(2)}],
)
def test_a_case_is_opened_once(change):
    given(OPENED).when(order(OpenCase, OPENED, **change)).refused("case.opened_before")


def test_a_closed_case_is_not_opened_again():
    given(OPENED, irrelevant(CLOSED)).when(order(OpenCase, OPENED, occurred_at=on(30))).refused("case.opened_before")


def test_opening_one_case_does_not_bear_on_another():
    given(irrelevant(BEN_OPENED)).when(order(OpenCase, OPENED)).then(OPENED)


@pytest.mark.parametrize("reason", ["pregnancy", "late_notification"])
def test_a_birth_date_comes_only_with_birth_or_move_in(reason):
    with pytest.raises(Invalid) as fault:
        order(OpenCase, OPENED, reason=reason, born_on=april(1))
    assert fault.value.field == "born_on"


@pytest.mark.parametrize("reason", ["birth", "move_in"])
def test_a_case_opened_for_birth_or_move_in_may_say_the_birth_date(reason):
    opened = but(OPENED, reason=reason, born_on=april(1))
    given().when(order(OpenCase, opened)).then(opened)


def test_a_case_is_not_opened_for_a_birth_yet_to_come():
    given().when(order(OpenCase, OPENED, reason="birth", born_on=april(2))).refused("case.not_yet_born")


def test_a_birth_is_recorded():
    given(OPENED).when(order(RecordBirth, BORN)).then(BORN)


def test_the_same_birth_date_again_changes_nothing():
    given(OPENED, BORN).when(RecordBirth(case=ANNA, born_on=april(4))).nothing()


def test_the_birth_date_that_the_opening_gave_is_known():
    opened = but(OPENED, reason="birth", born_on=april(1))
    given(opened).when(RecordBirth(case=ANNA, born_on=april(1))).nothing()


def test_another_birth_date_is_a_better_one():
    better = but(BORN, occurred_at=on(9), born_on=april(3))
    given(OPENED, BORN).when(order(RecordBirth, better)).then(better)


@pytest.mark.parametrize(
    ("hour", "day", "born"),
    [(12, 5, 5), (12, 5, 4), (23, 5, 6)],  # 23:00 UTC in April is already the next day in Leeds
)
def test_a_birth_on_or_before_the_london_day_is_recorded(hour, day, born):
    birth = but(BORN, occurred_at=on(day, hour), born_on=april(born))
    given(OPENED).when(order(RecordBirth, birth)).then(birth)


@pytest.mark.parametrize(("hour", "born"), [(12, 6), (22, 6), (23, 7)])
def test_a_birth_after_the_london_day_is_refused(hour, born):
    given(OPENED).when(RecordBirth(case=ANNA, born_on=april(born), occurred_at=on(5, hour))).refused(
        "case.not_yet_born"
    )


def test_a_birth_is_recorded_only_for_a_known_case():
    given(irrelevant(BEN_OPENED)).when(order(RecordBirth, BORN)).refused("case.unknown")


def test_a_closed_case_is_reopened():
    given(OPENED, CLOSED).when(order(ReopenCase, REOPENED)).then(REOPENED)


def test_reopening_twice_changes_nothing():
    given(OPENED, CLOSED, REOPENED).when(order(ReopenCase, REOPENED, occurred_at=None)).nothing()


def test_reopening_a_reopened_case_for_another_team_is_refused():
    given(OPENED, CLOSED, REOPENED).when(ReopenCase(case=ANNA, team=BURLEY)).refused("case.not_closed")


def test_an_open_case_is_not_reopened():
    given(OPENED).when(order(ReopenCase, REOPENED)).refused("case.not_closed")


def test_a_case_is_not_reopened_before_it_closed():
    given(OPENED, CLOSED).when(order(ReopenCase, REOPENED, occurred_at=on(19))).refused("case.not_closed")


def test_a_case_is_not_reopened_before_a_later_change():
    later = but(CLOSED, occurred_at=on(40))
    given(OPENED, CLOSED, REOPENED, later).when(ReopenCase(case=ANNA, team=ARMLEY, occurred_at=on(22))).refused(
        "case.changed_since"
    )


def test_an_unknown_case_is_not_reopened():
    given().when(order(ReopenCase, REOPENED)).refused("case.unknown")


def test_a_case_is_reopened_at_the_instant_at_which_it_closed():
    reopened = but(REOPENED, occurred_at=CLOSED.occurred_at)
    given(OPENED, CLOSED).when(order(ReopenCase, reopened)).then(reopened)


def test_a_command_without_an_instant_is_of_now():
    given(OPENED).when(RecordBirth(case=ANNA, born_on=april(4)), now=NOW + timedelta(days=1)).then(
        but(BORN, occurred_at=NOW + timedelta(days=1))
    )
