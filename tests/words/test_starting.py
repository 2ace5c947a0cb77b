import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.words.starting import StartPackage

START = order(StartPackage, STARTED)
FATHER_SAYS = but(AGREED, person=FATHER)


def test_a_package_starts_when_the_family_agrees():
    given(OPENED, AGREED).when(START).then(STARTED)


def test_the_same_start_again_changes_nothing():
    given(OPENED, AGREED, STARTED).when(order(StartPackage, STARTED, occurred_at=None)).nothing()


@pytest.mark.parametrize(
    "change", [{"case": BEN}, {"pathway": "parenting"}, {"duration": "ongoing"}, {"occurred_at": on(9)}]
)
def test_the_same_package_with_other_content_is_refused(change):
    given(STARTED).when(order(StartPackage, STARTED, **change)).refused("package.other_content")


def test_a_time_limited_package_may_leave_its_end_open():
    started = but(STARTED, planned_end_on=None)
    given(OPENED, AGREED).when(order(StartPackage, started)).then(started)


def test_nobody_asked_is_no_agreement():
    given(OPENED).when(START).refused("package.no_agreement")


@pytest.mark.parametrize("decision", ["refused", "withdrawn"])
def test_one_person_who_does_not_agree_is_enough(decision):
    given(OPENED, AGREED, but(FATHER_SAYS, decision=decision)).when(START).refused("package.no_agreement")


def test_two_who_agree():
    given(OPENED, AGREED, FATHER_SAYS).when(START).then(STARTED)


def test_each_persons_latest_decision_counts():
    given(OPENED, but(AGREED, occurred_at=on(2), decision="refused"), AGREED).when(START).then(STARTED)


def test_a_late_entry_does_not_override_a_newer_decision():
    given(OPENED, AGREED, but(AGREED, occurred_at=on(2), decision="refused")).when(START).then(STARTED)


@pytest.mark.parametrize(("day", "fine"), [(8, True), (9, False)])
def test_agreement_at_or_before_the_start_counts(day, fine):
    spec = given(OPENED, but(AGREED, occurred_at=on(day))).when(START)
    spec.then(STARTED) if fine else spec.refused("package.no_agreement")


def test_a_later_withdrawal_does_not_reach_back():
    given(OPENED, AGREED, but(AGREED, occurred_at=on(9), decision="withdrawn")).when(START).then(STARTED)


@pytest.mark.parametrize("demand", [OVERRIDDEN, DUTY])
def test_an_override_or_a_duty_stands_for_agreement(demand):
    given(OPENED, demand).when(START).then(STARTED)


@pytest.mark.parametrize("demand", [OVERRIDDEN, DUTY])
def test_an_override_or_a_duty_counts_from_its_instant(demand):
    given(OPENED, but(demand, occurred_at=on(9))).when(START).refused("package.no_agreement")


def test_a_sharing_by_consent_does_not_stand_for_agreement():
    given(OPENED, but(SHARED, occurred_at=on(6))).when(START).refused("package.no_agreement")


def test_agreement_about_another_child_does_not_bear_on_it():
    given(OPENED, irrelevant(but(AGREED, case=BEN))).when(START).refused("package.no_agreement")


def test_consent_to_share_is_no_agreement_to_a_service():
    given(OPENED, irrelevant(CONSENTED)).when(START).refused("package.no_agreement")


def test_no_package_for_an_unknown_case():
    given(AGREED).when(START).refused("case.unknown")


def test_no_package_for_a_closed_case():
    given(OPENED, AGREED, CLOSED).when(order(StartPackage, STARTED, occurred_at=on(21))).refused("case.not_open")


def test_a_package_may_answer_a_request():
    started = but(STARTED, request=ASK)
    given(OPENED, AGREED, ASKED).when(order(StartPackage, started)).then(started)


def test_the_request_is_known():
    given(OPENED, AGREED).when(order(StartPackage, STARTED, request=ASK)).refused("request.unknown")


def test_the_request_is_of_that_case():
    given(OPENED, AGREED, but(ASKED, case=BEN)).when(order(StartPackage, STARTED, request=ASK)).refused(
        "request.other_case"
    )


@pytest.mark.parametrize(("day", "fine"), [(8, True), (7, False)])
def test_the_planned_end_is_not_before_the_start(day, fine):
    started = but(STARTED, planned_end_on=april(day))
    spec = given(OPENED, AGREED).when(order(StartPackage, started))
    spec.then(started) if fine else spec.refused("package.day_past")


def test_two_packages_of_one_child_do_not_bear_on_each_other():
    given(OPENED, AGREED, irrelevant(but(STARTED, package=an("package", 2)))).when(START).then(STARTED)
