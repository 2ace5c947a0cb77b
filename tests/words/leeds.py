"""Who and what the specs speak of: two children, a few practitioners and teams, and the days of one spring."""

from datetime import UTC, date, datetime, timedelta

from earlystart_core.words.agreement import AgreementEnded, AgreementReviewed, AgreementSigned
from earlystart_core.words.allocation import AllocationEnded, PackageAllocated
from earlystart_core.words.case import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    ChildBorn,
    PointOfContactNamed,
    ResponsibilityPassed,
)
from earlystart_core.words.consent import ServiceAgreementRecorded, SharingConsentRecorded
from earlystart_core.words.contact import ContactRecorded
from earlystart_core.words.hold import LegalHoldLifted, LegalHoldPlaced
from earlystart_core.words.meeting import MeetingCancelled, MeetingHeld
from earlystart_core.words.package import PackageEnded, PackageReviewed, PackageStarted
from earlystart_core.words.request import RequestDecided, RequestWithdrawn, SupportRequested
from earlystart_core.words.sharing import DisclosureRefused, InformationShared, SharingOverridden
from earlystart_core.words.tier import TierDecided


def an(kind: str, number: int) -> str:
    return f"{kind}:{number:026d}"


ANNA, BEN = an("case", 1), an("case", 2)
FAMILY, MOTHER, FATHER = an("family", 1), an("person", 1), an("person", 2)
JO, SAM = an("practitioner", 1), an("practitioner", 2)
ARMLEY, BURLEY, CHAPEL = "team:armley", "team:burley", "team:chapel"
LCH, COUNCIL, SCHOOL, POLICE = "org:lch", "org:council", "org:school", "org:police"
VISIT, ASK, PLAN, ROUND = an("contact", 1), an("request", 1), an("package", 1), an("meeting", 1)
PACT = an("agreement", 1)


def on(day: int, hour: int = 12) -> datetime:
    """That day of April 2026 (30 and more run on into May)."""
    return datetime(2026, 3, 31, hour, tzinfo=UTC) + timedelta(days=day)


def april(day: int) -> date:
    return date(2026, 3, 31) + timedelta(days=day)


OPENED = CaseOpened(occurred_at=on(1), case=ANNA, family=FAMILY, team=ARMLEY, reason="pregnancy")
BEN_OPENED = CaseOpened(occurred_at=on(1), case=BEN, family=FAMILY, team=ARMLEY, reason="pregnancy")
BORN = ChildBorn(occurred_at=on(5), case=ANNA, born_on=april(4))
PASSED = ResponsibilityPassed(occurred_at=on(10), case=ANNA, to_team=BURLEY)
NAMED = PointOfContactNamed(occurred_at=on(3), case=ANNA, practitioner=JO)
CLOSED = CaseClosed(occurred_at=on(20), case=ANNA, reason="moved_out")
REOPENED = CaseReopened(occurred_at=on(25), case=ANNA, team=CHAPEL)
DECIDED_TIER = TierDecided(occurred_at=on(6), case=ANNA, tier="universal_plus")
VISITED = ContactRecorded(
    occurred_at=on(8),
    contact=VISIT,
    cases=(ANNA,),
    kind="new_birth_visit",
    attendance="5",
    mechanism="01",
    location="A01",
    practitioners=(JO,),
    employers=(LCH,),
    duration_min=45,
)
ASKED = SupportRequested(
    occurred_at=on(4), request=ASK, case=ANNA, source="midwife", needs=("sleep",), urgency="routine"
)
ALLOCATED_ASK = RequestDecided(
    occurred_at=on(7), request=ASK, case=ANNA, team=ARMLEY, meeting=ROUND, outcome="allocated"
)
WITHDRAWN_ASK = RequestWithdrawn(occurred_at=on(9), request=ASK, case=ANNA)
HELD = MeetingHeld(occurred_at=on(7), meeting=ROUND, team=ARMLEY, held_on=april(7), attendees=(JO, SAM))
CANCELLED = MeetingCancelled(occurred_at=on(6), meeting=ROUND, team=ARMLEY, planned_on=april(7))
AGREED = ServiceAgreementRecorded(occurred_at=on(3), case=ANNA, person=MOTHER, capacity="parent", decision="given")
STARTED = PackageStarted(
    occurred_at=on(8), package=PLAN, case=ANNA, pathway="sleep", duration="time_limited", planned_end_on=april(120)
)
REVIEWED = PackageReviewed(occurred_at=on(12), package=PLAN, case=ANNA, outcome="continue")
ENDED = PackageEnded(occurred_at=on(18), package=PLAN, case=ANNA, outcome="completed")
ALLOCATED = PackageAllocated(occurred_at=on(9), package=PLAN, case=ANNA, practitioner=JO, team=ARMLEY)
LET_GO = AllocationEnded(occurred_at=on(14), package=PLAN, case=ANNA, practitioner=JO, reason="reallocated")
CONSENTED = SharingConsentRecorded(
    occurred_at=on(5),
    case=ANNA,
    person=MOTHER,
    capacity="parent",
    recipient=SCHOOL,
    purpose="school_place",
    decision="given",
    wording="wording-3",
)
SIGNED = AgreementSigned(
    occurred_at=on(2),
    agreement=PACT,
    parties=(LCH, COUNCIL, SCHOOL),
    purposes=("school_place", "transport"),
    items=("name", "address"),
    lawful_basis="public_task",
    starts_on=april(3),
    wording="isa-1",
)
RENEWED = AgreementReviewed(occurred_at=on(12), agreement=PACT, parties=SIGNED.parties, outcome="continue")
LAPSED = AgreementEnded(occurred_at=on(20), agreement=PACT, parties=SIGNED.parties, reason="withdrawn")
OVERRIDDEN = SharingOverridden(
    occurred_at=on(6), case=ANNA, recipient=POLICE, harm="danger", authorised_by=SAM, family_told=True
)
SHARED = InformationShared(
    occurred_at=on(11), case=ANNA, recipient=SCHOOL, purpose="school_place", items=("name",), basis="consent"
)
DUTY = InformationShared(
    occurred_at=on(6), case=ANNA, recipient=POLICE, purpose="court_order", items=("address",), basis="duty"
)
KEPT = DisclosureRefused(occurred_at=on(13), case=ANNA, requester=SCHOOL, purpose="curiosity")
PLACED = LegalHoldPlaced(occurred_at=on(12), hold="hold:inquiry-7", authority="Inquiry 7, order 12", case=ANNA)
LIFTED = LegalHoldLifted(occurred_at=on(15), hold="hold:inquiry-7", authority="Inquiry 7, closed", case=ANNA)
