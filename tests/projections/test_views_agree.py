"""Any log, in any order, cut anyhow, at any two clocks: rows, columns, merged parts and the naive reader agree."""

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from earlystart_core.clocks import clocks_at
from earlystart_core.entry import micros
from earlystart_core.projection import finish_all
from earlystart_core.replay.frames import Folding
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.views.questions import caseload, tiers
from earlystart_core.words import EVENTS

from .strategies import Cut, bounded, clocks, in_range, merged, ndjson, told

NAMED = sorted({event for view in VIEWS for event in view.events}, key=lambda event: event.__name__)
MARK = EVENTS.classes["MarkedInError"]


class Frames:
    def __init__(self, frames):
        self._frames = frames

    def frame(self, view, columns=None, *, team=None, case=None):
        return self._frames[view] if columns is None else self._frames[view].select(VIEW[view].keys[0], *columns)


def agree(log, known, effective, seed):
    chance = random.Random(seed)
    at = clocks_at(log.log, known, effective)
    some = in_range(log.facts, at.known, at.effective)
    expected = {view.name: naive.ndjson(naive.answer(view.name, log.lines, known, effective)) for view in VIEWS}

    chance.shuffle(some)
    by_row = finish_all(VIEWS, {view.name: view.fold(some) for view in VIEWS})
    assert {name: ndjson(rows) for name, rows in by_row.items()} == expected

    in_parts = finish_all(VIEWS, {view.name: merged(view, some, chance) for view in VIEWS})
    assert {name: ndjson(rows) for name, rows in in_parts.items()} == expected

    folding = Folding(
        Cut(log.log, chance),
        EVENTS,
        VIEW,
        known=at.known,
        effective=None if at.effective is None else micros(at.effective),
        threads=chance.choice([1, 2, 3]),
        span=chance.choice([1, 2, 5, 100]),
    )
    if chance.random() < 0.5:  # all at once, or view by view
        folding.fold(dict.fromkeys(VIEW))
    frames = {view.name: folding.frame(view.name) for view in VIEWS}
    assert {name: ndjson(frame.to_dicts()) for name, frame in frames.items()} == expected

    for question in (tiers, caseload):
        answer = question.ask(*(frames[view] for view in question.reads))
        assert ndjson(answer.to_dicts()) == naive.ndjson(naive.answer(question.name, log.lines, known, effective))


@bounded(45)
@given(st.data())
def test_every_reading_of_any_log_gives_the_same_rows(data):
    log = data.draw(told([*NAMED, MARK, MARK]), label="log")
    seed = data.draw(st.integers(0, 2**32), label="seed")
    for known, effective in data.draw(clocks(log), label="clocks"):
        agree(log, known, effective, seed)


@bounded(20)
@given(st.data())
def test_events_of_no_view_change_nothing(data):
    log = data.draw(told(), label="log")
    for known, effective in data.draw(clocks(log), label="clocks"):
        agree(log, known, effective, 0)


def pairs():
    for view in VIEWS:
        others = [event for event in view.events if event is not view.exists]
        for some in combinations(others, min(2, len(others))):
            yield pytest.param(view, some, id="-".join([view.name, *(event.__name__ for event in some)]))


@pytest.mark.parametrize(("view", "some"), list(pairs()))
def test_two_kinds_of_events_meeting_often(view, some):
    @bounded(7)
    @given(st.data())
    def check(data):
        log = data.draw(told([view.exists, *some, *some, MARK], most=16), label="log")
        seed = data.draw(st.integers(0, 2**32), label="seed")
        for known, effective in data.draw(clocks(log), label="clocks"):
            agree(log, known, effective, seed)

    check()


@bounded(40)
@given(st.data())
def test_the_past_is_frozen(data):
    """B1: what was known at K stays what it was, whatever is recorded later."""
    log = data.draw(told([*NAMED, MARK]), label="log")
    known = data.draw(st.integers(0, len(log.recorded)), label="known")
    before = finish_all(VIEWS, {view.name: view.fold(in_range(log.facts[:known], known, None)) for view in VIEWS})
    after = finish_all(VIEWS, {view.name: view.fold(in_range(log.facts, known, None)) for view in VIEWS})
    assert before == after


@bounded(45)
@given(st.data())
def test_some_columns_are_those_of_the_whole_frame(data):
    log = data.draw(told([*NAMED, MARK], most=12), label="log")
    view = data.draw(st.sampled_from(VIEWS), label="view")
    names = data.draw(st.lists(st.sampled_from(view.columns)), label="names")
    folding, whole = (Folding(log.log, EVENTS, VIEW, known=log.log.head()) for _ in range(2))
    chosen = [name for name in view.columns if name in names or name in view.keys]
    assert folding.frame(view.name, (name for name in names)).equals(whole.frame(view.name).select(chosen))
    assert folding.frame(view.name).equals(whole.frame(view.name))


def test_a_column_that_is_not_there_is_refused():
    view = VIEW["case_status"]
    with pytest.raises(TypeError, match="case_status has no column nonsense"):
        Folding(told_nothing(), EVENTS, VIEW, known=0).frame(view.name, ["nonsense"])


def test_an_empty_log_has_no_rows_and_all_columns():
    folding = Folding(told_nothing(), EVENTS, VIEW, known=0, effective=0)
    for view in VIEWS:
        frame = folding.frame(view.name)
        assert frame.is_empty()
        assert frame.columns == list(view.columns)


def told_nothing():
    from .strategies import STARTS, Told

    return Told(STARTS[0], []).log
