"""What two clocks promise, whatever the history: each property against every cell, or against the naive reader."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from earlystart_core import DecideTier, OpenCase, Practitioner, Record
from earlystart_core.clocks import clocks_at
from earlystart_core.event import tags_of
from earlystart_core.marks import struck_by
from earlystart_core.memory_log import MemoryLog
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.projection import finish_all
from earlystart_core.replay.as_at import AsAt
from earlystart_core.types import LONDON
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.words import EVENTS
from tests.depth import seeds
from tests.projections.strategies import BY, INSTANTS, Told, bounded, facts, in_range, ndjson, told, written
from tests.record.any_history import HOURS, history

NAMED = sorted({event for view in VIEWS for event in view.events}, key=lambda event: event.__name__)
MARK = EVENTS.classes["MarkedInError"]
KINDS = [*NAMED, MARK, MARK]
START = datetime(2026, 3, 28, 22, tzinfo=UTC)


def rows(log, known=None, effective=None):
    """Every view's bytes at two clocks, by a fold of columns."""
    frames = AsAt(log, EVENTS, clocks_at(log, known, effective))
    return {name: ndjson(frames.rows(name)) for name in VIEW}


def expected(lines, known=None, effective=None):
    return {name: naive.ndjson(naive.answer(name, lines, known, effective)) for name in VIEW}


def moments(log):
    """Every instant at which an answer can change, and those just before."""
    found = sorted({event.occurred_at for _, event in log.facts})
    return [None, *(each for at in found for each in (at - timedelta(microseconds=1), at))]


@bounded(25)
@given(facts(KINDS, most=12))
def test_b1_the_past_is_frozen(given_facts):
    """What was known at a position never changes, whatever is recorded after it."""
    whole = Told(START, given_facts)
    for known in range(len(whole.lines) + 1):
        then = Told(START, given_facts[:known])
        assert rows(whole.log, known) == rows(then.log)


@seeds(12)
def test_b2_every_cell_is_as_the_naive_reader_has_it(seed):
    """Every position and every instant of a small history."""
    log = history(KINDS, seed, size=10)
    for known in range(len(log.lines) + 1):
        for effective in moments(log):
            text = None if effective is None else written(effective)
            assert rows(log.log, known, effective) == expected(log.lines, str(known), text)


@bounded(40)
@given(facts(NAMED, most=16), st.data())
def test_b3_where_nothing_is_late_the_two_clocks_agree(given_facts, data):
    """Each entry is recorded when it happens, and none is marked: then known at an instant is effective at it."""
    now = START
    log = MemoryLog(lambda: now)
    chance = random.Random(1).randbytes
    keys = MemoryKeys(chance, lambda: "k_" + chance(13).hex())
    for event in sorted((event for event, _ in given_facts), key=lambda event: event.occurred_at):
        now = event.occurred_at
        log.append([EVENTS.entry(event, by=BY, command_id=None, keys=keys, chance=chance, tags=tags_of(event))])
    at = data.draw(st.sampled_from(INSTANTS))
    now = max(INSTANTS)
    assert rows(log, at) == rows(log, None, at)


@bounded(60)
@given(told(KINDS, most=16), st.data())
def test_b6_a_view_of_a_cut_log_is_the_cut_view(log, data):
    """Slicing the log and then folding it gives what folding at that slice gives, empty counts as 0 and not missing."""
    known = data.draw(st.integers(0, len(log.lines)))
    effective = data.draw(st.sampled_from([None, *INSTANTS]))
    cut = in_range(log.facts, known, effective)
    by_row = finish_all(VIEWS, {view.name: view.fold(cut) for view in VIEWS})
    assert rows(log.log, known, effective) == {name: ndjson(each) for name, each in by_row.items()}
    opened = {event.case for _, event in cut if type(event).__name__ == "CaseOpened"}
    assert {row["case"] for row in by_row["case_status"]} == opened
    seen = {case for _, event in cut if type(event).__name__ == "ContactRecorded" for case in event.cases}
    helped = {row["case"] for row in by_row["package_status"]}
    assert all(row["contacts_attended"] == 0 for row in by_row["case_status"] if row["case"] not in seen)
    assert all(row["active_packages"] == 0 for row in by_row["case_status"] if row["case"] not in helped)


