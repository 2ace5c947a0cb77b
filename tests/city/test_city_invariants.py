"""The invariants hold in the simulated history, by a naive check that shares nothing with words or simulator."""

from collections import defaultdict
from datetime import datetime, timedelta

import pytest
from told_city import Told

from earlystart_city import END_AT
from earlystart_core.types import london_date
from earlystart_core.words.allocation import AllocationEnded, PackageAllocated
from earlystart_core.words.case import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    ChildBorn,
    ResponsibilityPassed,
)
from earlystart_core.words.consent import ServiceAgreementRecorded, SharingConsentRecorded
from earlystart_core.words.contact import ContactRecorded
from earlystart_core.words.meeting import MeetingCancelled, MeetingHeld
from earlystart_core.words.package import PackageEnded, PackageStarted
from earlystart_core.words.request import RequestDecided, RequestWithdrawn, SupportRequested
from earlystart_core.words.sharing import InformationShared
from earlystart_core.words.tier import TierDecided

pytestmark = pytest.mark.chance  # of a city that is larger in an exhaustive run

Spans = dict[str, list[tuple[datetime, datetime | None]]]


def spans(told: Told) -> Spans:
    """From when to when each case was open."""
    changes = defaultdict(list)
    for position, event in told.standing_of(CaseOpened, CaseReopened, CaseClosed):
        changes[event.case].append((event.occurred_at, position, isinstance(event, CaseClosed)))
    found: Spans = {}
    for case, story in changes.items():
        story.sort()
        assert [closed for _, _, closed in story] == [bool(n % 2) for n in range(len(story))], (
            f"{case} opens and closes in turn"
        )
        times: list[datetime | None] = [at for at, _, _ in story] + [None]
        found[case] = [(at, times[n + 1]) for n, at in enumerate(times[:-1]) if n % 2 == 0 and at is not None]
    return found


def within(span: list[tuple[datetime, datetime | None]], at: datetime) -> bool:
    return any(start <= at and (end is None or at <= end) for start, end in span)


def test_every_case_opens_once_and_what_happens_to_it_happens_while_it_is_open(told: Told) -> None:
    open_at = spans(told)
    assert len(open_at) == told.summary.cases
    anytime = {"ChildBorn", "SharingOverridden", "MarkedInError"}
    for position, (entry, event) in enumerate(zip(told.entries, told.events, strict=True), 1):
        if position not in told.struck and entry.event.type not in anytime:
            cases = [tag for tag in entry.event.tags if tag.startswith("case:")]
            assert all(within(open_at[case], event.occurred_at) for case in cases), entry.event.type


def test_nothing_is_recorded_about_a_case_before_its_opening(told: Told) -> None:
    opened: set[str] = set()
    for entry in told.entries:
        cases = {tag for tag in entry.event.tags if tag.startswith("case:")}
        if entry.event.type == "CaseOpened":
            opened |= cases
        assert cases <= opened


def test_a_case_passes_only_to_another_team(told: Told) -> None:
    team: dict[str, str] = {}
    story = sorted(
        (event.occurred_at, position, event)
        for position, event in told.standing_of(CaseOpened, CaseReopened, ResponsibilityPassed)
    )
    for _, _, event in story:
        to = event.to_team if isinstance(event, ResponsibilityPassed) else event.team
        assert not isinstance(event, ResponsibilityPassed) or team[event.case] != to
        team[event.case] = to


def test_a_birth_date_stands_only_where_it_may_and_a_child_is_born_once(told: Told) -> None:
    for _, opened in told.all(CaseOpened):
        assert (opened.born_on is not None) == (opened.reason in ("birth", "move_in"))
        assert opened.due_on is None or opened.reason == "pregnancy"
    with_date = {event.case for _, event in told.all(CaseOpened) if event.born_on}
    births = [event.case for _, event in told.standing(ChildBorn)]
    assert len(births) == len(set(births))
    assert not with_date & set(births)
    assert all(event.born_on <= london_date(event.occurred_at) for _, event in told.standing(ChildBorn))


def test_no_child_is_seen_before_it_is_born(told: Told) -> None:
    born = {event.case: event.born_on for _, event in told.standing(ChildBorn)}
    after_birth = {"new_birth_visit", "six_to_eight_week", "three_to_four_month", "six_month", "one_year", "two_year"}
    for _, event in told.standing(ContactRecorded):
        for case in event.cases:
            if event.kind in after_birth and case in born:
                assert london_date(event.occurred_at) >= born[case]
            if event.kind == "antenatal" and case in born:
                assert london_date(event.occurred_at) < born[case]


def test_a_mandated_contact_is_kept_once(told: Told) -> None:
    """What was entered twice in the last weeks nobody may have noticed yet."""
    kept = set()
    noticed = END_AT - timedelta(days=100)
    for _, event in told.standing(ContactRecorded):
        if event.occurred_at > noticed:
            continue
        if event.attendance in ("5", "6") and event.kind not in ("targeted", "group", "other"):
            for case in event.cases:
                assert (case, event.kind) not in kept
                kept.add((case, event.kind))


def test_a_package_starts_under_a_live_agreement(told: Told) -> None:
    agreements = defaultdict(list)
    for position, event in told.standing(ServiceAgreementRecorded):
        agreements[event.case].append((event.occurred_at, position, event.decision))
    for position, started in told.standing(PackageStarted):
        known = [made for made in agreements[started.case] if made[0] <= started.occurred_at and made[1] < position]
        assert max(known)[2] == "given"


