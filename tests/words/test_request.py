import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.errors import Invalid
from earlystart_core.words.request import DecideRequest, RequestSupport, WithdrawRequest

DEFERRED = but(ALLOCATED_ASK, outcome="deferred")
NEXT_ROUND = an("meeting", 2)


def test_support_is_requested():
    given(OPENED).when(order(RequestSupport, ASKED)).then(ASKED)


def test_the_same_request_again_changes_nothing():
    given(ASKED, OPENED).when(order(RequestSupport, ASKED, occurred_at=None)).nothing()


@pytest.mark.parametrize(
    "change", [{"case": BEN}, {"source": "gp"}, {"needs": ("sleep", "parenting")}, {"urgency": "urgent"}]
)
def test_the_same_request_with_other_content_is_refused(change):
    given(ASKED).when(order(RequestSupport, ASKED, **change)).refused("request.other_content")


def test_two_requests_for_one_child_do_not_bear_on_each_other():
    given(OPENED, irrelevant(but(ASKED, request=an("request", 2)))).when(order(RequestSupport, ASKED)).then(ASKED)


def test_a_request_names_a_need():
    with pytest.raises(Invalid) as fault:
        order(RequestSupport, ASKED, needs=())
    assert fault.value.field == "needs"


def test_no_request_for_an_unknown_case():
    given().when(order(RequestSupport, ASKED)).refused("case.unknown")


def test_no_request_for_a_closed_case():
    given(OPENED, CLOSED).when(order(RequestSupport, ASKED, occurred_at=on(21))).refused("case.not_open")


def test_a_request_is_decided():
    given(ASKED).when(order(DecideRequest, ALLOCATED_ASK)).then(ALLOCATED_ASK)


def test_the_same_decision_again_changes_nothing():
    given(ASKED, ALLOCATED_ASK).when(order(DecideRequest, ALLOCATED_ASK, occurred_at=None)).nothing()


@pytest.mark.parametrize("outcome", ["deferred", "allocated", "declined", "redirected"])
def test_a_deferred_request_is_decided_again(outcome):
    again = but(DEFERRED, occurred_at=on(14), meeting=NEXT_ROUND, outcome=outcome)
    given(ASKED, DEFERRED).when(order(DecideRequest, again)).then(again)


@pytest.mark.parametrize("settled", ["allocated", "declined", "redirected"])
@pytest.mark.parametrize("outcome", ["deferred", "allocated", "declined", "redirected"])
def test_a_settled_request_is_not_decided_again(settled, outcome):
    given(ASKED, but(ALLOCATED_ASK, outcome=settled)).when(
        order(DecideRequest, ALLOCATED_ASK, occurred_at=on(14), meeting=NEXT_ROUND, outcome=outcome)
    ).refused("request.decided")


def test_a_deferral_before_the_settlement_may_be_told_late():
    late = but(DEFERRED, occurred_at=on(5), meeting=NEXT_ROUND)
    given(ASKED, ALLOCATED_ASK).when(order(DecideRequest, late)).then(late)


def test_a_second_settlement_may_not_be_told_late():
    given(ASKED, ALLOCATED_ASK).when(
        order(DecideRequest, ALLOCATED_ASK, occurred_at=on(5), meeting=NEXT_ROUND, outcome="declined")
    ).refused("request.decided")


def test_a_withdrawn_request_is_not_decided():
    given(ASKED, WITHDRAWN_ASK).when(order(DecideRequest, ALLOCATED_ASK, occurred_at=on(9))).refused(
        "request.withdrawn"
    )


def test_a_decision_before_the_withdrawal_may_be_told_late():
    given(ASKED, WITHDRAWN_ASK).when(order(DecideRequest, ALLOCATED_ASK)).then(ALLOCATED_ASK)


@pytest.mark.parametrize(("command", "event"), [(DecideRequest, ALLOCATED_ASK), (WithdrawRequest, WITHDRAWN_ASK)])
class TestWhicheverIsSaidOfARequest:
    def test_it_is_known(self, command, event):
        given().when(order(command, event)).refused("request.unknown")

    def test_it_is_of_that_case(self, command, event):
        given(ASKED).when(order(command, event, case=BEN)).refused("request.other_case")

    def test_it_has_been_made_by_then(self, command, event):
        given(ASKED).when(order(command, event, occurred_at=on(3))).refused("request.not_yet_asked")

    def test_it_may_be_at_the_instant_at_which_it_was_made(self, command, event):
        at_once = but(event, occurred_at=ASKED.occurred_at)
        given(ASKED).when(order(command, at_once)).then(at_once)

    def test_the_case_may_have_closed(self, command, event):
        later = but(event, occurred_at=on(21))
        given(ASKED, irrelevant(OPENED), irrelevant(CLOSED)).when(order(command, later)).then(later)


@pytest.mark.parametrize("decided", [(), (DEFERRED,), (ALLOCATED_ASK,)])
def test_a_request_is_withdrawn(decided):
    given(ASKED, *decided).when(order(WithdrawRequest, WITHDRAWN_ASK)).then(WITHDRAWN_ASK)


def test_withdrawing_twice_changes_nothing():
    given(ASKED, WITHDRAWN_ASK).when(order(WithdrawRequest, WITHDRAWN_ASK, occurred_at=None)).nothing()
