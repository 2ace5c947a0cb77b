from typing import get_args

import msgspec
import pytest
from leeds import *
from spec import but, decided, given, irrelevant, order

from earlystart_core.errors import Invalid, Refused
from earlystart_core.types import Basis
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.policy import POLICIES, policy_at
from earlystart_core.words.sharing import OverrideSharing, RefuseDisclosure, ShareInformation

SHARE = order(ShareInformation, SHARED)
TOLD = but(SHARED, recipient=POLICE, purpose="danger", basis="override")
TELL = order(ShareInformation, TOLD)
WITHDRAWAL = but(CONSENTED, occurred_at=on(9), decision="withdrawn")
UNTOLD = but(OVERRIDDEN, family_told=False, if_not_why="it would bring danger")


def test_information_is_shared_with_consent():
    given(OPENED, CONSENTED).when(SHARE).then(SHARED)


def test_nothing_is_shared_without_consent():
    given(OPENED).when(SHARE).refused("sharing.nobody_asked")


@pytest.mark.parametrize("decision", ["refused", "withdrawn"])
def test_nothing_is_shared_when_one_of_two_did_not_consent(decision):
    given(OPENED, CONSENTED, but(CONSENTED, person=FATHER, decision=decision)).when(SHARE).refused("sharing.not_given")


def test_parents_who_disagree_are_bound_by_the_stricter_until_it_is_resolved():
    refused = but(CONSENTED, person=FATHER, decision="refused")
    agreed = but(CONSENTED, person=FATHER, occurred_at=on(7))
    short = but(agreed, until=april(10))
    mistaken = MarkedInError(occurred_at=on(8), target=3)
    given(OPENED, CONSENTED, refused).when(SHARE).refused("sharing.not_given")
    given(OPENED, CONSENTED, refused, short).when(SHARE).refused("sharing.past")
    given(OPENED, CONSENTED, refused, agreed).when(SHARE).then(SHARED)
    given(OPENED, CONSENTED, refused, mistaken).when(SHARE).then(SHARED)


def test_a_withdrawal_blocks_what_is_shared_after_it():
    given(OPENED, CONSENTED, WITHDRAWAL).when(SHARE).refused("sharing.not_given")


@pytest.mark.parametrize(("day", "hour", "fine"), [(9, 11, True), (9, 12, False), (9, 13, False)])
def test_a_withdrawal_does_not_block_what_was_shared_before_it(day, hour, fine):
    shared = but(SHARED, occurred_at=on(day, hour))
    spec = given(OPENED, CONSENTED, WITHDRAWAL).when(order(ShareInformation, shared))
    spec.then(shared) if fine else spec.refused("sharing.not_given")


@pytest.mark.parametrize(("day", "fine"), [(10, False), (11, True)])
def test_consent_covers_until_its_last_day(day, fine):
    spec = given(OPENED, but(CONSENTED, until=april(day))).when(SHARE)
    spec.then(SHARED) if fine else spec.refused("sharing.past")


def test_consent_told_late_covers_from_when_it_was_given():
    given(OPENED, but(CONSENTED, occurred_at=on(12))).when(SHARE).refused("sharing.nobody_asked")


def test_consent_for_another_purpose_does_not_cover():
    given(OPENED, but(CONSENTED, purpose="trips")).when(SHARE).refused("sharing.nobody_asked")


@pytest.mark.parametrize("change", [{"recipient": COUNCIL}, {"case": BEN}])
def test_consent_for_another_recipient_or_child_does_not_cover(change):
    given(OPENED, irrelevant(but(CONSENTED, **change))).when(SHARE).refused("sharing.nobody_asked")


def test_an_override_covers_its_recipient():
    given(OPENED, OVERRIDDEN).when(TELL).then(TOLD)


@pytest.mark.parametrize("change", [{"recipient": SCHOOL}, {"case": BEN}])
def test_an_override_for_another_recipient_or_child_does_not_cover(change):
    given(OPENED, irrelevant(but(OVERRIDDEN, **change))).when(TELL).refused("sharing.no_override")


def test_an_override_covers_from_its_instant():
    given(OPENED, but(OVERRIDDEN, occurred_at=on(12))).when(TELL).refused("sharing.no_override")


