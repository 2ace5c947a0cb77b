"""Every rule, condition and expression, on events of the tests' own, old versions among them: all readings agree."""

import random
from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from earlystart_core.entry import Entry, micros
from earlystart_core.memory_log import MemoryLog
from earlystart_core.projection import finish_all
from earlystart_core.replay.frames import Folding
from earlystart_core.types import london_date
from earlystart_core.words.correction import MarkedInError

from .strategies import BY, STARTS, Cut, bounded, facts, in_range, instants, merged, ndjson
from .synthetic import PROJECTION, PROJECTIONS, REGISTRY, Joined, Left, Measured, Visited, everything

CLASSES = [Joined, Measured, Measured, Left, Visited, MarkedInError]


def as_stored(event, version, dropped):
    """The data of an event as some version of its word wrote it; `dropped`: leave out what has a default."""
    data = {field: getattr(event, field) for field in event.__struct_fields__ if field != "occurred_at"}
    if dropped:
        defaults = {one.name: one.default for one in msgspec.structs.fields(event) if not one.required}
        data = {name: value for name, value in data.items() if defaults.get(name, ...) != value}
    if isinstance(event, Measured) and version < 3:
        del data["urgent"]
        if version == 1:
            data["person"] = data.pop("people")[0]
            data.pop("mood", None)
    return msgspec.json.encode(data, order="sorted")


@st.composite
def logs(draw):
    log = MemoryLog(lambda: STARTS[0])
    for event, _ in draw(facts(CLASSES, 30)):
        version = draw(st.integers(1, event.version))
        data = as_stored(event, version, draw(st.booleans()))
        kind = type(event).__name__
        log.append([Entry(kind, data, [], recorded_by=BY, version=version, occurred_at=event.occurred_at)])
    return log


@bounded(100)
@given(logs(), st.none() | instants(), st.data())
def test_rows_columns_and_merged_parts_agree(log, effective, data):
    known = data.draw(st.integers(0, log.head()), label="known")
    chance = random.Random(data.draw(st.integers(0, 2**32), label="seed"))
    some = in_range([(one.position, REGISTRY.event(one)) for one in log.read()], known, effective)
    expected = finish_all(PROJECTIONS, {one.name: one.fold(some) for one in PROJECTIONS})
    assert [plain(row) for row in expected["everything"]] == list(by_hand(some, expected["visits"]))

    chance.shuffle(some)
    in_parts = finish_all(PROJECTIONS, {one.name: merged(one, some, chance) for one in PROJECTIONS})
    assert in_parts == expected

    how = {"threads": chance.choice([1, 2]), "span": chance.choice([1, 3, 100])}
    cut = None if effective is None else micros(effective)
    folding = Folding(Cut(log, chance), REGISTRY, PROJECTION, known=known, effective=cut, **how)
    for one in PROJECTIONS:
        frame = folding.frame(one.name)
        assert frame.columns == list(one.columns)
        assert ndjson(frame.to_dicts()) == ndjson(expected[one.name]), one.name
    names = data.draw(st.lists(st.sampled_from(everything.columns), max_size=3), label="names")
    whole = folding.frame("everything")
    chosen = ["person", *(name for name in everything.columns if name in names and name != "person")]
    assert folding.frame("everything", names).equals(whole.select(chosen))


# --- the same rows, written out by hand -------------------------------------------------------------------------------


def plain(row):
    return {name: value for name, value in row.items() if not name.startswith("_")}


def by_hand(some, visits):
    """The rows of `everything`, column by column, from sorted lists: no reducer, no merge."""
    some = sorted(some, key=lambda fact: (fact[1].occurred_at, fact[0]))
    everyone = {event.person for _, event in some if isinstance(event, Joined)}
    for person in sorted(everyone):
        mine = [
            (place, event)
            for place, event in some
            if person in (event.people if isinstance(event, Measured) else [getattr(event, "person", None)])
            and not isinstance(event, Visited)
        ]
        open_visits = [row for row in visits if row["person"] == person and row["ended"] is None]
        yield by_hand_row(person, mine, len(open_visits))


