"""The case record under integrated early-years services: immutable facts, views rebuilt from them, two clocks."""

from earlystart_core.access.reader import Reader
from earlystart_core.access.seeing import Seeing
from earlystart_core.answer import Answer
from earlystart_core.asked import AsAt
from earlystart_core.audit.diff import Diff
from earlystart_core.decide import Done
from earlystart_core.entry import Practitioner
from earlystart_core.errors import (
    Conflict,
    EarlyStartError,
    Invalid,
    NotPermitted,
    Refused,
    StoreUnavailable,
    Tampered,
    Unreadable,
)
from earlystart_core.record import Record
from earlystart_core.words.agreement import EndAgreement, ReviewAgreement, SignAgreement
from earlystart_core.words.allocation import AllocatePackage, EndAllocation
from earlystart_core.words.case import OpenCase, RecordBirth, ReopenCase
from earlystart_core.words.closing import CloseCase
from earlystart_core.words.consent import RecordServiceAgreement, RecordSharingConsent
from earlystart_core.words.contact import RecordContact
from earlystart_core.words.correction import MarkInError
from earlystart_core.words.hold import LiftLegalHold, PlaceLegalHold
from earlystart_core.words.meeting import CancelMeeting, HoldMeeting
from earlystart_core.words.package import EndPackage, ReviewPackage
from earlystart_core.words.request import DecideRequest, RequestSupport, WithdrawRequest
from earlystart_core.words.responsibility import NamePointOfContact, PassResponsibility
from earlystart_core.words.sharing import OverrideSharing, RefuseDisclosure, ShareInformation
from earlystart_core.words.starting import StartPackage
from earlystart_core.words.tier import DecideTier

__all__ = [
    "AllocatePackage",
    "Answer",
    "AsAt",
    "CancelMeeting",
    "CloseCase",
    "Conflict",
    "DecideRequest",
    "DecideTier",
    "Diff",
    "Done",
    "EarlyStartError",
    "EndAgreement",
    "EndAllocation",
    "EndPackage",
    "HoldMeeting",
    "Invalid",
    "LiftLegalHold",
    "MarkInError",
    "NamePointOfContact",
    "NotPermitted",
    "OpenCase",
    "OverrideSharing",
    "PassResponsibility",
    "PlaceLegalHold",
    "Practitioner",
    "Reader",
    "Record",
    "RecordBirth",
    "RecordContact",
    "RecordServiceAgreement",
    "RecordSharingConsent",
    "RefuseDisclosure",
    "Refused",
    "ReopenCase",
    "RequestSupport",
    "ReviewAgreement",
    "ReviewPackage",
    "Seeing",
    "ShareInformation",
    "SignAgreement",
    "StartPackage",
    "StoreUnavailable",
    "Tampered",
    "Unreadable",
    "WithdrawRequest",
]
