"""A blob holds what it was made of: every class, nulls, several values, none at all, numbers of any width."""

import random
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earlystart_core.event import shape_of
from earlystart_core.memory_log import MemoryLog
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.replay.columns import NULL, PLAIN, Facts, end_to_end, of_numbers
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.loading import facts_of_rows
from earlystart_core.replay.packed import Packed, Unsound, pack, unpack
from earlystart_core.replay.segments import columns_of, names_of, opened, seal, sizes_of
from earlystart_core.sources import holds_several, type_of
from earlystart_core.words import EVENTS
from tests.projections.strategies import BY, STARTS, bounded, events_of
from tests.projections.synthetic import REGISTRY, Measured

FIRST = 131_073
CLASSES = [*EVENTS.classes.values(), *(cls for cls in REGISTRY.classes.values() if cls.__name__ not in EVENTS.classes)]


def loaded(registry, cls, events):
    """The facts of those events, and what their numbers mean."""
    log, chance = MemoryLog(lambda: STARTS[0]), random.Random(3).randbytes
    keys = MemoryKeys(chance, lambda: "k_" + chance(13).hex())
    tags = ["case:" + "0" * 26]
    log.append([registry.entry(one, by=BY, command_id=None, keys=keys, chance=chance, tags=tags) for one in events])
    dictionaries = Dictionaries()
    facts = facts_of_rows(log, registry, {cls: names_of(cls)}, dictionaries, (0, len(events)))[cls]
    facts.positions += FIRST - 1
    return facts, dictionaries


def said(facts, texts, cls, names):
    """Facts in plain values. texts: by kind, what its numbers mean."""
    found = {"positions": facts.positions.tolist(), "occurred": facts.occurred.tolist()}
    for name in names:
        held = type_of(cls, name)
        values = facts.fields[name].whole().tolist()
        if held not in PLAIN:
            values = [None if value == 0 else texts[held][value] for value in values]
        found[name] = (values, facts.sizes[name].tolist() if holds_several(cls, name) else None)
    return found


def numbered(dictionaries, chance):
    """Numbers that a store gave to all texts among many others: of each of a reading's own, and what they mean."""
    numbers, texts = {}, {}
    for kind in dictionaries.kinds:
        given = [*dictionaries[kind].texts[1:], *(f"other {chance.random()}" for _ in range(chance.choice([0, 300])))]
        chance.shuffle(given)
        texts[kind] = ["", *given]
        place = {text: number for number, text in enumerate(texts[kind])}
        numbers[kind] = np.array([0, *(place[text] for text in dictionaries[kind].texts[1:])], np.int64)
    return numbers, texts


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class(cls):
    registry = EVENTS if cls.__name__ in EVENTS.classes else REGISTRY

    @bounded(25)
    @given(st.lists(events_of(cls), min_size=1, max_size=12), st.integers(0, 99), st.data())
    def check(events, seed, data):
        facts, dictionaries = loaded(registry, cls, events)
        own = {kind: dictionaries[kind].texts for kind in dictionaries.kinds}
        numbers, texts = numbered(dictionaries, random.Random(seed))
        segment, blobs = seal(cls, facts, FIRST, numbers)
        assert (segment, blobs) == seal(cls, facts, FIRST, numbers)
        room = {kind: len(some) for kind, some in texts.items()}
        names = data.draw(st.lists(st.sampled_from(names_of(cls)), unique=True)) if names_of(cls) else []
        for asked in (names_of(cls), names):
            read = {name: blobs[name] for name, _ in columns_of(cls, asked) if name in blobs}
            back = end_to_end([opened(cls, segment, read, FIRST, asked, room)])
            assert said(back, texts, cls, asked) == said(facts, own, cls, asked)
            upto = FIRST + seed % (len(events) + 1)
            wanted = {name: one[: upto - FIRST + 1] for name, one in _by_fact(said(facts, own, cls, asked)).items()}
            assert _by_fact(said(back.keep(back.positions <= upto), texts, cls, asked)) == wanted

    check()


def _by_fact(said_):
    """The same with the values of each fact together."""
    found = {}
    for name, one in said_.items():
        if isinstance(one, list):
            found[name] = one
        elif one[1] is None:
            found[name] = one[0]
        else:
            ends = np.cumsum(one[1]).tolist()
            found[name] = [one[0][end - size : end] for end, size in zip(ends, one[1], strict=True)]
    return found


WIDE = [[], [0], [NULL], [NULL, NULL], [127, -128], [128], [-129], [2**15], [2**31], [-(2**63) + 1, 2**63 - 1, NULL]]