def by_hand_row(person, mine, open_visits):
    low = [one for one in mine if not isinstance(one[1], Measured) or one[1].mood == "low"]
    noted = [one for one in mine if not isinstance(one[1], Left) or one[1].note in ("a", "é")]
    teamed = [one for one in mine if not isinstance(one[1], Joined) or one[1].team == "team:a"]

    def said(facts_, name, *classes):
        return [getattr(event, name) for _, event in facts_ if isinstance(event, classes)]

    def got(facts_, name, *classes):
        return [value for value in said(facts_, name, *classes) if value is not None]

    def places(facts_, *classes):
        return [place for place, event in facts_ if isinstance(event, classes)]

    def last(values, otherwise=None):
        return values[-1] if values else otherwise

    def first(values, otherwise=None):
        return values[0] if values else otherwise

    def day(moment):
        return None if moment is None else london_date(moment)

    def later(start, days):
        if start is None or days is None or abs(days) > 10_000:  # far beyond the calendar, or near
            return None
        return start + timedelta(days=days)

    moods = [
        "joined" if isinstance(event, Joined) else event.mood
        for _, event in mine
        if isinstance(event, Joined) or event.mood is not None
    ]
    both = (Measured, Left)
    row = {
        "person": person,
        "team": last(got(mine, "team", Joined)),
        "team_or": last(got(mine, "team", Joined), "team:none"),
        "team_null": last(said(mine, "team", Joined), "team:none"),
        "team_first": first(said(mine, "team", Joined)),
        "team_where": last(got(teamed, "team", Joined)),
        "mood": last(moods),
        "mood_first": first(got(low, "mood", *both), "none"),
        "mood_null": last(said(mine, "mood", *both)),
        "mood_null_where": first(said(noted, "mood", *both)),
        "note": last(got(mine, "note", *both)),
        "note_low": last(got(low, "note", *both)),
        "urgent": last(got(mine, "urgent", *both)),
        "urgent_first": first(said(mine, "urgent", Left)),
        "who": last(got(mine, "practitioner", *both)),
        "who_first": first(got(mine, "practitioner", Joined, Measured)),
        "on": last(got(mine, "on", *both)),
        "grams": last(got(mine, "grams", *both)),
        "joined_at": first(said(mine, "occurred_at", Joined)),
        "left_at": last(said(noted, "occurred_at", Left)),
        "touched_at": last(said(mine, "occurred_at", Joined, *both)),
        "touched": last(places(mine, Joined, *both)),
        "first_touched": first(places(low, *both)),
        "measured": len(places(mine, Measured)),
        "counted": len(places(low, Joined, *both)),
        "counted_twice": 2 * len(places(mine, Left)),
        "weight": sum(got(mine, "grams", *both)),
        "weight_low": sum(got(low, "grams", Measured)),
        "places": sum(places(mine, Left)),
        "least": min(got(mine, "grams", *both), default=None),
        "most": max(got(low, "grams", *both), default=None),
        "least_on": min(got(mine, "on", *both), default=None),
        "most_on": max(got(mine, "on", *both), default=None),
        "least_at": min(said(mine, "occurred_at", *both), default=None),
        "most_at": max(said(mine, "occurred_at", *both), default=None),
        "most_place": max(places(mine, Left), default=None),
        "moods": len(set(got(mine, "mood", *both))),
        "whos": len(set(got(low, "practitioner", *both))),
        "weights": len(set(got(mine, "grams", *both))),
        "days": len(set(got(mine, "on", *both))),
        "flags": len(set(got(mine, "urgent", *both))),
        "moments": len(set(said(mine, "occurred_at", *both))),
        "holder": held(mine, Joined, Left),
        "keeper": held(mine, Measured, Joined),
        "visits_open": open_visits,
    }
    joined_on, left_on, touched_on = day(row["joined_at"]), day(row["left_at"]), day(row["touched_at"])
    on_or = left_on if row["on"] is None else row["on"]
    delayed = later(touched_on, open_visits) if row["mood_null"] == "high" else None
    return row | {
        "joined_on": joined_on,
        "left_on": left_on,
        "low_on": touched_on if row["mood"] == "low" else None,
        "on_or": on_or,
        "on_or_left": later(joined_on, row["grams"]) if on_or is None else on_or,
        "due_on": later(joined_on, min(got(mine, "grams", Measured), default=None)),
        "late_on": delayed if left_on is None else left_on,
    }


def held(mine, starts, ends):
    """Whoever the latest start names, unless a later end names the same one."""
    holder = None
    for _, event in mine:
        if isinstance(event, starts) and event.practitioner is not None:
            holder = event.practitioner
        elif isinstance(event, ends) and event.practitioner == holder:
            holder = None
    return holder
