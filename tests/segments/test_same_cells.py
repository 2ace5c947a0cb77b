"""From segments or from rows, whole or in part, at any two clocks: the same cells."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earlystart_core.entry import Entry
from earlystart_core.errors import Unreadable
from earlystart_core.record import Record
from earlystart_core.views import VIEWS
from earlystart_core.words import EVENTS
from earlystart_sql.segments import SqlShelf
from tests.projections.strategies import STARTS, bounded, clocks, told
from tests.projections.synthetic import PROJECTION, REGISTRY, Joined
from tests.projections.test_every_rule import as_stored, logs

from .conftest import frames, same, told_anew

NAMED = sorted({event for view in VIEWS for event in view.events}, key=lambda event: event.__name__)
MARK = EVENTS.classes["MarkedInError"]
IN = pytest.mark.parametrize(
    ("tell", "examples"), [("sqlite", 60), ("postgresql", 12)], indirect=["tell"], ids=["sqlite", "postgresql"]
)


def holes(shelf, chance):
    """Drops some of the runs: rows stand in between."""
    for run in shelf.runs(10**6):
        if chance.random() < 0.3:
            shelf.report(run)


@IN
def test_views_of_any_log(tell, examples):
    @bounded(examples)
    @given(st.data())
    def check(data):
        log = data.draw(told([*NAMED, MARK, MARK]) | told(), label="log")
        sql = tell([one.event for one in log.recorded])
        length = data.draw(st.sampled_from([1, 2, 3, 5, 8, 100]), label="length")
        shelf = SqlShelf(sql, EVENTS, length)
        assert shelf.seal() == -(-len(log.recorded) // length)
        holes(shelf, random.Random(data.draw(st.integers(0, 99), label="seed")))
        for known, effective in data.draw(clocks(log), label="clocks"):
            moments = [(known if known is None or known.isdigit() else None), effective]
            how = data.draw(st.fixed_dictionaries({"threads": st.integers(1, 3), "span": st.integers(1, 30)}))
            assert same(frames(sql, shelf, *moments, **how), frames(sql, None, *moments))

    check()


@IN
def test_every_rule_with_old_versions_and_ids_that_no_tag_names(tell, examples):
    @bounded(examples)
    @given(logs(), st.sampled_from([1, 2, 4, 7]), st.data())
    def check(log, length, data):
        entries = [one.event for one in log.read()]
        for entry in data.draw(st.lists(st.sampled_from(entries), max_size=4) if entries else st.just([])):
            entry.tags = ["person:two\nlines", "person:" + "0" * 25 + "A", "practitioner:" + "0" * 25 + "Z", "team:a"]
        before = data.draw(st.integers(0, len(entries)), label="sealed before")
        sql = tell(entries[:before])
        shelf = SqlShelf(sql, REGISTRY, length)
        shelf.seal()
        if entries[before:]:
            sql.append(entries[before:])
        asked = {"registry": REGISTRY, "views": PROJECTION}
        for sealing in (lambda: None, shelf.seal):
            sealing()
            known = data.draw(st.integers(0, len(entries)), label="known")
            for other in (shelf, SqlShelf(sql, REGISTRY, length)):
                assert same(frames(sql, other, known, **asked), frames(sql, None, known, **asked))
        assert shelf.dropped == []

    check()


def test_an_id_that_is_malformed_is_unreadable_from_the_rows_behind_segments_too():
    """That some tag holds the same text makes it no id."""
    by = "practitioner:" + "0" * 26
    people = ("person:" + "0" * 26, "person:x y")
    entries = [
        Entry("Joined", as_stored(one, 1, dropped=False), [one.person, by], version=1, occurred_at=STARTS[0])
        for one in (Joined(occurred_at=STARTS[0], person=person, practitioner=by) for person in people)
    ]
    sql = told_anew(":memory:", entries)
    shelf = SqlShelf(sql, REGISTRY, 1)
    assert shelf.seal() == 1
    asked = {"registry": REGISTRY, "views": PROJECTION}
    assert same(frames(sql, shelf, 1, **asked), frames(sql, None, 1, **asked))
    for one in (None, shelf):
        with pytest.raises(Unreadable, match=r"an entry from [12] to 2"):
            frames(sql, one, **asked)
    sql.database.close()


@pytest.mark.parametrize("length", [97, 1000])
def test_a_small_city(town, length):
    with Record.open(town) as record:
        log = record.store.log
        shelf = SqlShelf(log, EVENTS, length)
        shelf.seal()
        head = log.head()
        dice = random.Random(length)
        edges = [1, length - 1, length, length + 1, head - 1]
        for known in [None, 0, *edges, *(dice.randrange(head) for _ in range(4))]:
            for effective in (None, "2024-06-01"):
                assert same(frames(log, shelf, known, effective), frames(log, None, known, effective))
        assert shelf.dropped == []
        assert shelf.sealed().lag == 0


def test_the_past_of_a_record_is_read_from_segments(town, monkeypatch):
    with Record.open(town) as record:
        head = record.store.log.head()
        expected = {
            known: {view.name: record.as_at(known).view(view.name).rows for view in VIEWS} for known in (9, head)
        }
        record.rebuild("segments")
        monkeypatch.setattr(record.store.log, "batches", None)
        for known, views in expected.items():
            past = record.as_at(known)
            assert {name: past.view(name).rows for name in views} == views
