"""What makes a real record hard to read occurs in the simulated one: every wart, in a city of a few thousand cases."""

from collections import Counter, defaultdict

import pytest
from told_city import Told

from earlystart_core.words.allocation import AllocationEnded
from earlystart_core.words.case import CaseClosed, CaseOpened, CaseReopened, ResponsibilityPassed
from earlystart_core.words.consent import ServiceAgreementRecorded, SharingConsentRecorded
from earlystart_core.words.contact import ContactRecorded
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.meeting import MeetingCancelled, MeetingHeld
from earlystart_core.words.package import PackageEnded, PackageReviewed, PackageStarted
from earlystart_core.words.request import RequestDecided
from earlystart_core.words.sharing import InformationShared, SharingOverridden
from earlystart_core.words.tier import TierDecided

pytestmark = pytest.mark.chance  # of a city that is larger in an exhaustive run


def test_every_code_that_a_city_meets_occurs(told: Told) -> None:
    assert {event.reason for _, event in told.all(CaseOpened)} == {"pregnancy", "birth", "move_in", "late_notification"}
    closings = {"fifth_birthday", "moved_out", "died", "declined_all", "record_error"}
    assert {event.reason for _, event in told.all(CaseClosed)} == closings
    assert {event.outcome for _, event in told.all(RequestDecided)} == {
        "allocated",
        "deferred",
        "declined",
        "redirected",
    }
    reviews = {"continue", "extend", "step_up", "step_down", "end"}
    assert {event.outcome for _, event in told.all(PackageReviewed)} == reviews
    assert {"completed", "family_declined", "consent_withdrawn", "moved", "other"} <= {
        event.outcome for _, event in told.all(PackageEnded)
    }
    assert {event.reason for _, event in told.all(AllocationEnded)} == {
        "completed",
        "reallocated",
        "left",
        "absence",
        "other",
    }
    assert {event.duration for _, event in told.all(PackageStarted)} == {"time_limited", "ongoing"}
    assert {event.basis for _, event in told.all(InformationShared)} == {"consent", "agreement", "override", "duty"}
    assert {event.decision for _, event in told.all(ServiceAgreementRecorded)} == {"given", "refused", "withdrawn"}
    assert {event.decision for _, event in told.all(SharingConsentRecorded)} == {"given", "refused", "withdrawn"}
    assert {event.family_told for _, event in told.all(SharingOverridden)} == {True, False}
    assert len({event.tier for _, event in told.all(TierDecided)}) == 3
    assert len({event.attendance for _, event in told.all(ContactRecorded)}) == 6
    assert len({event.kind for _, event in told.all(ContactRecorded)}) == 11


def test_twins_share_a_family_and_are_seen_together(told: Told) -> None:
    family = {event.case: event.family for _, event in told.all(CaseOpened)}
    opened = defaultdict(set)
    for position, event in told.all(CaseOpened):
        opened[told.entries[position - 1].event.command_id].add(event.case)
    twins = [frozenset(cases) for cases in opened.values() if len(cases) == 2]
    assert 0.005 * told.summary.cases < len(twins) < 0.04 * told.summary.cases
    assert all(len({family[case] for case in pair}) == 1 for pair in twins)
    joint = {frozenset(event.cases) for _, event in told.all(ContactRecorded) if event.kind != "group"}
    assert sum(pair in joint for pair in twins) > 0.8 * len(twins)
    assert all(cases in twins for cases in joint if len(cases) > 1)


def test_some_families_have_a_later_child(told: Told) -> None:
    first: dict[str, tuple[object, ...]] = {}
    later = 0
    for _, event in told.all(CaseOpened):
        later += event.family in first and first[event.family] != (event.occurred_at,)
        first.setdefault(event.family, (event.occurred_at,))
    assert later > 0.02 * told.summary.cases


def test_groups_bring_several_families_together(told: Told) -> None:
    family = {event.case: event.family for _, event in told.all(CaseOpened)}
    families = [
        len({family[case] for case in event.cases}) for _, event in told.all(ContactRecorded) if event.kind == "group"
    ]
    assert max(families) >= 5


def test_visits_are_made_jointly_by_two_employers(told: Told) -> None:
    joint = [event for _, event in told.all(ContactRecorded) if event.kind == "two_year" and len(event.employers) == 2]
    assert joint
    assert all(set(event.employers) == {"org:lch", "org:leeds-city-council"} for event in joint)


