"""The public names: each is there on purpose, and a new one is a decision."""

import earlystart_core
from earlystart_core.command import Command
from earlystart_core.errors import EarlyStartError
from earlystart_core.event import Event
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS, WORDS

FACE = {
    *("Answer", "AsAt", "Diff", "Done", "Practitioner", "Reader", "Record", "Seeing"),
    *("Conflict", "EarlyStartError", "Invalid", "NotPermitted", "Refused"),
    *("StoreUnavailable", "Tampered", "Unreadable"),
}
ORDERS = {
    *("OpenCase", "RecordBirth", "PassResponsibility", "NamePointOfContact", "CloseCase", "ReopenCase"),
    *("DecideTier", "RecordContact", "RequestSupport", "DecideRequest", "WithdrawRequest"),
    *("HoldMeeting", "CancelMeeting", "StartPackage", "ReviewPackage", "EndPackage"),
    *("AllocatePackage", "EndAllocation", "RecordServiceAgreement", "RecordSharingConsent"),
    *("SignAgreement", "ReviewAgreement", "EndAgreement"),
    *("OverrideSharing", "ShareInformation", "RefuseDisclosure", "MarkInError"),
    *("PlaceLegalHold", "LiftLegalHold"),
}


def test_the_public_names_are_these() -> None:
    """What `earlystart_core` gives: the face of the record, and every command."""
    assert set(earlystart_core.__all__) == FACE | ORDERS
    assert earlystart_core.__all__ == sorted(earlystart_core.__all__)
    assert all(hasattr(earlystart_core, name) for name in earlystart_core.__all__)


def test_there_is_one_command_per_event() -> None:
    """Each named as an order; but for the tombstone, which only an erasure records once the keys are gone."""
    assert {command.__name__ for command in WORDS} == ORDERS
    assert len(EVENTS.classes) == len(WORDS) + 1
    assert "SubjectErased" in EVENTS.classes
    assert all(issubclass(command, Command) for command in WORDS)
    assert all(issubclass(event, Event) for event in EVENTS.classes.values())


def test_every_command_has_a_json_schema() -> None:
    """For forms, and for callers in other languages."""
    for command in WORDS:
        schema = command.model_json_schema()
        assert schema["additionalProperties"] is False
        assert "occurred_at" in schema["properties"]


def test_every_error_is_one_of_the_tree() -> None:
    """One root: `except EarlyStartError` catches all that this library raises on purpose."""
    leaves = {cls.__name__ for cls in EarlyStartError.__subclasses__() if cls.__module__ == "earlystart_core.errors"}
    assert leaves | {"EarlyStartError"} <= set(earlystart_core.__all__)


def test_the_views_have_these_columns_at_least() -> None:
    """The columns that callers rely on, in this order."""
    columns = {name: " ".join(view.columns) for name, view in VIEW.items()}
    assert columns == {
        "case_status": "case family team point_of_contact tier tier_since opened_on closed_on status born_on"
        " contacts_attended last_contact_at active_packages",
        "request_queue": "request case source requested_at outcome decided_at meeting team deferrals",
        "package_status": "package case pathway duration started_at planned_end_on next_review_on ended_at outcome"
        " practitioner team",
        "consent_status": "case recipient purpose decision decided_at until person wording position",
    }
