"""Each command, the event that it orders, and a history in which it is accepted."""

from leeds import *

from earlystart_core.command import Command
from earlystart_core.event import Event
from earlystart_core.words.agreement import EndAgreement, ReviewAgreement, SignAgreement
from earlystart_core.words.allocation import AllocatePackage, EndAllocation
from earlystart_core.words.case import OpenCase, RecordBirth, ReopenCase
from earlystart_core.words.closing import CloseCase
from earlystart_core.words.consent import RecordServiceAgreement, RecordSharingConsent
from earlystart_core.words.contact import RecordContact
from earlystart_core.words.correction import MarkedInError, MarkInError
from earlystart_core.words.hold import LiftLegalHold, PlaceLegalHold
from earlystart_core.words.meeting import CancelMeeting, HoldMeeting
from earlystart_core.words.package import EndPackage, ReviewPackage
from earlystart_core.words.request import DecideRequest, RequestSupport, WithdrawRequest
from earlystart_core.words.responsibility import NamePointOfContact, PassResponsibility
from earlystart_core.words.sharing import OverrideSharing, RefuseDisclosure, ShareInformation
from earlystart_core.words.starting import StartPackage
from earlystart_core.words.tier import DecideTier

MARKED = MarkedInError(occurred_at=on(30), target=1)
ALL: list[tuple[type[Command], Event, list[Event]]] = [
    (OpenCase, OPENED, []),
    (RecordBirth, BORN, [OPENED]),
    (PassResponsibility, PASSED, [OPENED]),
    (NamePointOfContact, NAMED, [OPENED]),
    (CloseCase, CLOSED, [OPENED, STARTED, ENDED]),
    (ReopenCase, REOPENED, [OPENED, CLOSED]),
    (DecideTier, DECIDED_TIER, [OPENED]),
    (RecordContact, VISITED, [OPENED]),
    (RequestSupport, ASKED, [OPENED]),
    (DecideRequest, ALLOCATED_ASK, [ASKED]),
    (WithdrawRequest, WITHDRAWN_ASK, [ASKED]),
    (HoldMeeting, HELD, []),
    (CancelMeeting, CANCELLED, []),
    (StartPackage, STARTED, [OPENED, AGREED]),
    (ReviewPackage, REVIEWED, [STARTED]),
    (EndPackage, ENDED, [STARTED]),
    (AllocatePackage, ALLOCATED, [STARTED]),
    (EndAllocation, LET_GO, [STARTED, ALLOCATED]),
    (RecordServiceAgreement, AGREED, [OPENED]),
    (RecordSharingConsent, CONSENTED, [OPENED]),
    (SignAgreement, SIGNED, []),
    (ReviewAgreement, RENEWED, [SIGNED]),
    (EndAgreement, LAPSED, [SIGNED]),
    (OverrideSharing, OVERRIDDEN, [OPENED]),
    (ShareInformation, SHARED, [OPENED, CONSENTED]),
    (RefuseDisclosure, KEPT, [OPENED]),
    (MarkInError, MARKED, [OPENED]),
    (PlaceLegalHold, PLACED, [OPENED]),
    (LiftLegalHold, LIFTED, [PLACED]),
]
ACTS = (
    ReviewPackage,
    ReviewAgreement,
    OverrideSharing,
    ShareInformation,
    RefuseDisclosure,
)  # each instant of these is another act
