"""Diff: between any two positions of any history, against an independent reading; it leads from one to the other."""

import json
import random
from collections import Counter

import msgspec
import pytest
from every import ALL
from hypothesis import given
from hypothesis import strategies as st

import naive
import naive_diff
from earlystart_city import in_memory
from earlystart_core import Invalid, Record
from earlystart_core.audit.diff import diff
from earlystart_core.audit.hindsight import COURSES, DECISIONS
from earlystart_core.clocks import clocks_at
from earlystart_core.entry import canonical_of
from earlystart_core.event import shape_of
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS, WORDS
from earlystart_core.words.sharing import InformationShared
from tests.depth import many
from tests.projections.strategies import INSTANTS, bounded, ids, ndjson, told, written
from tests.record.any_history import HOURS, history

MARK = EVENTS.classes["MarkedInError"]
RESTED_ON = {kind for rests in naive_diff.RESTS_ON.values() for kinds, _ in rests for kind in kinds}
FACTS = [EVENTS.classes[name] for name in sorted({*RESTED_ON, *naive_diff.AGREEMENT})]
KINDS = [*DECISIONS, *EVENTS.classes.values(), MARK, MARK, MARK, MARK]
PARTS = ("changed", "entries", "marks", "decisions", "relied_on_struck")


class Store:
    """What a diff asks of a store."""

    class views:  # noqa: N801
        shelf = None

    def __init__(self, log):
        self.log = log


def found(log, a, b, effective=None, *, team=None, case=None):
    before, after = (clocks_at(log, known, effective) for known in (a, b))
    return diff(Store(log), EVENTS, before, after, since=before.known_at, team=team, case=case)


def plain(one):
    return {part: json.loads(one.json())[part] for part in PARTS}


@bounded(120)
@given(st.data())
def test_any_two_positions_of_any_history_differ_as_the_naive_reader_has_it(data):
    log = data.draw(told(KINDS), label="log")
    a = data.draw(st.integers(0, len(log.lines)), label="a")
    b = data.draw(st.integers(a, len(log.lines)), label="b")
    effective = data.draw(st.none() | st.sampled_from(INSTANTS).map(written), label="effective")
    assert plain(found(log.log, a, b, effective)) == naive_diff.diff(log.lines, a, b, effective)
    for case in ids("case"):
        of_case = plain(found(log.log, a, b, effective, case=case))
        assert of_case == naive_diff.diff(log.lines, a, b, effective, case)


def test_many_histories_differ_so_and_meet_every_part():
    """A property that holds of nothing proves nothing."""
    met = Counter()
    for seed in range(many(200)):
        chance = random.Random(seed)
        log = history([*DECISIONS, *FACTS, MARK, MARK, MARK, MARK, MARK], seed, size=36)
        a = chance.randint(0, 30)
        b = chance.randint(a, 36)
        case = chance.choice([None, None, *ids("case")])
        effective = chance.choice([None, None, None, written(chance.choice(HOURS))])
        expected = naive_diff.diff(log.lines, a, b, effective, case)
        assert plain(found(log.log, a, b, effective, case=case)) == expected, seed
        met.update(part for part in PARTS if expected[part])
        met.update("late" for entry in expected["entries"] if entry["late"])
        met.update("before" for one in expected["decisions"] if one["position"] <= a)
        met.update(f"relied by {one['type']}" for one in expected["relied_on_struck"])
    assert min(met[name] for name in (*PARTS, "late", "before")) > many(20, 2)
    assert sum(name.startswith("relied by ") for name in met) >= many(len(DECISIONS) - 2, 4)


def applied(rows, changed, keys):
    by_key = {tuple(row[name] for name in keys): row for row in rows}
    for change in changed:
        key = tuple(change["key"][name] for name in keys)
        assert by_key.pop(key, None) == change["before"]
        if change["after"] is not None:
            by_key[key] = change["after"]
    return [row for _, row in sorted(by_key.items())]


@bounded(60)
@given(st.data())
def test_a_diff_applied_to_the_first_state_gives_the_second(data):
    """B11."""
    log = data.draw(told([*EVENTS.classes.values(), MARK]), label="log")
    a = data.draw(st.integers(0, len(log.lines)), label="a")
    b = data.draw(st.integers(a, len(log.lines)), label="b")
    team = data.draw(st.none() | st.sampled_from(ids("team")), label="team")
    changed = plain(found(log.log, a, b, team=team))["changed"]
    for view in VIEW.values():
        was, now = (naive.answer(view.name, log.lines, str(known), team=team) for known in (a, b))
        assert applied(was, [one for one in changed if one["view"] == view.name], view.keys) == now


