"""The words of the service. Each is a file: its events, commands, state, evolve and decide, in that order.

A rule that spans several words has a file of its own: `responsibility` and `closing` (of a case), `starting` (of a
package), `policy` (of a sharing). Every rule is judged at the instant that its command speaks of, by effective order,
as the views read.
"""

from typing import Any

from earlystart_core.command import Command, Word
from earlystart_core.event import Event
from earlystart_core.registry import Registry
from earlystart_core.words import (
    agreement,
    allocation,
    case,
    closing,
    consent,
    contact,
    correction,
    hold,
    meeting,
    package,
    request,
    responsibility,
    sharing,
    starting,
    tier,
)
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
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.erasure import SubjectErased
from earlystart_core.words.hold import LegalHoldLifted, LegalHoldPlaced
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
        AgreementSigned,
        AgreementReviewed,
        AgreementEnded,
        SharingOverridden,
        InformationShared,
        DisclosureRefused,
        MarkedInError,
        LegalHoldPlaced,
        LegalHoldLifted,
        SubjectErased,  # no command orders it: `erasure`
    ]
)

WORDS: dict[type[Command], Word[Any]] = {
    case.OpenCase: case.WORD,
    case.RecordBirth: case.WORD,
    responsibility.PassResponsibility: responsibility.WORD,
    responsibility.NamePointOfContact: responsibility.WORD,
    closing.CloseCase: closing.WORD,
    case.ReopenCase: case.WORD,
    tier.DecideTier: tier.WORD,
    contact.RecordContact: contact.WORD,
    request.RequestSupport: request.WORD,
    request.DecideRequest: request.WORD,
    request.WithdrawRequest: request.WORD,
    meeting.HoldMeeting: meeting.WORD,
    meeting.CancelMeeting: meeting.WORD,
    starting.StartPackage: starting.WORD,
    package.ReviewPackage: package.WORD,
    package.EndPackage: package.WORD,
    allocation.AllocatePackage: allocation.WORD,
    allocation.EndAllocation: allocation.WORD,
    consent.RecordServiceAgreement: consent.WORD,
    consent.RecordSharingConsent: consent.WORD,
    agreement.SignAgreement: agreement.WORD,
    agreement.ReviewAgreement: agreement.WORD,
    agreement.EndAgreement: agreement.WORD,
    sharing.OverrideSharing: sharing.WORD,
    sharing.ShareInformation: sharing.WORD,
    sharing.RefuseDisclosure: sharing.WORD,
    correction.MarkInError: correction.WORD,
    hold.PlaceLegalHold: hold.WORD,
    hold.LiftLegalHold: hold.WORD,
}

_ORDERED = [event for event in EVENTS.classes.values() if event is not SubjectErased]
COMMAND_OF: dict[type[Event], type[Command]] = dict(zip(_ORDERED, WORDS, strict=True))
