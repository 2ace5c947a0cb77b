import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.errors import Invalid
from earlystart_core.words.agreement import Agreement, EndAgreement, ReviewAgreement, SignAgreement

SIGN = order(SignAgreement, SIGNED)


def test_an_agreement_is_signed():
    given().when(SIGN).then(SIGNED)


def test_an_agreement_may_start_before_it_is_signed():
    early = but(SIGNED, starts_on=april(-30))
    given().when(order(SignAgreement, early)).then(early)


def test_an_agreement_id_stands_for_one_agreement():
    given(SIGNED).when(order(SignAgreement, SIGNED, wording="isa-2")).refused("agreement.other_content")


def test_an_agreement_is_between_two_organisations_at_least():
    given().when(order(SignAgreement, SIGNED, parties=[LCH, LCH])).refused("agreement.one_party")
    with pytest.raises(Invalid, match="parties"):
        order(SignAgreement, SIGNED, parties=[LCH])


@pytest.mark.parametrize("field", ["purposes", "items"])
def test_an_agreement_that_allows_nothing_is_none(field):
    with pytest.raises(Invalid, match=field):
        order(SignAgreement, SIGNED, **{field: []})


@pytest.mark.parametrize(("field", "value"), [("lawful_basis", "habit"), ("special_category", "shoes")])
def test_an_agreement_names_its_lawful_basis(field, value):
    with pytest.raises(Invalid, match=field):
        order(SignAgreement, SIGNED, **{field: value})


@pytest.mark.parametrize(("day", "fine"), [(2, False), (3, True)])
def test_an_agreement_ends_after_it_starts(day, fine):
    signed = but(SIGNED, ends_on=april(day))
    spec = given().when(order(SignAgreement, signed))
    spec.then(signed) if fine else spec.refused("agreement.ends_before_start")


@pytest.mark.parametrize(("day", "fine"), [(1, False), (2, True)])
def test_a_review_is_planned_for_a_day_to_come(day, fine):
    signed = but(SIGNED, next_review_on=april(day))
    spec = given().when(order(SignAgreement, signed))
    spec.then(signed) if fine else spec.refused("agreement.day_past")


def test_an_agreement_is_reviewed():
    given(SIGNED).when(order(ReviewAgreement, RENEWED)).then(RENEWED)


def test_a_review_of_another_instant_is_another_review():
    later = but(RENEWED, occurred_at=on(13))
    given(SIGNED, RENEWED).when(order(ReviewAgreement, later)).then(later)


@pytest.mark.parametrize("field", ["ends_on", "next_review_on"])
@pytest.mark.parametrize(("day", "fine"), [(11, False), (12, True)])
def test_a_review_sets_no_day_that_is_past(field, day, fine):
    reviewed = but(RENEWED, **{field: april(day)})
    spec = given(SIGNED).when(order(ReviewAgreement, reviewed))
    spec.then(reviewed) if fine else spec.refused("agreement.day_past")


@pytest.mark.parametrize(("day", "fine"), [(19, True), (20, False)])
def test_an_agreement_is_reviewed_before_its_end_only(day, fine):
    reviewed = but(RENEWED, occurred_at=on(day))
    spec = given(SIGNED, LAPSED).when(order(ReviewAgreement, reviewed))
    spec.then(reviewed) if fine else spec.refused("agreement.ended")


def test_an_agreement_ends():
    given(SIGNED).when(order(EndAgreement, LAPSED)).then(LAPSED)


def test_an_agreement_ends_once():
    given(SIGNED, LAPSED).when(order(EndAgreement, LAPSED, reason="replaced")).refused("agreement.ended")


@pytest.mark.parametrize(("command", "event"), [(ReviewAgreement, RENEWED), (EndAgreement, LAPSED)])
class TestWhateverIsSaidOfAnAgreement:
    def test_it_was_signed(self, command, event):
        given(irrelevant(but(SIGNED, agreement=an("agreement", 2)))).when(order(command, event)).refused(
            "agreement.unknown"
        )

    def test_it_was_signed_by_then(self, command, event):
        given(SIGNED).when(order(command, event, occurred_at=on(1))).refused("agreement.not_yet_signed")

    def test_it_names_its_parties_in_any_order(self, command, event):
        turned = but(event, parties=SIGNED.parties[::-1])
        given(SIGNED).when(order(command, turned)).then(turned)
        given(SIGNED).when(order(command, event, parties=[LCH, POLICE])).refused("agreement.other_parties")


@pytest.mark.parametrize(("command", "event"), [(ReviewAgreement, RENEWED), (EndAgreement, LAPSED)])
def test_the_parties_are_those_that_it_was_signed_by_last(command, event):
    """Two signings stand where the mark on the mistaken one was marked in error itself."""
    first = but(SIGNED, occurred_at=on(1), parties=(LCH, POLICE))
    given(first, SIGNED).when(order(command, event)).then(event)
    given(first, SIGNED).when(order(command, event, parties=[LCH, POLICE])).refused("agreement.other_parties")


def course(*events):
    found = Agreement()
    for event in events:
        found = found.after(event)
    return found


@pytest.mark.parametrize(
    ("events", "days"),
    [
        ([SIGNED], {2: False, 3: True, 300: True}),
        ([but(SIGNED, occurred_at=on(5))], {4: False, 5: True}),
        ([but(SIGNED, ends_on=april(9))], {9: True, 10: False}),
        ([SIGNED, LAPSED], {19: True, 20: False}),
        ([but(SIGNED, next_review_on=april(9))], {10: True}),
        ([but(SIGNED, ends_on=april(15)), but(RENEWED, ends_on=april(30))], {15: True, 30: True, 31: False}),
        ([but(SIGNED, ends_on=april(30)), but(RENEWED, ends_on=april(15))], {15: True, 16: False}),
        ([but(SIGNED, ends_on=april(15)), RENEWED], {15: True, 16: False}),
        ([RENEWED, LAPSED], {3: False, 30: False}),
    ],
)
def test_an_agreement_is_in_force_from_its_first_to_its_last_day(events, days):
    assert {day: course(*events).in_force(on(day)) for day in days} == days