def test_a_sharing_is_covered_only_by_the_basis_that_it_states():
    given(OPENED, irrelevant(but(CONSENTED, recipient=POLICE, purpose="danger"))).when(TELL).refused(
        "sharing.no_override"
    )


def test_a_duty_covers_itself():
    given(OPENED).when(order(ShareInformation, DUTY)).then(DUTY)


AGREED_SHARE = but(SHARED, basis="agreement")
SHARE_AS_AGREED = order(ShareInformation, AGREED_SHARE)


def test_an_agreement_in_force_covers_its_parties_purposes_and_items():
    given(OPENED, SIGNED).when(SHARE_AS_AGREED).then(AGREED_SHARE)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"parties": (COUNCIL, SCHOOL)}, "no_agreement"),  # whoever shares works for neither
        ({"occurred_at": on(12)}, "no_agreement"),
        ({"starts_on": april(12)}, "agreement_not_in_force"),
        ({"ends_on": april(10)}, "agreement_not_in_force"),
        ({"purposes": ("transport",)}, "agreement_other_purpose"),
        ({"items": ("address",)}, "agreement_other_items"),
    ],
)
def test_an_agreement_covers_nothing_else(change, code):
    given(OPENED, but(SIGNED, **change)).when(SHARE_AS_AGREED).refused(f"sharing.{code}")


def test_an_agreement_with_others_does_not_cover():
    given(OPENED, irrelevant(but(SIGNED, parties=(LCH, POLICE)))).when(SHARE_AS_AGREED).refused("sharing.no_agreement")


@pytest.mark.parametrize(("day", "fine"), [(11, False), (12, True)])
def test_an_agreement_covers_until_it_ends(day, fine):
    spec = given(OPENED, SIGNED, but(LAPSED, occurred_at=on(day, 11))).when(SHARE_AS_AGREED)
    spec.then(AGREED_SHARE) if fine else spec.refused("sharing.agreement_not_in_force")


WITH_THE_POLICE = but(SIGNED, parties=(LCH, POLICE))  # of the same agreement: one of the two was a mistake, for a time
POLICE_LAPSED = but(LAPSED, occurred_at=on(9), parties=(LCH, POLICE))


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        ([but(WITH_THE_POLICE, occurred_at=on(1)), SIGNED], "agreement_not_in_force"),
        ([SIGNED, but(WITH_THE_POLICE, occurred_at=on(3))], "no_agreement"),
    ],
)
def test_an_agreement_that_ended_covers_whoever_its_end_names(signed, code):
    """Whatever else an event of the agreement names, it bears on every sharing that the agreement might cover."""
    given(OPENED, *signed, POLICE_LAPSED).when(SHARE_AS_AGREED).refused(f"sharing.{code}")
    given(OPENED, *signed[::-1], POLICE_LAPSED).when(SHARE_AS_AGREED).refused(f"sharing.{code}")


def test_a_mark_on_what_names_others_bears_on_it_too():
    mistaken = MarkedInError(occurred_at=on(10), target=3)
    given(OPENED, SIGNED, POLICE_LAPSED, mistaken).when(SHARE_AS_AGREED).then(AGREED_SHARE)


def test_another_agreement_of_the_other_party_does_not_bear_on_it():
    other = irrelevant(but(POLICE_LAPSED, agreement=an("agreement", 2)))
    given(OPENED, SIGNED, other).when(SHARE_AS_AGREED).then(AGREED_SHARE)


def test_two_agreements_do_not_add_up():
    one, other = but(SIGNED, purposes=("transport",)), but(SIGNED, agreement=an("agreement", 2), items=("address",))
    given(OPENED, one, other).when(SHARE_AS_AGREED).refused("sharing.agreement_other_items")


def test_an_organisation_has_no_agreement_with_itself():
    inward = order(ShareInformation, AGREED_SHARE, recipient=LCH)
    given(OPENED, SIGNED).when(inward).refused("sharing.no_agreement")


def test_an_agreement_is_not_consent():
    given(OPENED, irrelevant(SIGNED)).when(SHARE).refused("sharing.nobody_asked")