def test_what_a_rule_asks_for_whole_is_looked_for_whole():
    """Else a decision that rested on it would not be found by a struck event that names others."""
    for command, event, _ in ALL:
        if type(event) is InformationShared:
            event = msgspec.structs.replace(event, basis="agreement")  # noqa: PLW2901
        given = {name: getattr(event, name) for name in shape_of(type(event)).fields}
        for part in WORDS[command].boundary(command.model_construct(occurred_at=event.occurred_at, **given)).facts:
            if part.whole is not None:
                assert {*part.types} == {cls for cls, kind in COURSES.items() if kind == part.whole}


@bounded(30)
@given(told(KINDS))
def test_nothing_is_learnt_from_one_moment_to_the_same(log):
    head = len(log.lines)
    assert not any(plain(found(log.log, head, head)).values())


@pytest.fixture(scope="module")
def city():
    log, _, _ = in_memory(cases=60, years=3, seed=11)
    return log, [json.loads(canonical_of(one)) for one in log.read()]


def test_the_simulated_city(city):
    log, lines = city
    chance = random.Random(3)
    head = len(lines)
    for a, b in [(0, head), (head // 2, head), *(sorted(chance.sample(range(head), 2)) for _ in range(2))]:
        assert plain(found(log, a, b)) == naive_diff.diff(lines, a, b)
    case = lines[head // 3]["tags"][0]
    assert plain(found(log, head // 2, head, case=case)) == naive_diff.diff(lines, head // 2, head, case=case)
    whole = naive_diff.diff(lines, head // 2, head)
    assert all(whole.values())
    assert any(one["unknown"] for one in whole["decisions"])


def test_one_case_at_two_clocks_is_what_a_fold_of_the_whole_log_gives(city):
    log, lines = city
    with Record.open("memory://") as record:
        record.store.log = log
        for known, effective in ((len(lines), None), (len(lines) // 2, None), (len(lines) - 9, "2025-03-31")):
            past = record.as_at(known, effective)
            for name in VIEW:
                rows = past.view(name)
                cases = sorted({row["case"] for row in rows})
                for case in random.Random(1).sample(cases, 5):
                    assert ndjson(past.view(name, case=case)) == ndjson([row for row in rows if row["case"] == case])
            (first, *_) = past.view("case_status")
            assert len(past.view("case_status", team=first["team"], case=first["case"])) == 1
            assert len(past.view("case_status", team="team:nowhere", case=first["case"])) == 0


@bounded(60)
@given(told([*EVENTS.classes.values(), MARK, MARK]), st.data())
def test_one_case_of_any_history_is_what_a_fold_of_the_whole_log_gives(log, data):
    with Record.open("memory://") as record:
        record.store.log = log.log
        past = record.as_at(data.draw(st.integers(0, len(log.lines))), data.draw(st.none() | st.sampled_from(INSTANTS)))
        for name in VIEW:
            rows = past.view(name)
            for case in ids("case"):
                assert ndjson(past.view(name, case=case)) == ndjson([row for row in rows if row["case"] == case])


@pytest.mark.parametrize(("a", "b", "field"), [(2, 1, "known_b"), (99, None, "known"), (1, 99, "known")])
def test_two_positions_are_known_and_in_order(a, b, field):
    with Record.open("memory://") as record:
        record.store.log.append([_entry(record) for _ in range(3)])
        with pytest.raises(Invalid) as wrong:
            record.diff(a, b)
        assert wrong.value.field == field
        assert [row["position"] for row in record.diff(1).entries] == [2, 3]
        with pytest.raises(Invalid, match="case"):
            record.diff(1, case="anna")
        with pytest.raises(Invalid, match="team"):
            record.diff(1, team="Armley")


def _entry(record):
    from earlystart_core.words.meeting import MeetingHeld
    from tests.projections.strategies import BY

    held = MeetingHeld(occurred_at=INSTANTS[5], meeting=ids("meeting")[0], team="team:a", held_on=INSTANTS[5].date())
    return EVENTS.entry(held, by=BY, command_id=None, keys=record.store.keys, chance=record.store.chance)
