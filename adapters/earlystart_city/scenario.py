"""Scenario: how often things happen in the simulated city.

Rates of the universal contacts are England's, 2017/18 quarter 1, health visitor service delivery metrics (published
by Public Health England: C2 86.4 %, C3 11.1 %, C8i 81.5 %, C4 74.6 %, C5 82.6 %, C6i 75.7 %). Twins: about 1.5 % of
maternities (ONS birth characteristics). The two suggested contacts, and everything without a source below, are
plausible guesses: they make a log of the right shape and are not findings about Leeds or about anyone.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Shares lie between 0 and 1. A rate `a_year` is a mean for a case open all year."""

    # Births and how a case opens
    twins: float = 0.015  # of maternities
    sibling: float = 0.18  # families with a later child in the same city
    opened_in_pregnancy: float = 0.62
    opened_at_birth: float = 0.25
    opened_by_moving_in: float = 0.10  # the rest: a late notification
    second_parent: float = 0.70

    # Universal contacts, of children whose case is open
    antenatal: float = 0.60
    new_birth_within_14_days: float = 0.864  # C2
    new_birth_later: float = 0.111  # C3
    six_to_eight_week_by_8_weeks: float = 0.815  # C8i
    six_to_eight_week_later: float = 0.09
    three_to_four_month: float = 0.45
    six_month: float = 0.40
    one_year_by_12_months: float = 0.746  # C4
    one_year_by_15_months: float = 0.826  # C5, the former included
    two_year_by_30_months: float = 0.757  # C6i
    two_year_later: float = 0.06
    handover: float = 0.60
    missed_first: float = 0.16  # a contact that was kept after one that was not
    never_but_tried: float = 0.75  # of contacts never kept, those with appointments that were missed

    # Other contacts
    groups_joined: float = 0.50  # families who come to a weekly group for a time
    other_contacts_a_year: float = 2.4

    # Support
    requests_a_year: float = 0.65
    package_without_request: float = 0.15
    deferred: float = 0.18
    declined: float = 0.09
    redirected: float = 0.07
    request_withdrawn: float = 0.05
    meeting_cancelled: float = 0.05
    meeting_every_weeks: int = 1

    # Agreement and consent
    agreement_refused: float = 0.03
    agreement_withdrawn: float = 0.03
    consents_a_case: int = 3  # recipients and purposes asked for, at most
    consent_refused: float = 0.14
    other_parent_decides: float = 0.35
    consent_withdrawn: float = 0.12
    withdrawal_recorded_late: float = 0.45

    # How a case ends, and between whom it moves
    moves_between_teams: float = 0.20
    moved_out: float = 0.14
    died: float = 0.004
    declined_all: float = 0.02
    opened_in_error: float = 0.003
    comes_back: float = 0.25  # of those who moved out or declined

    # What goes wrong, and how much is written
    entered_twice: float = 0.012  # contacts
    wrong_entry: float = 0.006  # other entries marked in error, each kind
    mark_was_wrong: float = 0.15  # marks that are themselves marked
    written: float = 0.4  # fields for free text that are filled in, where nobody has to