def test_each_team_meets_weekly_on_its_weekday(told: Told) -> None:
    days = defaultdict(set)
    for _, held in told.all(MeetingHeld):
        days[held.team].add(held.held_on)
    assert len(days) == told.summary.teams
    assert all(len({day.weekday() for day in met}) == 1 for met in days.values())
    assert all(len(met) > 6 * 40 for met in days.values())
    assert sum(1 for _ in told.all(MeetingCancelled)) > 100


def test_requests_are_deferred_again_and_again_and_withdrawn(told: Told) -> None:
    deferrals = Counter(event.request for _, event in told.all(RequestDecided) if event.outcome == "deferred")
    assert max(deferrals.values()) >= 2


def test_consents_end_on_a_day_and_parents_disagree(told: Told) -> None:
    assert any(event.until is not None for _, event in told.all(SharingConsentRecorded))
    latest: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for _, event in told.standing(SharingConsentRecorded):
        latest[event.case, event.recipient, event.purpose][event.person] = event.decision
    assert sum("given" in said.values() and len(set(said.values())) > 1 for said in latest.values()) > 10


def test_withdrawals_are_recorded_days_after_they_were_spoken_and_shared_against_in_between(told: Told) -> None:
    gaps = defaultdict(list)
    for position, event in told.all(SharingConsentRecorded):
        if event.decision == "withdrawn":
            key = (event.case, event.recipient, event.purpose)
            gaps[key].append((event.occurred_at, told.entries[position - 1].recorded_at))
    shared = [
        (gap, event.occurred_at)
        for _, event in told.all(InformationShared)
        if event.basis == "consent"
        for gap in gaps[event.case, event.recipient, event.purpose]
    ]
    assert sum(spoken < at < recorded for (spoken, recorded), at in shared) > 5
    assert sum(recorded < at for (_, recorded), at in shared) > 5


def test_cases_move_between_teams_close_and_come_back(told: Told) -> None:
    assert sum(1 for _ in told.all(ResponsibilityPassed)) > 0.05 * told.summary.cases
    assert sum(1 for _ in told.all(CaseReopened)) > 10
    assert sum(1 for _ in told.standing(CaseClosed)) > 100


def test_facts_arrive_out_of_order(told: Told) -> None:
    """A tier and a consent of an earlier instant are recorded after one of a later instant."""
    for cls in (TierDecided, SharingConsentRecorded, ContactRecorded):
        newest: dict[str, object] = {}
        late = 0
        for _, event in told.all(cls):
            case = event.cases[0] if isinstance(event, ContactRecorded) else event.case  # type: ignore[attr-defined]
            late += case in newest and event.occurred_at < newest[case]  # type: ignore[operator]
            newest[case] = event.occurred_at
        assert late > 5, cls


def test_facts_share_an_instant(told: Told) -> None:
    for cls in (TierDecided, SharingConsentRecorded, RequestDecided):
        at = Counter((event.occurred_at, event.case) for _, event in told.all(cls))  # type: ignore[attr-defined]
        assert cls is RequestDecided or max(at.values()) > 1, cls
    decided = Counter(event.occurred_at for _, event in told.all(RequestDecided))
    assert max(decided.values()) > 1


def test_entries_of_many_kinds_are_marked(told: Told) -> None:
    marked = Counter(type(told.events[mark.target - 1]).__name__ for _, mark in told.all(MarkedInError))
    kinds = {
        "ContactRecorded",
        "TierDecided",
        "SharingConsentRecorded",
        "InformationShared",
        "SupportRequested",
        "PackageStarted",
        "PackageAllocated",
        "PackageReviewed",
        "CaseClosed",
        "ChildBorn",
        "MarkedInError",
    }
    assert kinds <= set(marked)


def test_a_mark_carries_the_tags_of_its_target(told: Told) -> None:
    for position, mark in told.all(MarkedInError):
        assert mark.target < position
        assert told.entries[position - 1].event.tags == told.entries[mark.target - 1].event.tags


def test_marks_of_marks_let_their_target_stand_again(told: Told) -> None:
    again = [
        position
        for position, mark in told.all(MarkedInError)
        if isinstance(told.events[mark.target - 1], MarkedInError)
    ]
    assert len(again) > 10
    deep = [p for p in again if isinstance(told.events[told.events[p - 1].target - 1], MarkedInError)]  # type: ignore[attr-defined]
    targets = {told.events[told.events[p - 1].target - 1].target for p in deep}  # type: ignore[attr-defined]
    assert any(target not in told.struck for target in targets)
