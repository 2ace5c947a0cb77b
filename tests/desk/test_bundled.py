"""What is given to a subject: all that is held, at the clocks that were asked for."""

import pytest

from earlystart_core import CloseCase
from earlystart_core.access.reader import Reader
from earlystart_core.desk.asked import Asked
from earlystart_core.desk.bundle import Bundle, bundle

from .making import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def bundled(desk: Desk, subject: str, known: int | None = None) -> Bundle:
    return bundle(Asked.of(desk.record, known), subject)


def test_the_words_of_a_broken_glass_are_held_on_the_case(desk: Desk) -> None:
    reader = Reader(desk.bob.practitioner, "health_visitor", "org:lch", "safeguarding")
    before = desk.record.store.log.head()
    desk.now = desk.now.replace(hour=15)
    glass = desk.record.glass.break_for(desk.case, reason="danger_of_harm", text="bruises seen", by=reader, hours=2)
    (row,) = bundled(desk, desk.case).glasses
    assert (row["break_glass"], row["reason"], row["text"]) == (glass.id, "danger_of_harm", "bruises seen")
    assert bundled(desk, desk.case, before).glasses == []


def test_a_parent_is_given_what_names_the_parent(desk: Desk) -> None:
    """The case is the child's: what was told of it, and who read it, is the child's to be given."""
    desk.decide("given")
    desk.share()
    found = bundled(desk, desk.parent)
    assert [row["type"] for row in found.entries] == ["SharingConsentRecorded"]
    assert found.entries[0]["fields"]["case"] == desk.case
    assert (found.disclosures, found.accesses, found.glasses) == ([], [], [])
    assert len(bundled(desk, desk.case).disclosures) == 1


def test_how_long_it_is_kept_is_told_as_known_then(desk: Desk) -> None:
    named = desk.decide("given")
    desk.do(CloseCase(case=desk.case, reason="moved_out"))
    for subject in (desk.case, desk.parent):
        assert bundled(desk, subject).kept_until["rule"] == "birthday_25"
        assert bundled(desk, subject, named).kept_until == {"until": None, "rule": "care_not_ended"}
    assert bundled(desk, desk.parent, named - 1).kept_until["rule"] == "case_unknown"


def test_what_was_erased_later_is_not_yet_erased(desk: Desk) -> None:
    head = desk.record.store.log.head()
    done = desk.record.erase(desk.case, authority="a", second_authority="b", by=desk.ada)
    assert bundled(desk, desk.case, head).erased == []
    assert [row["position"] for row in bundled(desk, desk.case).erased] == [done.position]
