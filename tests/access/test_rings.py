"""The rings: every event, field and column has its place, and nothing stands further out than what it comes from."""

import re

import pytest

from earlystart_core.access.rings import ENTRY_RINGS, EVENT_RINGS, RINGS, VERSION, VIEW_RINGS, within
from earlystart_core.entry import Entry
from earlystart_core.event import shape_of
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS
from tests.docs.shapes import ROOT


def test_every_event_and_field_has_a_ring() -> None:
    """A new one is missing here until someone decides how far it may go."""
    placed = {name: set(one.fields) for name, one in EVENT_RINGS.items()}
    assert placed == {name: set(shape_of(cls).fields) for name, cls in EVENTS.classes.items()}


def test_every_view_and_column_has_a_ring() -> None:
    assert {name: set(one.fields) for name, one in VIEW_RINGS.items()} == {
        name: set(view.columns) for name, view in VIEW.items()
    }


@pytest.mark.parametrize("table", [EVENT_RINGS, VIEW_RINGS, {"entry": ENTRY_RINGS}])
def test_a_field_is_never_further_out_than_what_it_is_in(table) -> None:
    """Whoever may not know of an event sees none of its fields."""
    assert VERSION == 2
    for name, placed in table.items():
        assert placed.fields, name
        for field, ring in placed.fields.items():
            assert RINGS.index(ring) >= RINGS.index(placed.ring), f"{name}.{field}"


def test_a_persons_id_goes_no_further_than_the_team() -> None:
    """Nobody outside learns by which id the record knows a mother, a father or the child."""
    out = [
        f"{name}.{field}"
        for name, cls in EVENTS.classes.items()
        for field, kind, _ in shape_of(cls).ids
        if kind in ("person", "family") and EVENT_RINGS[name].fields[field] == "outside"
    ]
    assert out == []


def test_a_column_is_never_further_out_than_the_fields_it_is_made_of() -> None:
    """Or a view would tell what its events do not. What it only tells the time of stands in the event's ring."""
    looked = 0
    for name, view in VIEW.items():
        for column, reducer in view.reducers.items():
            if column not in VIEW_RINGS[name].fields:
                continue
            mine = RINGS.index(VIEW_RINGS[name].fields[column])
            for source in reducer.sources:
                placed = EVENT_RINGS[source.event.__name__]
                ring = placed.fields[source.name] if source.what == "field" else placed.ring
                assert RINGS.index(ring) <= mine, f"{name}.{column} is further out than {source.event.__name__}"
                looked += 1
    assert looked > 20


def test_nothing_of_it_is_in_an_entry() -> None:
    """The table may change its mind about old entries; their bytes do not change."""
    fields = set(Entry.__dataclass_fields__)
    fields |= {field for cls in EVENTS.classes.values() for field in shape_of(cls).fields}
    assert not fields & {"ring", "rings", "sensitivity"}


def test_whoever_reaches_a_ring_reaches_those_outside_it() -> None:
    assert [within(ring) for ring in RINGS] == [RINGS[:1], RINGS[:2], RINGS]


def test_a_field_without_a_place_is_not_shown() -> None:
    """Should one slip in all the same, it fails closed."""
    seen = EVENT_RINGS["TierDecided"].seen(RINGS, {"tier": "universal", "unheard_of": 1})
    assert seen == {"tier": "universal"}


def test_the_reference_page_is_the_table() -> None:
    page = (ROOT / "docs" / "reference" / "access.md").read_text("utf-8")
    said = {}
    row = r"^\| `(\w+)` \| (outside|team) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$"
    for name, ring, *cells in re.findall(row, page, re.MULTILINE):
        by_ring = zip(RINGS, cells, strict=True)
        said[name] = (ring, {field: of for of, cell in by_ring for field in re.findall(r"`(\w+)`", cell)})
    assert said == {name: (one.ring, dict(one.fields)) for name, one in (EVENT_RINGS | VIEW_RINGS).items()}
