"""The words of the service. Each is a file: its events, commands, state, evolve and decide, in that order."""

from earlystart_core.registry import Registry
from earlystart_core.words.allocation import PackageAllocated, AllocationEnded
from earlystart_core.words.case import (
    CaseOpened,
    ChildBorn,
    ResponsibilityPassed,
    PointOfContactNamed,
    CaseClosed,
    CaseReopened,
)
from earlystart_core.words.consent import ServiceAgreementRecorded, SharingConsentRecorded
from earlystart_core.words.contact import ContactRecorded
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.meeting import MeetingHeld, MeetingCancelled
from earlystart_core.words.package import PackageStarted, PackageReviewed, PackageEnded
from earlystart_core.words.request import SupportRequested, RequestDecided, RequestWithdrawn
from earlystart_core.words.sharing import SharingOverridden, InformationShared, DisclosureRefused
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
