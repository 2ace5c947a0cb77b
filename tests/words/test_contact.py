import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.errors import Invalid
from earlystart_core.words.contact import RecordContact

TWINS = but(VISITED, cases=(ANNA, BEN))


def test_a_contact_is_recorded():
    given(OPENED).when(order(RecordContact, VISITED)).then(VISITED)


def test_a_joint_visit_to_twins_is_one_contact():
    joint = but(TWINS, practitioners=(JO, SAM), employers=(LCH, COUNCIL))
    given(OPENED, BEN_OPENED).when(order(RecordContact, joint)).then(joint)


def test_lists_are_taken_for_several_values():
    given(OPENED).when(order(RecordContact, VISITED, cases=[ANNA], practitioners=[JO], employers=[LCH])).then(VISITED)


def test_the_same_contact_again_changes_nothing():
    given(OPENED, VISITED).when(order(RecordContact, VISITED)).nothing()


def test_the_same_contact_again_without_an_instant_changes_nothing():
    given(OPENED, VISITED).when(order(RecordContact, VISITED, occurred_at=None)).nothing()


@pytest.mark.parametrize(
    "change",
    [
        {"attendance": "3"},
        {"duration_min": 30},
        {"practitioners": (JO, SAM)},
        {"cases": (ANNA, BEN)},
        {"occurred_at": on(9)},
    ],
)
def test_the_same_contact_with_other_content_is_refused(change):
    given(OPENED, VISITED).when(order(RecordContact, VISITED, **change)).refused("contact.other_content")


def test_two_contacts_of_one_child_do_not_bear_on_each_other():
    theirs = but(VISITED, contact=an("contact", 2), practitioners=(SAM,), employers=(COUNCIL,))
    given(OPENED, irrelevant(theirs)).when(order(RecordContact, VISITED)).then(VISITED)


@pytest.mark.parametrize("field", ["practitioners", "employers", "cases"])
@pytest.mark.parametrize("empty", [(), []])
def test_a_contact_has_at_least_one(field, empty):
    with pytest.raises(Invalid) as fault:
        order(RecordContact, VISITED, **{field: empty})
    assert fault.value.field == field


@pytest.mark.parametrize(("number", "fine"), [(1, True), (20, True), (21, False)])
def test_a_contact_has_at_most_twenty_practitioners(number, fine):
    several = tuple(an("practitioner", each) for each in range(number))
    if fine:
        assert order(RecordContact, VISITED, practitioners=several).practitioners == several
    else:
        with pytest.raises(Invalid):
            order(RecordContact, VISITED, practitioners=several)


@pytest.mark.parametrize(("minutes", "fine"), [(-1, False), (0, True), (1440, True), (1441, False), (True, False)])
def test_a_contact_lasts_up_to_a_day(minutes, fine):
    if fine:
        assert order(RecordContact, VISITED, duration_min=minutes).duration_min == minutes
    else:
        with pytest.raises(Invalid):
            order(RecordContact, VISITED, duration_min=minutes)


def test_every_case_of_a_contact_is_known():
    given(OPENED).when(order(RecordContact, TWINS)).refused("case.unknown")


def test_every_case_of_a_contact_is_open():
    given(OPENED, CLOSED, BEN_OPENED).when(order(RecordContact, TWINS, occurred_at=on(21))).refused("case.not_open")


def test_a_contact_of_the_time_when_the_case_was_open_may_be_told_after_it_closed():
    given(OPENED, CLOSED).when(order(RecordContact, VISITED)).then(VISITED)


def test_a_contact_before_the_opening_is_refused():
    given(OPENED).when(order(RecordContact, VISITED, occurred_at=on(0))).refused("case.not_open")


def test_a_tier_does_not_bear_on_a_contact():
    given(OPENED, irrelevant(DECIDED_TIER)).when(order(RecordContact, VISITED)).then(VISITED)
