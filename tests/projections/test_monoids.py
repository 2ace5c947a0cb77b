"""Each reducer is a commutative monoid; keys pack alike however wide they are; marks resolve as the contract says."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earlystart_core.marks import struck_by
from earlystart_core.replay.scatter import distinct_pairs, pack

from .strategies import bounded, events_of
from .synthetic import Joined, Left, Measured, everything

EVENTS = st.one_of(*map(events_of, (Joined, Measured, Left)))


def partial(reducer, fact):
    """What a part of the log that holds this one fact gives."""
    position, event = fact
    state = None
    for source in reducer.sources:
        if source.event is type(event):
            state = reducer.merge(state, reducer.lift(source, position, event))
    return state


@pytest.mark.parametrize("name", everything.reducers)
def test_the_rule_is_a_commutative_monoid(name):
    reducer = everything.reducers[name]

    @bounded(10)
    @given(st.lists(EVENTS, min_size=3, max_size=9), st.integers(0, 2**32))
    def check(events, seed):
        chance = random.Random(seed)
        parts = [partial(reducer, fact) for fact in enumerate(events, 1)]
        merge = reducer.merge
        for one, other in pairwise(parts):
            assert merge(one, other) == merge(other, one)
        for part in parts:
            assert merge(part, None) == merge(None, part) == part
        a, b, c = (fold(merge, chance.sample(parts, chance.randint(0, 3))) for _ in range(3))
        if not reducer.rule.startswith("dis"):  # parts may share facts here; only sets would not mind
            a, b, c = parts[0], parts[1], fold(merge, parts[2:])
        assert merge(merge(a, b), c) == merge(a, merge(b, c))
        chance.shuffle(parts)
        assert fold(merge, parts) == merge(merge(a, b), c) or reducer.rule.startswith("dis")

    check()


def fold(merge, parts):
    state = None
    for part in parts:
        state = merge(state, part)
    return state


@st.composite
def keys(draw):
    """Lines of two to four key parts, and how large the dictionary of each part claims to be."""
    width, lines = draw(st.integers(2, 4)), draw(st.integers(0, 12))
    parts = tuple(
        np.array(draw(st.lists(st.integers(0, 2), min_size=lines, max_size=lines)), np.int64) for _ in range(width)
    )
    return parts, draw(st.lists(st.sampled_from([3, 2**20, 2**40, 2**55]), min_size=width, max_size=width))


@bounded(300)
@given(keys())
def test_wide_keys_pack_as_narrow_ones(given_keys):
    parts, sizes = given_keys
    wide, wide_rows = pack(parts, sizes)
    lines = list(zip(*(part.tolist() for part in parts), strict=True))
    assert [tuple(int(part[row]) for part in wide) for row in wide_rows] == lines
    rows = list(zip(*(part.tolist() for part in wide), strict=True))
    assert sorted(rows) == sorted(set(lines))
    narrow, narrow_rows = pack(parts, [3] * len(parts))
    assert [tuple(int(part[row]) for part in narrow) for row in narrow_rows] == lines
    assert len(narrow[0]) == len(rows)


@bounded(100)
@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 2), st.integers(0, 2)), max_size=12))
def test_distinct_pairs(pairs):
    left, right = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    found = distinct_pairs(left, right)
    assert list(zip(*(side.tolist() for side in found), strict=True)) == sorted(set(pairs))


@bounded(250)
@given(st.data())
def test_marks_resolve_to_the_one_set_that_fits_the_contract(data):
    """Among all sets of positions, exactly one: an entry is in it when a mark that is not in it targets the entry."""
    size = data.draw(st.integers(1, 7), label="size")
    marks = {}
    for position in data.draw(st.sets(st.integers(2, max(size, 2)), max_size=6), label="marks"):
        marks[position] = data.draw(st.integers(1, position - 1), label=f"target of {position}")
    everyone = range(1, max(size, 2) + 1)
    fitting = []
    for bits in range(2 ** len(everyone)):
        struck = {position for position in everyone if bits >> (position - 1) & 1}
        if struck == {target for position, target in marks.items() if position not in struck}:
            fitting.append(struck)
    shuffled = data.draw(st.permutations(sorted(marks.items())), label="order")
    assert fitting == [struck_by(shuffled)]
