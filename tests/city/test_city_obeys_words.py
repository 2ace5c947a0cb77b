"""Every entry of a simulated history is one that the words themselves would have decided on what was known then.

The exceptions are the wrongs that the city makes on purpose: sharing on a basis that did not cover it.
"""

from collections import Counter, defaultdict
from typing import Any

import pytest
from eventsourcing.dcb.api import DCBQuery
from told_city import Told, tell

from earlystart_core.command import Command
from earlystart_core.decide import courses, query_of, standing
from earlystart_core.entry import Recorded
from earlystart_core.errors import Refused
from earlystart_core.event import Event, shape_of
from earlystart_core.log import matches
from earlystart_core.words import (
    WORDS,
    allocation,
    case,
    closing,
    consent,
    contact,
    correction,
    meeting,
    package,
    request,
    responsibility,
    sharing,
    starting,
    tier,
)

pytestmark = pytest.mark.chance  # of a city that is larger in an exhaustive run

COMMANDS: dict[str, type[Command]] = {
    "CaseOpened": case.OpenCase,
    "ChildBorn": case.RecordBirth,
    "ResponsibilityPassed": responsibility.PassResponsibility,
    "PointOfContactNamed": responsibility.NamePointOfContact,
    "CaseClosed": closing.CloseCase,
    "CaseReopened": case.ReopenCase,
    "TierDecided": tier.DecideTier,
    "ContactRecorded": contact.RecordContact,
    "SupportRequested": request.RequestSupport,
    "RequestDecided": request.DecideRequest,
    "RequestWithdrawn": request.WithdrawRequest,
    "MeetingHeld": meeting.HoldMeeting,
    "MeetingCancelled": meeting.CancelMeeting,
    "PackageStarted": starting.StartPackage,
    "PackageReviewed": package.ReviewPackage,
    "PackageEnded": package.EndPackage,
    "PackageAllocated": allocation.AllocatePackage,
    "AllocationEnded": allocation.EndAllocation,
    "ServiceAgreementRecorded": consent.RecordServiceAgreement,
    "SharingConsentRecorded": consent.RecordSharingConsent,
    "SharingOverridden": sharing.OverrideSharing,
    "InformationShared": sharing.ShareInformation,
    "DisclosureRefused": sharing.RefuseDisclosure,
    "MarkedInError": correction.MarkInError,
}


def command_of(event: Event) -> Command:
    """The command that orders the event; for sealed text some other text."""
    shape = shape_of(type(event))
    fields: dict[str, Any] = {name: getattr(event, name) for name in shape.fields}
    fields |= {name: "some text" for name in shape.sealed if fields[name] is not None}
    return COMMANDS[type(event).__name__](occurred_at=event.occurred_at, **fields)


def near(query: DCBQuery, by_tag: dict[str, list[Recorded]]) -> list[int]:
    """The positions that answer the query; each of its items has tags."""
    some = {known.position: known.event for item in query.items for known in by_tag[item.tags[0]]}
    return [n for n, entry in some.items() if matches(query, entry.type, entry.tags)]


def verdicts(told: Told) -> list[tuple[int, str]]:
    """What the words say to each entry, by position: the code of a refusal, `no event`, or `yes`."""
    by_tag: dict[str, list[Recorded]] = defaultdict(list)
    found = []
    for entry, event in zip(told.entries, told.events, strict=True):
        command = command_of(event)
        word = WORDS[type(command)]
        bearing = word.boundary(command)
        target = told.entries[bearing.target - 1] if bearing.target is not None else None
        state: Any = word.initial if target is None else word.evolve(word.initial, target)
        seen = sorted(near(query_of(bearing, target), by_tag))
        whole = courses(bearing, [told.entries[n - 1].event for n in seen])
        seen = sorted({*seen, *near(DCBQuery(whole), by_tag)})
        facts = [(n, told.events[n - 1]) for n in seen]
        for fact in standing(facts, marks=target is not None, as_recorded=word.as_recorded):
            state = word.evolve(state, fact)
        try:
            found.append((entry.position, "yes" if word.decide(command, state) else "no event"))
        except Refused as refused:
            found.append((entry.position, refused.code))
        for tag in entry.event.tags:
            by_tag[tag].append(entry)
    return found


@pytest.fixture(scope="module")
def told() -> Told:
    """A smaller city than elsewhere: every entry is decided anew."""
    return tell(600, seed=31)


@pytest.fixture(scope="module")
def judged(told: Told) -> list[tuple[int, str]]:
    return verdicts(told)


def test_only_deliberate_disclosures_would_have_been_refused(told: Told, judged: list[tuple[int, str]]) -> None:
    refused = Counter((told.entries[n - 1].event.type, code) for n, code in judged if code not in ("yes", "no event"))
    assert {kind for kind, _ in refused} == {"InformationShared"}, refused


def test_few_entries_say_what_was_so_already(told: Told, judged: list[tuple[int, str]]) -> None:
    """A tier typed late may repeat what a later meeting decided in the meantime; hardly anything else repeats."""
    again = Counter(told.entries[n - 1].event.type for n, code in judged if code == "no event")
    assert sum(again.values()) < len(judged) * 0.001, again
