"""Free text stands in the log sealed only, opens with the city's keys, and every entry reads back."""

import pytest
from told_city import Told

from earlystart_city import texts
from earlystart_core.entry import canonical_of
from earlystart_core.event import shape_of
from earlystart_core.privacy.sealed import Sealed
from earlystart_core.words import EVENTS
from earlystart_core.words.agreement import AGREEMENT

pytestmark = pytest.mark.chance  # of a city that is larger in an exhaustive run

PHRASES = {phrase for name in dir(texts) if name.isupper() for phrase in getattr(texts, name)}


def test_no_phrase_stands_in_clear(told: Told) -> None:
    whole = b"\n".join(canonical_of(entry) for entry in told.entries)
    assert not [phrase for phrase in PHRASES if phrase.encode() in whole]


def test_every_sealed_text_opens_to_a_phrase(told: Told) -> None:
    opened = set()
    for entry, event in zip(told.entries, told.events, strict=True):
        if any(isinstance(getattr(event, name), Sealed) for name in shape_of(type(event)).sealed):
            opened |= set(EVENTS.opened(event, entry, told.keys).values())
    assert opened == PHRASES


def test_a_modest_share_of_entries_holds_text(told: Told) -> None:
    with_text = sum(
        any(getattr(event, name) is not None for name in shape_of(type(event)).sealed) for event in told.events
    )
    assert 0.02 < with_text / len(told.events) < 0.12


def test_every_event_of_the_registry_occurs(told: Told) -> None:
    """But for what nobody of a made-up city does: go to court, ask to be forgotten, sign for an organisation."""
    never = {"LegalHoldPlaced", "LegalHoldLifted", "SubjectErased", *(cls.__name__ for cls in AGREEMENT)}
    assert {entry.event.type for entry in told.entries} == set(EVENTS.classes) - never


def test_every_entry_of_a_command_has_one_author_and_instant(told: Told) -> None:
    by: dict[str, set[object]] = {}
    for entry in told.entries:
        assert entry.event.command_id is not None
        by.setdefault(entry.event.command_id, set()).add((entry.recorded_at, entry.event.recorded_by))
    assert all(len(said) == 1 for said in by.values())
    assert len(by) < len(told.entries)
