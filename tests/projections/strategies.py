"""Arbitrary logs: few ids so that facts collide, instants at London's midnights and clock changes, nulls, marks.

Values come from the events' annotations, so a new event or field comes in by itself.
"""

import json
import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from earlystart_core.entry import Practitioner, canonical_of
from earlystart_core.event import kind_of, tags_of
from earlystart_core.log import Batch
from earlystart_core.marks import struck
from earlystart_core.memory_log import MemoryLog
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.types import LONDON, SLUG_KINDS
from earlystart_core.words import EVENTS
from earlystart_core.words.correction import MarkedInError
from tests.depth import many

DAYS = [  # year ends, both nights on which the clocks change, a summer, and years that tables of time zones forget
    date(2025, 12, 31),
    date(2026, 1, 1),
    date(2026, 3, 29),
    date(2026, 3, 30),
    date(2026, 7, 1),
    date(2026, 10, 25),
    date(2026, 10, 26),
    date(1969, 1, 1),
    date(2150, 7, 2),
]
AROUND = [
    timedelta(0),
    timedelta(microseconds=-1),
    timedelta(microseconds=1),
    timedelta(minutes=30),
    timedelta(hours=2),
]
INSTANTS = sorted(
    {datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC) + by for day in DAYS for by in AROUND}
)
STARTS = [datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 21, tzinfo=UTC)]
GAPS = [timedelta(0), timedelta(microseconds=1), timedelta(minutes=40), timedelta(hours=13)]
# code points, UTF-16 and bytes sort these differently
TEXTS = ["a", "a", "a", "a", "b", "é", "\ufb00", "\U0001f600", 'q"\\']
BY = Practitioner("practitioner:" + "0" * 26, "health_visitor", "org:lch")


def bounded(examples):
    """The profile of these tests: the same examples on every machine, so many of them in an exhaustive run."""
    return settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=many(examples),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def ids(kind, several=2):
    if kind in SLUG_KINDS:
        return [f"{kind}:{name}" for name in ("a", "b", "a-b")[:several]]
    return [f"{kind}:{'0' * 25}{digit}" for digit in "1AZ"[:several]]