def test_allocations_of_a_package_take_turns(told: Told) -> None:
    story = defaultdict(list)
    for position, event in told.standing_of(PackageAllocated, AllocationEnded):
        story[event.package].append((event.occurred_at, position, event))
    for changes in story.values():
        holder = None
        for _, _, event in sorted(changes, key=lambda change: change[:2]):
            assert (holder is None) if isinstance(event, PackageAllocated) else (holder == event.practitioner)
            holder = event.practitioner if isinstance(event, PackageAllocated) else None


def test_no_case_closes_over_a_package(told: Told) -> None:
    ended = {event.package: (event.occurred_at, position) for position, event in told.standing(PackageEnded)}
    started = defaultdict(list)
    for position, start in told.standing(PackageStarted):
        started[start.case].append((position, start))
    for position, closed in told.all(CaseClosed):  # also those closed by mistake
        for begun, start in started[closed.case]:
            if begun < position:
                at, known = ended[start.package]
                assert at <= closed.occurred_at
                assert known < position


def test_a_request_is_decided_by_a_meeting_of_its_team_until_it_is_settled(told: Told) -> None:
    held = {event.meeting: (position, event) for position, event in told.standing(MeetingHeld)}
    cancelled = {event.meeting for _, event in told.standing(MeetingCancelled)}
    assert not cancelled & set(held)
    asked = {event.request: (position, event) for position, event in told.standing(SupportRequested)}
    settled = set()
    for position, decided in told.standing(RequestDecided):
        known, meeting = held[decided.meeting]
        assert known < position
        assert (meeting.team, london_date(decided.occurred_at)) == (decided.team, meeting.held_on)
        before, request = asked[decided.request]
        assert before < position
        assert request.case == decided.case
        assert request.occurred_at <= decided.occurred_at
        assert decided.request not in settled
        if decided.outcome != "deferred":
            settled.add(decided.request)
    withdrawn = [event.request for _, event in told.standing(RequestWithdrawn)]
    assert len(withdrawn) == len(set(withdrawn))
    assert not settled & set(withdrawn)


def test_what_names_a_meeting_is_recorded_once_it_was_held(told: Told) -> None:
    held = {event.meeting: position for position, event in told.standing(MeetingHeld)}
    named = [*told.standing_of(PackageAllocated, TierDecided)]
    assert all(held[event.meeting] < position for position, event in named if event.meeting is not None)
    assert any(event.meeting is not None for _, event in named)


def test_a_package_for_a_request_was_allocated_by_a_meeting_first(told: Told) -> None:
    allocated = {
        event.request: position for position, event in told.standing(RequestDecided) if event.outcome == "allocated"
    }
    for position, started in told.standing(PackageStarted):
        assert started.request is None or allocated[started.request] < position


def test_a_withdrawal_withdraws_what_was_given(told: Told) -> None:
    given = set()
    for _, event in told.standing(SharingConsentRecorded):
        key = (event.case, event.person, event.recipient, event.purpose)
        assert event.decision != "withdrawn" or key in given
        if event.decision == "given":
            given.add(key)


def covered(shared: InformationShared, decisions: list[tuple[int, SharingConsentRecorded]]) -> bool:
    """Whether those decisions cover the sharing at its instant."""
    latest = {}
    for _, made in sorted(decisions, key=lambda decision: (decision[1].occurred_at, decision[0])):
        if made.occurred_at <= shared.occurred_at:
            latest[made.person] = made
    day = london_date(shared.occurred_at)
    return bool(latest) and all(
        made.decision == "given" and (made.until is None or day <= made.until) for made in latest.values()
    )


def test_most_sharing_on_consent_was_covered_then_and_some_no_longer_is(told: Told) -> None:
    decisions = defaultdict(list)
    for position, made in told.all(SharingConsentRecorded):
        decisions[made.case, made.recipient, made.purpose].append((position, made))
    then, gap, against = 0, 0, 0
    for _, shared in told.all(InformationShared):
        if shared.basis != "consent":
            continue
        known = told.known_at(shared.occurred_at)
        about = decisions[shared.case, shared.recipient, shared.purpose]
        was = covered(shared, [each for each in about if each[0] <= known and not told.is_struck(each[0], known)])
        now = covered(shared, [each for each in about if each[0] not in told.struck])
        then += was
        gap += was and not now
        against += not was
    assert gap > 5
    assert against > 5
    assert against < 0.05 * then


def test_what_a_sharing_relies_on_is_the_basis_that_it_states(told: Told) -> None:
    for position, shared in told.all(InformationShared):
        if shared.basis_position is None:
            assert shared.basis in ("duty", "agreement")
            continue
        assert shared.basis_position < position
        basis = told.events[shared.basis_position - 1]
        assert basis.case == shared.case  # type: ignore[attr-defined]
        assert basis.recipient == shared.recipient  # type: ignore[attr-defined]
        assert (
            type(basis).__name__ == {"consent": "SharingConsentRecorded", "override": "SharingOverridden"}[shared.basis]
        )


def test_people_act_where_they_work(told: Told) -> None:
    """A group session and a joint visit have practitioners of both employers."""
    for _, event in told.all(ContactRecorded):
        assert len(event.employers) <= len(event.practitioners)
        assert event.kind != "group" or len(event.employers) == 2