@seeds(6)
def test_b7_followed_rebuilt_and_put_together_views_agree_at_every_position(seed, sqlite_url):
    """At P: the live tables at that time, a rebuild up to P, and a part kept from before with the rest added."""
    log = history(KINDS, seed, size=20)
    kept = []
    with Record.open(sqlite_url) as record:
        for entry in log.recorded:
            record.store.log.append([entry.event])
            kept.append({name: ndjson(record.view(name)) for name in VIEW})
        for known, then in enumerate(kept, 1):
            past = record.as_at(known=known)
            assert then == {name: ndjson(past.view(name)) for name in VIEW}
            cut = in_range(log.facts, known, None)
            early, late = ([fact for fact in cut if (fact[0] <= known // 2) is first] for first in (True, False))
            parts = {view.name: view.merge(view.fold(early), view.fold(late)) for view in VIEWS}
            assert then == {name: ndjson(each) for name, each in finish_all(VIEWS, parts).items()}
        record.rebuild()
        assert kept[-1] == {name: ndjson(record.view(name)) for name in VIEW}


@pytest.mark.parametrize("depth", range(1, 7))
def test_b8_a_mark_of_a_mark_lets_its_target_stand_again(depth):
    """Known at each mark of a chain: struck after an odd number of them, standing after an even one."""
    case = {"case": "case:" + "0" * 26, "family": "family:" + "0" * 26, "team": "team:a", "reason": "birth"}
    opened = EVENTS.classes["CaseOpened"](occurred_at=HOURS[0], **case)
    chain = [(MARK(occurred_at=HOURS[1], target=position), timedelta(0)) for position in range(1, depth + 1)]
    log = Told(START, [(opened, timedelta(0)), *chain])
    for known in range(1, depth + 2):
        marks = known - 1
        assert (rows(log.log, known)["case_status"] == b"") is (marks % 2 == 1)
        assert rows(log.log, known, HOURS[0]) == rows(log.log, known), "marks are cut by what is known, never by when"


@bounded(60)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_b8_marks_of_marks_by_the_plainest_reading(targets):
    """A mark strikes unless it is struck; two marks on one target need both be struck."""
    marks = [(position, target) for position, target in enumerate(targets, 2) if target < position]

    def is_struck(position):
        return any(target == position and not is_struck(mark) for mark, target in marks)

    assert struck_by(marks) == {position for position in range(1, 43) if is_struck(position)}


@bounded(40)
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=14), st.data())
def test_b9_a_clock_that_stands_still_or_runs_back_orders_by_position(steps, data):
    """`recorded_at` never falls, and a time means the last position recorded by then."""
    now = START
    ticks = iter(steps)

    def clock():
        nonlocal now
        now += timedelta(hours=next(ticks))
        return now

    log = MemoryLog(clock)
    source = history(NAMED, data.draw(st.integers(0, 99)), size=len(steps))
    for entry in source.recorded:
        log.append([entry.event])
    recorded = [entry.recorded_at for entry in log.read().entries()]
    assert all(one <= other for one, other in pairwise(recorded))
    lines = [{**line, "recorded_at": written(at)} for line, at in zip(source.lines, recorded, strict=True)]
    for at in sorted(set(recorded)):
        position = clocks_at(log, at).known
        assert position == max(n for n, each in enumerate(recorded, 1) if each <= at)
        assert rows(log, at) == rows(log, position) == expected(lines, str(position))


@pytest.mark.parametrize("store", ["memory", "sqlite", "postgresql"])
def test_b10_an_hour_that_comes_twice_and_one_that_never_comes(store, request, clock):
    """Both folds of 01:30 on 25 October are two instants, an hour apart; that day has 25 hours, 29 March has 23."""
    names = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}
    url = "memory://" if store == "memory" else request.getfixturevalue(names[store])
    clock.now = datetime(2026, 11, 1, tzinfo=UTC)
    with Record.open(url, clock=clock) as record:
        by = Practitioner(record.new_id("practitioner"), "health_visitor", "org:lch")
        case, family = record.new_id("case"), record.new_id("family")
        opened = datetime(2026, 3, 28, tzinfo=UTC)
        opening = OpenCase(case=case, family=family, team="team:a", reason="birth", occurred_at=opened)
        record.submit(opening, by=by)
        first, second = (datetime(2026, 10, 25, 1, 30, tzinfo=LONDON, fold=fold) for fold in (0, 1))
        assert first == second, "Python calls them equal: they must be told apart in UTC"
        record.submit(DecideTier(case=case, tier="universal_partnership_plus", occurred_at=second), by=by)
        record.submit(DecideTier(case=case, tier="universal_plus", occurred_at=first), by=by)

        def tier(effective):
            return record.as_at(effective=effective).view("case_status", case=case)[0]["tier"]

        assert record.view("case_status", case=case)[0]["tier_since"] == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
        assert tier(first) == "universal_plus"
        assert tier(second) == tier(date(2026, 10, 25)) == "universal_partnership_plus"
        assert tier(datetime(2026, 10, 25, 1, 29, tzinfo=UTC)) == "universal_plus"
        hours = {}
        for day in (date(2026, 3, 29), date(2026, 10, 25), date(2026, 10, 26)):
            ends = [record.as_at(effective=each).clocks.effective for each in (day - timedelta(days=1), day)]
            hours[day] = (ends[1] - ends[0]) / timedelta(hours=1)
        assert [*hours.values()] == [23, 25, 24]
        skipped = datetime(2026, 3, 29, 1, 30, tzinfo=LONDON)  # never shown by a clock in Leeds: read as 01:30 UTC+0
        record.submit(DecideTier(case=case, tier="universal_plus", occurred_at=skipped), by=by)
        assert tier(datetime(2026, 3, 29, 1, 30, tzinfo=UTC)) == "universal_plus"
        assert tier(datetime(2026, 3, 29, 1, 29, tzinfo=UTC)) == "universal"


