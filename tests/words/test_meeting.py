import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.words.meeting import CancelMeeting, HoldMeeting

OTHER = an("meeting", 2)


def test_a_meeting_is_held():
    given().when(order(HoldMeeting, HELD)).then(HELD)


def test_a_meeting_may_be_held_by_nobody_named():
    empty = but(HELD, attendees=())
    given().when(order(HoldMeeting, empty)).then(empty)


def test_holding_twice_changes_nothing():
    given(HELD).when(order(HoldMeeting, HELD, occurred_at=None)).nothing()


@pytest.mark.parametrize(
    "change", [{"team": BURLEY}, {"held_on": april(6)}, {"attendees": (JO,)}, {"occurred_at": on(8)}]
)
def test_a_held_meeting_with_other_content_is_refused(change):
    given(HELD).when(order(HoldMeeting, HELD, **change)).refused("meeting.other_content")


@pytest.mark.parametrize(("day", "fine"), [(6, True), (7, True), (8, False)])
def test_a_meeting_is_held_on_a_day_that_has_come(day, fine):
    held = but(HELD, held_on=april(day))
    spec = given().when(order(HoldMeeting, held))
    spec.then(held) if fine else spec.refused("meeting.not_yet_held")


def test_a_meeting_is_cancelled():
    given().when(order(CancelMeeting, CANCELLED)).then(CANCELLED)


def test_cancelling_twice_changes_nothing():
    given(CANCELLED).when(order(CancelMeeting, CANCELLED, occurred_at=None)).nothing()


def test_a_cancelled_meeting_with_other_content_is_refused():
    given(CANCELLED).when(order(CancelMeeting, CANCELLED, team=BURLEY)).refused("meeting.other_content")


def test_a_held_meeting_is_not_cancelled():
    given(HELD).when(order(CancelMeeting, CANCELLED)).refused("meeting.held")


def test_a_cancelled_meeting_is_not_held():
    given(CANCELLED).when(order(HoldMeeting, HELD)).refused("meeting.cancelled")


def test_meetings_do_not_bear_on_each_other():
    given(irrelevant(but(CANCELLED, meeting=OTHER))).when(order(HoldMeeting, HELD)).then(HELD)