def test_a_refusal_names_the_policy_and_its_version():
    with pytest.raises(Refused, match=r"\(early_start_sharing 1\)$"):
        decided(SHARE, [OPENED])


def test_policies_have_their_time():
    stricter = msgspec.structs.replace(POLICIES[-1], version=2, since=on(5))
    both = (*POLICIES, stricter)
    assert [policy_at(moment, both).version for moment in (on(1), on(5, 11), on(5), on(9))] == [1, 1, 2, 2]
    assert policy_at(on(1)) is POLICIES[-1]
    assert [policy.version for policy in POLICIES] == list(range(1, len(POLICIES) + 1))
    assert POLICIES[0].since is None
    assert all(set(policy.rules) == set(get_args(Basis)) for policy in POLICIES)


def test_the_same_sharing_again_changes_nothing():
    given(OPENED, CONSENTED, SHARED).when(SHARE).nothing()


def test_the_same_sharing_again_changes_nothing_once_consent_is_withdrawn():
    given(OPENED, CONSENTED, SHARED, but(WITHDRAWAL, occurred_at=on(10))).when(SHARE).nothing()


def test_a_sharing_of_another_instant_is_another_sharing():
    later = but(SHARED, occurred_at=on(12))
    given(OPENED, CONSENTED, SHARED).when(order(ShareInformation, later)).then(later)


def test_information_about_a_closed_case_is_shared():
    later = but(SHARED, occurred_at=on(30))
    given(OPENED, irrelevant(CLOSED), CONSENTED).when(order(ShareInformation, later)).then(later)


@pytest.mark.parametrize("position", [0, -1, True, 2**53 + 1])
def test_a_basis_position_is_a_position(position):
    with pytest.raises(Invalid) as fault:
        order(ShareInformation, SHARED, basis_position=position)
    assert fault.value.field == "basis_position"


def test_a_basis_position_may_be_given():
    shared = but(SHARED, basis_position=2)
    given(OPENED, CONSENTED).when(order(ShareInformation, shared)).then(shared)


@pytest.mark.parametrize("override", [OVERRIDDEN, UNTOLD])
def test_sharing_is_overridden(override):
    given(OPENED).when(order(OverrideSharing, override)).then(override)


def test_the_same_override_again_changes_nothing():
    given(OPENED, OVERRIDDEN).when(order(OverrideSharing, OVERRIDDEN)).nothing()


def test_an_override_of_another_instant_is_another_override():
    later = but(OVERRIDDEN, occurred_at=on(7))
    given(OPENED, OVERRIDDEN).when(order(OverrideSharing, later)).then(later)


def test_that_the_family_was_not_told_needs_a_reason():
    given(OPENED).when(order(OverrideSharing, OVERRIDDEN, family_told=False)).refused("sharing.family_not_told")


@pytest.mark.parametrize(
    ("field", "came"),
    [
        ("harm", None),
        ("harm", ""),
        ("harm", " \n"),
        ("harm", "a\x00b"),
        ("authorised_by", None),
        ("authorised_by", "practitioner:unknown"),
        ("authorised_by", MOTHER),
        ("family_told", None),
        ("family_told", 1),
        ("if_not_why", " "),
    ],
)
def test_an_override_states_its_harm_and_who_authorised_it(field, came):
    with pytest.raises(Invalid) as fault:
        order(OverrideSharing, OVERRIDDEN, **{field: came})
    assert fault.value.field == field


def test_a_disclosure_is_refused():
    given(OPENED).when(order(RefuseDisclosure, KEPT)).then(KEPT)


def test_the_same_refusal_again_changes_nothing():
    given(OPENED, KEPT).when(order(RefuseDisclosure, KEPT)).nothing()


def test_a_refusal_of_another_instant_is_another_refusal():
    later = but(KEPT, occurred_at=on(14))
    given(OPENED, KEPT).when(order(RefuseDisclosure, later)).then(later)


@pytest.mark.parametrize(
    ("command", "event"), [(ShareInformation, DUTY), (OverrideSharing, OVERRIDDEN), (RefuseDisclosure, KEPT)]
)
def test_whatever_is_shared_or_kept_is_about_a_known_case(command, event):
    given(irrelevant(BEN_OPENED)).when(order(command, event)).refused("case.unknown")