@pytest.mark.parametrize(
    "values", [*WIDE, [7, 7, 7], [7, 7, NULL], [60, 3600, NULL, 0], [254], [0, 254], [0, 255, NULL]]
)
def test_numbers_of_any_width(values):
    packed, data = pack(np.array(values, np.int64), "number")
    assert len(data) == packed.size
    column = unpack(packed, data, "number")
    assert column.whole().tolist() == values
    assert column.at(np.arange(len(values))[::-1]).tolist() == values[::-1]
    there = column.there()
    assert (there is None and NULL not in values) or there.tolist() == [value != NULL for value in values]


@bounded(300)
@given(st.lists(st.integers(NULL, 2**63 - 1) | st.integers(-5, 300).map(lambda n: n * 60_000_000), max_size=9))
def test_any_numbers(values):
    packed, data = pack(np.array(values, np.int64), "instant")
    assert unpack(packed, data, "instant").whole().tolist() == values


def test_a_day_of_instants_takes_two_bytes_each():
    """Whole seconds within a day, and whole minutes within a month."""
    for step, count in ((1_000_000, 65_000), (60_000_000, 43_200)):
        packed, data = pack(1_700_000_000_000_000 + np.arange(count) * step, "instant")
        assert (packed.width, packed.step, len(data)) == (2, step, 2 * count)


def test_numbers_of_a_dictionary_stand_as_they_are():
    for values, width in (([0, 1, 255], 1), ([256], 2), ([65_536], 4), ([2**32], 8), ([], 1)):
        packed, data = pack(np.array(values, np.int64), "case")
        assert (packed.width, packed.base, packed.step) == (width, 0, 1)
        assert unpack(packed, data, "case").raw.tolist() == values


def test_a_fact_of_very_many_values():
    count = 70_000
    some = {name: of_numbers(np.zeros(1, np.int64), type_of(Measured, name)) for name in names_of(Measured)}
    fields = some | {"people": of_numbers(np.ones(count, np.int64), "person")}
    facts = Facts(np.array([FIRST]), np.array([0]), fields, {"people": np.array([count])})
    segment, blobs = seal(Measured, facts, FIRST, {"person": np.array([0, 7])})
    back = end_to_end([opened(Measured, segment, blobs, FIRST, ["people"], {"person": 8})])
    assert back.sizes["people"].tolist() == [count]
    assert set(back.fields["people"].whole().tolist()) == {7}


def test_sealed_text_is_in_no_field():
    for cls in CLASSES:
        assert not set(names_of(cls)) & set(shape_of(cls).sealed)
    assert any(shape_of(cls).sealed for cls in CLASSES)


def _measured():
    return Measured(
        occurred_at=STARTS[0],
        people=("person:" + "0" * 25 + "1",),
        note="a",
        urgent=True,
        mood="low",
        practitioner="practitioner:" + "0" * 25 + "1",
    )


@pytest.fixture
def packed():
    """A segment of three facts, its blobs, and how many numbers there are of each kind."""
    facts, dictionaries = loaded(REGISTRY, Measured, [_measured()] * 3)
    numbers, texts = numbered(dictionaries, random.Random(1))
    segment, blobs = seal(Measured, facts, FIRST, numbers)
    return segment, blobs, {kind: len(some) for kind, some in texts.items()}


def test_what_is_no_segment_is_unsound(packed):
    """A column that is missing, cut short, longer, of another column or another list."""
    segment, blobs, room = packed
    assert len(opened(Measured, segment, blobs, FIRST, names_of(Measured), room).positions.raw) == 3
    some = blobs["people"]
    for bad in (None, b"", some[:-1], some + b"\0", bytes(len(some)), 7, "text", random.Random(1).randbytes(len(some))):
        with pytest.raises(Unsound):
            opened(Measured, segment, blobs | {"people": bad}, FIRST, names_of(Measured), room)
    fewer = {name: one for name, one in segment.items() if name != "mood"}
    few = unpack(segment["note"], blobs.get("note"), "text").raw[:2]
    shorter = segment | {"note": Packed(2, few.itemsize, 0, 1, 0, zlib.crc32(few.tobytes()))}
    for listed, more in ((fewer, {}), (shorter, {"note": few.tobytes()})):
        with pytest.raises(Unsound):
            opened(Measured, listed, blobs | more, FIRST, names_of(Measured), room)
    with pytest.raises(Unsound):
        opened(Measured, segment, blobs, FIRST, ["people"], {**room, "person": 1})
    with pytest.raises(Unsound):
        odd = segment | {"people": msgspec.structs.replace(segment["people"], width=3)}
        opened(Measured, odd, blobs, FIRST, ["people"], room)
    assert sizes_of("people") in segment


def test_any_changed_bit_fails_the_checksum(packed):
    segment, blobs, room = packed
    for name, blob in blobs.items():
        for bit in range(len(blob) * 8):
            torn = bytearray(blob)
            torn[bit // 8] ^= 1 << bit % 8
            with pytest.raises(Unsound):
                opened(Measured, segment, blobs | {name: bytes(torn)}, FIRST, names_of(Measured), room)