@cache
def values(annotation):
    """Any value that the annotation allows, from a small choice."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        plain = [part for part in inner if part is not type(None)]
        found = values(next((part for part in plain if get_origin(part) is Annotated), plain[0]))
        return st.none() | found if len(plain) < len(inner) else found
    bounds = [part for part in inner if isinstance(part, msgspec.Meta)] if origin is Annotated else []
    bare = inner[0] if origin is Annotated else annotation
    if get_origin(bare) is tuple:
        least = next((meta.min_length for meta in bounds if meta.min_length), 0)
        return st.lists(values(get_args(bare)[0]), min_size=least, max_size=3).map(tuple)
    if (kind := kind_of(annotation)) is not None:
        return st.sampled_from(ids(kind))
    if get_origin(bare) is Literal:
        return st.sampled_from(get_args(bare))
    if bare is int:
        least = next((meta.ge for meta in bounds if meta.ge is not None), -2)
        most = next((meta.le for meta in bounds if meta.le is not None), 2**40)
        return st.sampled_from(sorted({least, min(least + 1, most), most}))
    choice = {str: TEXTS, date: DAYS, datetime: INSTANTS, bool: [False, True]}
    return st.sampled_from(choice[bare])


@cache
def events_of(cls):
    """Any event of a class."""
    return st.builds(cls, **{field.name: values(field.type) for field in msgspec.structs.fields(cls)})


def instants():
    return st.sampled_from(INSTANTS)


@st.composite
def facts(draw, classes, most=24):
    """Events in order of recording, each with how long after the one before; marks name earlier positions."""
    size = draw(st.sampled_from([1, most // 2, most, most]))  # left to itself, a list is short
    one = st.tuples(st.one_of(*map(events_of, classes)), st.sampled_from(GAPS))
    drawn = draw(st.lists(one, min_size=size, max_size=size))
    moments = draw(st.lists(instants(), min_size=1, max_size=4))  # few, so that equal instants are common
    found = []
    for event, gap in drawn:
        moment = moments[INSTANTS.index(event.occurred_at) % len(moments)]
        event = msgspec.structs.replace(event, occurred_at=moment)  # noqa: PLW2901
        if not isinstance(event, MarkedInError):
            found.append((event, gap))
        elif found:
            target = 1 + draw(st.integers(0, len(found) - 1))
            found.append((msgspec.structs.replace(event, target=target), gap))
    return found


class Told:
    """A log in memory, its facts, and its lines as exported."""

    def __init__(self, start, given):
        self._now = start
        self.log = MemoryLog(lambda: self._now)
        chance = random.Random(7).randbytes
        self._keys = MemoryKeys(chance, lambda: "k_" + chance(13).hex())
        self._chance = chance
        self.tags = []
        for event, gap in given:
            self._now += gap
            tags = self.tags[event.target - 1] if isinstance(event, MarkedInError) else tags_of(event)
            self.tags.append(tags)
            entry = EVENTS.entry(event, by=BY, command_id=None, keys=self._keys, chance=chance, tags=tags)
            self.log.append([entry])
        self.recorded = list(self.log.read())
        self.facts = [(one.position, EVENTS.event(one)) for one in self.recorded]
        self.lines = [json.loads(canonical_of(one)) for one in self.recorded]

    def __repr__(self):
        return "\n".join(f"{position}: {event}" for position, event in self.facts)


def told(classes=None, most=24):
    """Any log of those events, of all that there are by default."""
    chosen = [*EVENTS.classes.values()] if classes is None else classes
    return st.builds(Told, st.sampled_from(STARTS), facts(chosen, most))


def written(moment):
    """An instant as a caller may write it."""
    return json.loads(msgspec.json.encode(moment))


@st.composite
def clocks(draw, log):
    """Several pairs (K, D) as a caller may write them; the first cuts nothing."""
    recorded = [written(one.recorded_at) for one in log.recorded]
    days = sorted({moment[:10] for moment in recorded})
    positions = [str(position) for position in range(len(log.recorded) + 1)]
    happened = sorted({written(event.occurred_at) for _, event in log.facts}) or [written(INSTANTS[0])]
    known = st.sampled_from([*positions, *recorded, *days])
    effective = st.sampled_from(happened) | instants().map(written) | st.sampled_from(DAYS).map(date.isoformat)
    one, other = draw(known), draw(effective)
    return [(None, None), (one, None), (None, other), (one, draw(effective))]


def in_range(log_facts, known, effective):
    """The facts that count, by the library's own marks."""
    seen = [(position, event) for position, event in log_facts if position <= known]
    out = struck(seen)
    return [
        (position, event)
        for position, event in seen
        if position not in out and (effective is None or event.occurred_at <= effective)
    ]


def merged(projection, some, chance):
    """The facts cut into parts at random, each folded alone, merged two at a time in random order."""
    parts = [[] for _ in range(chance.randint(1, 5))]
    for fact in some:
        chance.choice(parts).append(fact)
    folded = [projection.fold(part) for part in parts]
    while len(folded) > 1:
        chance.shuffle(folded)
        folded.append(projection.merge(folded.pop(), folded.pop()))
    return folded[0]


class Cut:
    """A log whose batches come cut otherwise, and in another order."""

    def __init__(self, log, chance):
        self._log = log
        self._chance = chance

    def batches(self, types, *, after=0, upto=None):
        found = []
        for batch in self._log.batches(types, after=after, upto=upto):
            raw = msgspec.json.decode(batch.data, type=list[msgspec.Raw])
            lines = list(zip(batch.positions, batch.occurred, raw, strict=True))
            parts = [[] for _ in range(self._chance.randint(1, 3))]
            for line in lines:
                self._chance.choice(parts).append(line)
            for part in filter(None, parts):
                positions, occurred, data = zip(*part, strict=True)
                body = b"[" + b",".join(map(bytes, data)) + b"]"
                found.append(Batch(batch.type, batch.version, positions, occurred, body))
        self._chance.shuffle(found)
        return iter(found)


def ndjson(rows):
    """Rows as `view NAME --ndjson` prints them: what must be equal to the byte."""
    return b"".join(msgspec.json.encode(row, order="sorted") + b"\n" for row in rows)
