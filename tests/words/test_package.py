import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.words.package import EndPackage, ReviewPackage


def test_a_package_is_reviewed():
    given(STARTED).when(order(ReviewPackage, REVIEWED)).then(REVIEWED)


def test_the_same_review_again_changes_nothing():
    given(STARTED, REVIEWED).when(order(ReviewPackage, REVIEWED)).nothing()


def test_a_review_of_another_instant_is_another_review():
    later = but(REVIEWED, occurred_at=on(13))
    given(STARTED, REVIEWED).when(order(ReviewPackage, later)).then(later)


@pytest.mark.parametrize("field", ["planned_end_on", "next_review_on"])
@pytest.mark.parametrize(("day", "fine"), [(12, True), (11, False)])
def test_a_review_plans_no_day_that_is_past(field, day, fine):
    reviewed = but(REVIEWED, **{field: april(day)})
    spec = given(STARTED).when(order(ReviewPackage, reviewed))
    spec.then(reviewed) if fine else spec.refused("package.day_past")


@pytest.mark.parametrize(("day", "fine"), [(17, True), (18, False), (19, False)])
def test_a_package_is_reviewed_before_its_end_only(day, fine):
    reviewed = but(REVIEWED, occurred_at=on(day))
    spec = given(STARTED, ENDED).when(order(ReviewPackage, reviewed))
    spec.then(reviewed) if fine else spec.refused("package.ended")


@pytest.mark.parametrize(("command", "event"), [(ReviewPackage, REVIEWED), (EndPackage, ENDED)])
class TestWhicheverIsSaidOfAPackage:
    def test_it_is_known(self, command, event):
        given().when(order(command, event)).refused("package.unknown")

    def test_it_is_of_that_case(self, command, event):
        given(STARTED).when(order(command, event, case=BEN)).refused("package.other_case")

    def test_it_has_started_by_then(self, command, event):
        given(STARTED).when(order(command, event, occurred_at=on(7))).refused("package.not_started")

    def test_the_case_may_have_closed(self, command, event):
        given(STARTED, irrelevant(OPENED), irrelevant(CLOSED)).when(order(command, event)).then(event)


def test_a_package_ends():
    given(STARTED).when(order(EndPackage, ENDED)).then(ENDED)


def test_ending_twice_changes_nothing():
    given(STARTED, ENDED).when(order(EndPackage, ENDED, occurred_at=None)).nothing()


@pytest.mark.parametrize("change", [{"outcome": "died"}, {"occurred_at": on(17)}, {"occurred_at": on(19)}])
def test_an_ended_package_does_not_end_otherwise(change):
    given(STARTED, ENDED).when(order(EndPackage, ENDED, **change)).refused("package.ended")


def test_a_package_ends_whoever_holds_it():
    given(STARTED, irrelevant(ALLOCATED)).when(order(EndPackage, ENDED)).then(ENDED)
