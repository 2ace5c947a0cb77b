"""What a subject may read of each free text: decided field by field, and what is taken out said where it was."""

from typing import Any

import pytest

from earlystart_core import (
    LiftLegalHold,
    MarkInError,
    OpenCase,
    OverrideSharing,
    PlaceLegalHold,
    Practitioner,
    Record,
)
from earlystart_core.event import kind_of_field, shape_of
from earlystart_core.sources import annotation_of
from earlystart_core.types import Label
from earlystart_core.words import EVENTS
from tests.docs.shapes import parts_of

BY = Practitioner("practitioner:" + "0" * 26, "information_governance", "org:lch")
CASE, MOTHER = "case:" + "0" * 26, "person:" + "0" * 26
COURT, NAME, WHY = "High Court, FD26P00123", "hold:police-operation-birch", "The police asked about his brother."

# Codes and references that the service's own people write about their work, or that the subject decided about.
SHOWN = {
    *("SharingConsentRecorded.purpose", "SharingConsentRecorded.wording", "SharingConsentRecorded.capacity"),
    *("ServiceAgreementRecorded.capacity", "PackageAllocated.skills"),
    *("InformationShared.purpose", "InformationShared.items", "DisclosureRefused.purpose"),
    *("AgreementSigned.purposes", "AgreementSigned.items", "AgreementSigned.wording"),
    *("SubjectErased.authority", "SubjectErased.second_authority", "SubjectErased.keys"),  # two of the service's own
}
TAKEN_OUT = {  # it may be a neighbour, the police or a court
    *("SupportRequested.source", "LegalHoldPlaced.authority", "LegalHoldLifted.authority"),
}


def test_every_free_text_that_is_not_sealed_is_decided_on() -> None:
    """A new one is missing here until someone decides whether its subject may read it."""
    found = {
        f"{name}.{field}"
        for name, cls in EVENTS.classes.items()
        for field in shape_of(cls).fields
        if Label in list(parts_of(annotation_of(cls, field)))
    }
    assert found == SHOWN | TAKEN_OUT


def test_every_id_that_someone_chose_in_words_is_decided_on() -> None:
    """Teams and organisations acted for the service; the name of a hold may say whose it is."""
    chosen = {
        kind
        for cls in EVENTS.classes.values()
        for field in shape_of(cls).fields
        if (kind := kind_of_field(cls, field)) in ("team", "org", "centre", "cluster", "hold")
    }
    assert chosen == {"team", "org", "hold"}


@pytest.fixture
def record(clock) -> Record:
    """A case under two holds, one of them lifted, and one marked in error."""
    record = Record.open("memory://", clock=clock)
    record.submit(OpenCase(case=CASE, family="family:" + "0" * 26, team="team:armley", reason="birth"), by=BY)
    placed = record.submit(PlaceLegalHold(hold=NAME, authority=COURT, case=CASE), by=BY)
    record.submit(PlaceLegalHold(hold="hold:inquiry-7", authority="Inquiry 7", case=CASE), by=BY)
    record.submit(LiftLegalHold(hold="hold:inquiry-7", authority="Inquiry 7, closed", case=CASE), by=BY)
    record.submit(MarkInError(target=placed.positions[0], reason=WHY), by=BY)
    return record


def rows(record: Record, kind: str) -> list[dict[str, Any]]:
    return [row for row in record.ask("held", subject=CASE) if row["type"] == kind]


def test_who_ordered_a_hold_and_under_which_name_is_taken_out_and_said_so(record: Record) -> None:
    """That there is one stays, with its day and who recorded it; the two are told apart by number."""
    found = rows(record, "LegalHoldPlaced") + rows(record, "LegalHoldLifted")
    assert [row["fields"] for row in found] == [
        {"hold": hold, "authority": "(about the order)", "case": CASE} for hold in ("hold 1", "hold 2", "hold 2")
    ]
    assert [row["taken_out"] for row in found] == [["hold", "authority"]] * 3


def test_why_a_hold_was_wrong_is_taken_out_too(record: Record) -> None:
    (mark,) = rows(record, "MarkedInError")
    assert (mark["fields"]["reason"], mark["taken_out"]) == ("(about the order)", ["reason"])
    everything = str([dict(row) for row in record.ask("held", subject=CASE)])
    assert not [text for text in (COURT, NAME, "Inquiry 7", "inquiry-7", WHY) if text in everything]


def test_of_an_override_that_the_family_was_not_told_of_the_words_are_taken_out(record: Record) -> None:
    """Why is what they must not learn; that the information was shared stays. A mark on a mark tells as much."""
    override = {"case": CASE, "recipient": "org:childrens-social-work", "authorised_by": BY.practitioner}
    told = {"harm": "A fall that was told of late.", "family_told": True}
    untold = {"harm": "He said that he would run.", "family_told": False, "if_not_why": "He would run at once."}
    record.submit(OverrideSharing(**override, **told), by=BY)
    target = record.submit(OverrideSharing(**override, **untold), by=BY).positions[0]
    for reason in ("It was his brother who would run.", "No, it was he."):
        target = record.submit(MarkInError(target=target, reason=reason), by=BY).positions[0]
    known, hidden = rows(record, "SharingOverridden")
    assert (known["fields"]["harm"], known["taken_out"]) == (told["harm"], [])
    words = {"harm": "(not told to the family)", "if_not_why": "(not told to the family)"}
    assert words.items() <= hidden["fields"].items()
    assert (hidden["fields"]["recipient"], hidden["taken_out"]) == (override["recipient"], [*words])
    marks = [row["fields"]["reason"] for row in rows(record, "MarkedInError")]
    assert marks == ["(about the order)", *["(not told to the family)"] * 2]
    assert "run" not in str([dict(row) for row in record.ask("held", subject=CASE)])


def test_on_whose_word_a_subject_was_erased_stays(record: Record) -> None:
    """Two of the service's own people did that to the subject's record."""
    names = {"authority": "Caldicott guardian, IG-7", "second_authority": "Head of IG, IG-7"}
    record.erase(CASE, **names, by=BY)
    (row,) = rows(record, "SubjectErased")
    assert names.items() <= row["fields"].items()
    assert row["taken_out"] == []
