import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.words.consent import RecordServiceAgreement, RecordSharingConsent, lack_of_consent
from earlystart_core.words.correction import MarkedInError

BOTH = [(RecordServiceAgreement, AGREED), (RecordSharingConsent, CONSENTED)]


@pytest.mark.parametrize(("command", "given_before"), BOTH)
class TestADecision:
    @pytest.mark.parametrize("decision", ["given", "refused"])
    def test_is_recorded(self, command, given_before, decision):
        decided = but(given_before, decision=decision)
        given(OPENED).when(order(command, decided)).then(decided)

    @pytest.mark.parametrize("decision", ["given", "refused"])
    def test_that_stands_is_not_recorded_again(self, command, given_before, decision):
        decided = but(given_before, decision=decision)
        given(OPENED, decided).when(order(command, decided, occurred_at=None)).nothing()

    def test_is_withdrawn(self, command, given_before):
        withdrawn = but(given_before, occurred_at=on(9), decision="withdrawn")
        given(OPENED, given_before).when(order(command, withdrawn)).then(withdrawn)

    def test_is_withdrawn_after_a_refusal_too(self, command, given_before):
        refused = but(given_before, occurred_at=on(7), decision="refused")
        withdrawn = but(given_before, occurred_at=on(9), decision="withdrawn")
        given(OPENED, given_before, refused).when(order(command, withdrawn)).then(withdrawn)

    def test_is_not_withdrawn_twice(self, command, given_before):
        withdrawn = but(given_before, occurred_at=on(9), decision="withdrawn")
        given(OPENED, given_before, withdrawn).when(order(command, withdrawn, occurred_at=None)).nothing()

    def test_that_was_never_given_is_not_withdrawn(self, command, given_before):
        given(OPENED).when(order(command, given_before, decision="withdrawn")).refused("consent.never_given")

    def test_that_was_refused_is_not_withdrawn(self, command, given_before):
        refused = but(given_before, decision="refused")
        given(OPENED, refused).when(order(command, refused, occurred_at=on(9), decision="withdrawn")).refused(
            "consent.never_given"
        )

    def test_is_not_withdrawn_before_it_was_given(self, command, given_before):
        given(OPENED, given_before).when(order(command, given_before, occurred_at=on(2), decision="withdrawn")).refused(
            "consent.never_given"
        )

    def test_is_given_again_after_a_withdrawal(self, command, given_before):
        withdrawn = but(given_before, occurred_at=on(9), decision="withdrawn")
        again = but(given_before, occurred_at=on(12))
        given(OPENED, given_before, withdrawn).when(order(command, again)).then(again)

    def test_told_late_is_history(self, command, given_before):
        late = but(given_before, occurred_at=on(2), decision="refused")
        given(OPENED, given_before).when(order(command, late)).then(late)

    def test_counts_after_the_case_closed(self, command, given_before):
        withdrawn = but(given_before, occurred_at=on(29), decision="withdrawn")
        given(OPENED, irrelevant(CLOSED), given_before).when(order(command, withdrawn)).then(withdrawn)

    def test_of_one_person_does_not_bear_on_anothers(self, command, given_before):
        fathers = but(given_before, person=FATHER, decision="refused")
        given(OPENED, irrelevant(fathers)).when(order(command, given_before)).then(given_before)

    def test_is_for_a_known_case(self, command, given_before):
        given().when(order(command, given_before)).refused("case.unknown")

    @pytest.mark.parametrize("decision", ["withdrawn", "refused"])
    def test_is_taken_back_also_for_a_case_that_was_opened_in_error(self, command, given_before, decision):
        """What was given still covers, so it can be ended; nothing more is given for such a case."""
        mark = MarkedInError(occurred_at=on(8), target=1)
        ended = but(given_before, occurred_at=on(9), decision=decision)
        given(OPENED, given_before, mark).when(order(command, ended)).then(ended)
        again = order(command, given_before, occurred_at=on(10), capacity="carer")
        given(OPENED, given_before, mark).when(again).refused("case.unknown")
        given(OPENED, mark).when(order(command, ended)).refused("case.unknown")


def test_agreement_and_consent_do_not_follow_from_each_other():
    given(OPENED, irrelevant(AGREED)).when(order(RecordSharingConsent, CONSENTED, decision="withdrawn")).refused(
        "consent.never_given"
    )


def test_consents_for_two_recipients_do_not_bear_on_each_other():
    other = but(CONSENTED, recipient=COUNCIL)
    given(OPENED, irrelevant(other)).when(order(RecordSharingConsent, CONSENTED)).then(CONSENTED)


def test_consents_for_two_purposes_are_two():
    other = but(CONSENTED, purpose="trips")
    given(OPENED, CONSENTED).when(order(RecordSharingConsent, other)).then(other)


def test_consent_for_another_purpose_is_not_what_is_withdrawn():
    withdrawn = order(RecordSharingConsent, CONSENTED, purpose="trips", decision="withdrawn", occurred_at=on(9))
    given(OPENED, CONSENTED).when(withdrawn).refused("consent.never_given")


@pytest.mark.parametrize("change", [{"until": april(90)}, {"wording": "wording-4"}, {"capacity": "carer"}])
def test_consent_of_other_content_is_another_decision(change):
    other = but(CONSENTED, occurred_at=on(9), **change)
    given(OPENED, CONSENTED).when(order(RecordSharingConsent, other)).then(other)


@pytest.mark.parametrize(("day", "fine"), [(4, False), (5, True), (6, True)])
def test_consent_does_not_end_before_it_was_given(day, fine):
    decided = but(CONSENTED, until=april(day))
    spec = given(OPENED).when(order(RecordSharingConsent, decided))
    spec.then(decided) if fine else spec.refused("consent.ends_before_start")


def test_the_day_on_which_consent_was_given_is_that_in_leeds():
    late_evening = order(RecordSharingConsent, CONSENTED, occurred_at=on(5, 23), until=april(5))
    given(OPENED).when(late_evening).refused("consent.ends_before_start")


FATHERS = but(CONSENTED, person=FATHER)
REFUSAL = but(CONSENTED, occurred_at=on(7), decision="refused")
WITHDRAWAL = but(CONSENTED, occurred_at=on(7), decision="withdrawn")


@pytest.mark.parametrize(
    ("decisions", "at", "lack"),
    [
        ([], on(9), "nobody_asked"),
        ([CONSENTED], on(4), "nobody_asked"),
        ([CONSENTED], on(5), None),
        ([CONSENTED, FATHERS], on(9), None),
        ([CONSENTED, but(FATHERS, decision="refused")], on(9), "not_given"),
        ([CONSENTED, but(FATHERS, occurred_at=on(8), decision="refused")], on(7), None),
        ([CONSENTED, WITHDRAWAL], on(6, 23), None),
        ([CONSENTED, WITHDRAWAL], on(7), "not_given"),
        ([CONSENTED, REFUSAL, but(CONSENTED, occurred_at=on(8))], on(9), None),
        ([but(CONSENTED, until=april(9))], on(9, 22), None),  # 23:00 in Leeds on the last day
        ([but(CONSENTED, until=april(9))], on(9, 23), "past"),  # 00:00 in Leeds on the next
        ([but(CONSENTED, until=april(9)), FATHERS], on(10), "past"),
        ([but(CONSENTED, until=april(9)), but(CONSENTED, occurred_at=on(7), until=None)], on(10), None),
        ([but(CONSENTED, until=april(9)), but(FATHERS, decision="refused")], on(10), "not_given"),
    ],
)
def test_what_consent_lacks_to_cover(decisions, at, lack):
    assert lack_of_consent(decisions, at) == lack
