"""The words of the service. Each is a file: its events, commands, state, evolve and decide, in that order."""

from earlystart_core.registry import Registry
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
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.meeting import MeetingCancelled, MeetingHeld
from earlystart_core.words.package import PackageEnded, PackageReviewed, PackageStarted
from earlystart_core.words.request import RequestDecided, RequestWithdrawn, SupportRequested
from earlystart_core.words.sharing import DisclosureRefused, InformationShared, SharingOverridden
from earlystart_core.words.tier import TierDecided

EVENTS = Registry(
    [
        CaseOpened,
        ChildBorn,
        ResponsibilityPassed,
        PointOfContactNamed,
        CaseClosed,
        CaseReopened,
        TierDecided,
        ContactRecorded,
        SupportRequested,
        RequestDecided,
        RequestWithdrawn,
        MeetingHeld,
        MeetingCancelled,
        PackageStarted,
        PackageReviewed,
        PackageEnded,
        PackageAllocated,
        AllocationEnded,
        ServiceAgreementRecorded,
        SharingConsentRecorded,
        SharingOverridden,
        InformationShared,
        DisclosureRefused,
        MarkedInError,
    ]
)