@bounded(40)
@given(told([*EVENTS.classes.values(), MARK]), st.data())
def test_every_answer_says_its_clocks(log, data):
    """Whatever is asked carries the position that it was known at, when that was recorded, and the instant."""
    known = data.draw(st.integers(0, len(log.lines)))
    effective = data.draw(st.sampled_from([None, *INSTANTS]))
    with Record.open("memory://") as record:
        record.store.log = log.log
        past = record.as_at(known, effective)
        case = "case:" + "0" * 25 + "1"
        answers = [*map(past.view, VIEW), past.view("case_status", case=case), past.caseload(), past.tiers()]
        answers += [past.timeline(case), past.disclosures(), past.disclosures(case)]
        recorded = [entry.recorded_at for entry in log.recorded]
        for answer in answers:
            assert (answer.known, answer.effective) == (known, effective)
            assert answer.known_at == (recorded[known - 1] if known else None)


@bounded(40)
@given(told(KINDS, most=16), st.data())
def test_a_story_is_cut_at_both_clocks(log, data):
    """The timeline has what carries the case's tag, known and effective, and says what stood then."""
    known = data.draw(st.integers(0, len(log.lines)))
    effective = data.draw(st.sampled_from([None, *INSTANTS]))
    case = "case:" + "0" * 25 + "1"
    with Record.open("memory://") as record:
        record.store.log = log.log
        story = record.as_at(known, effective).timeline(case)
    stands = {fact["position"] for fact in naive.standing(log.lines, str(known))}
    seen = [
        line
        for line in log.lines
        if line["position"] <= known
        and case in line["tags"]
        and (effective is None or naive.instant(line["occurred_at"]) <= effective)
    ]
    seen.sort(key=lambda line: (naive.instant(line["occurred_at"]), line["position"]))
    assert [row["position"] for row in story] == [line["position"] for line in seen]
    assert [row["struck"] for row in story] == [line["position"] not in stands for line in seen]
