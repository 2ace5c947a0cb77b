import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.errors import Invalid
from earlystart_core.words.responsibility import NamePointOfContact, PassResponsibility


def test_responsibility_passes_to_another_team():
    given(OPENED).when(order(PassResponsibility, PASSED)).then(PASSED)


def test_passing_to_the_team_that_has_it_changes_nothing():
    given(OPENED, PASSED).when(order(PassResponsibility, PASSED, occurred_at=None)).nothing()


def test_passing_to_the_team_that_opened_the_case_changes_nothing():
    given(OPENED).when(order(PassResponsibility, PASSED, to_team=ARMLEY)).nothing()


@pytest.mark.parametrize("back", [PASSED, but(PASSED, occurred_at=on(12))])
def test_responsibility_passes_on_at_or_after_the_last_passing(back):
    onward = but(back, to_team=CHAPEL)
    given(OPENED, PASSED).when(order(PassResponsibility, onward)).then(onward)


def test_responsibility_does_not_pass_before_the_last_passing():
    given(OPENED, PASSED).when(order(PassResponsibility, PASSED, to_team=CHAPEL, occurred_at=on(9))).refused(
        "case.changed_since"
    )


def test_responsibility_does_not_pass_before_the_reopening():
    given(OPENED, CLOSED, REOPENED).when(order(PassResponsibility, PASSED)).refused("case.changed_since")


def test_the_team_that_reopened_a_case_has_it():
    given(OPENED, CLOSED, REOPENED).when(PassResponsibility(case=ANNA, to_team=CHAPEL)).nothing()


def test_responsibility_for_a_closed_case_does_not_pass():
    given(OPENED, CLOSED).when(order(PassResponsibility, PASSED, occurred_at=on(21))).refused("case.not_open")


def test_a_passing_before_the_closing_may_be_told_late():
    given(OPENED, CLOSED).when(order(PassResponsibility, PASSED)).then(PASSED)


def test_responsibility_does_not_pass_before_the_opening():
    given(OPENED).when(order(PassResponsibility, PASSED, occurred_at=on(0))).refused("case.not_open")


def test_responsibility_for_an_unknown_case_does_not_pass():
    given(irrelevant(BEN_OPENED)).when(order(PassResponsibility, PASSED)).refused("case.unknown")


def test_naming_a_point_of_contact_does_not_bear_on_passing():
    given(OPENED, irrelevant(NAMED)).when(order(PassResponsibility, PASSED)).then(PASSED)


def test_a_point_of_contact_is_named():
    given(OPENED).when(order(NamePointOfContact, NAMED)).then(NAMED)


def test_naming_another_replaces_the_first():
    other = but(NAMED, occurred_at=on(9), practitioner=SAM)
    given(OPENED, NAMED).when(order(NamePointOfContact, other)).then(other)


def test_naming_the_same_again_changes_nothing():
    given(OPENED, NAMED).when(order(NamePointOfContact, NAMED, occurred_at=None)).nothing()


def test_a_late_naming_is_history():
    late = but(NAMED, occurred_at=on(2), practitioner=SAM)
    given(OPENED, NAMED).when(order(NamePointOfContact, late)).then(late)


def test_no_point_of_contact_for_a_closed_case():
    given(OPENED, CLOSED).when(NamePointOfContact(case=ANNA, practitioner=JO)).refused("case.not_open")


def test_no_point_of_contact_for_an_unknown_case():
    given().when(order(NamePointOfContact, NAMED)).refused("case.unknown")


@pytest.mark.parametrize("reserved", ["practitioner:unknown", "practitioner:import"])
def test_a_family_cannot_ring_a_reserved_id(reserved):
    with pytest.raises(Invalid) as fault:
        NamePointOfContact(case=ANNA, practitioner=reserved)
    assert fault.value.field == "practitioner"
