"""A blob holds what it was made of: every class, nulls, several values, none at all, numbers of any width."""

import random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earlystart_core.event import shape_of
from earlystart_core.log import MemoryLog
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.replay.columns import NULL, Columns, Facts, Numbered
from earlystart_core.replay.loading import Loading
from earlystart_core.replay.segments import Unsound, decode, encode, names_of
from earlystart_core.replay.shelf import Held, Run, cut, facts_of
from earlystart_core.sources import holds_several, type_of
from earlystart_core.words import EVENTS
from tests.projections.strategies import BY, STARTS, bounded, events_of
from tests.projections.synthetic import REGISTRY, Left, Measured

FIRST = 131_073
CLASSES = [*EVENTS.classes.values(), *(cls for cls in REGISTRY.classes.values() if cls.__name__ not in EVENTS.classes)]


def loaded(registry, cls, events):
    """The facts of those events, their columns, and what those say in plain values."""
    log, chance = MemoryLog(lambda: STARTS[0]), random.Random(3).randbytes
    keys = MemoryKeys(chance, lambda: "k_" + chance(13).hex())
    tags = ["case:" + "0" * 26]
    log.append([registry.entry(one, by=BY, command_id=None, keys=keys, chance=chance, tags=tags) for one in events])
    columns = Columns()
    loading = Loading(registry, {cls: names_of(cls)}, columns)
    loading.read(log, 0, len(events))
    facts = loading.facts()[cls]
    facts.positions += FIRST - 1
    return facts, columns


def said(facts, columns, cls, names):
    """Facts in plain values, whatever their numbers are."""
    found = {"positions": facts.positions.tolist(), "occurred": facts.occurred.tolist()}
    for name in names:
        values = facts.fields[name].tolist()
        if type_of(cls, name) not in ("number", "flag", "day"):
            texts = columns.dictionary(type_of(cls, name)).texts
            values = [None if value == NULL else texts[value] for value in values]
        found[name] = (values, facts.sizes[name].tolist() if holds_several(cls, name) else None)
    return found


def numbered(columns, chance, share):
    """Numbers that a store might have given to some share of the ids, and columns that read them so."""
    texts = {kind: [*one.texts] for kind, one in columns.dictionaries.items() if kind != "text"}
    given = {kind: [text for text in one if chance.random() < share] for kind, one in texts.items()}
    for one in given.values():
        chance.shuffle(one)
    numbers = {
        kind: np.array([given[kind].index(text) + 1 if text in given[kind] else NULL for text in one], np.int64)
        for kind, one in texts.items()
    }
    return numbers, Columns(lambda kind: Numbered(lambda: given.get(kind, [])))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class(cls):
    registry = EVENTS if cls.__name__ in EVENTS.classes else REGISTRY

    @bounded(25)
    @given(
        st.lists(events_of(cls), min_size=1, max_size=12), st.integers(0, 99), st.sampled_from([0, 0.5, 1]), st.data()
    )
    def check(events, seed, share, data):
        facts, columns = loaded(registry, cls, events)
        numbers, others = numbered(columns, random.Random(seed), share)
        blob = encode(cls, facts, FIRST, columns, numbers)
        assert blob == encode(cls, facts, FIRST, columns, numbers)
        names = data.draw(st.lists(st.sampled_from(names_of(cls)), unique=True)) if names_of(cls) else []
        for asked in (names_of(cls), names):
            back = decode(cls, blob, FIRST, asked, others)
            assert said(back, others, cls, asked) == said(facts, columns, cls, asked)
            upto = FIRST + seed % (len(events) + 1)
            wanted = {name: one[: upto - FIRST + 1] for name, one in _by_fact(said(facts, columns, cls, asked)).items()}
            assert _by_fact(said(cut(back, upto), others, cls, asked)) == wanted

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


def facts_left(**fields):
    size = len(next(iter(fields.values())))
    plain = {name: np.zeros(size, np.int64) for name in names_of(Left)}
    return Facts(np.arange(size) + FIRST, np.zeros(size, np.int64), {**plain, **fields}, {})


@pytest.mark.parametrize(
    "values",
    [[], [0], [NULL], [NULL, NULL], [127, -128], [128], [-129], [2**15], [2**31], [-(2**63) + 1, 2**63 - 1, NULL]],
)
def test_numbers_of_any_width(values):
    columns = Columns()
    for kind, text in (("person", "person:x"), ("practitioner", "practitioner:x"), ("text", "low")):
        columns.dictionary(kind)[text]
    facts = facts_left(grams=np.array(values, np.int64))
    blob = encode(Left, facts, FIRST, columns, {})
    back = decode(Left, blob, FIRST, names_of(Left), columns)
    assert back.fields["grams"].tolist() == values
    assert back.positions.tolist() == facts.positions.tolist()


def test_a_fact_of_very_many_values():
    count = 70_000
    fields = {name: np.full(1, NULL) for name in names_of(Measured)} | {"people": np.zeros(count, np.int64)}
    facts = Facts(np.array([FIRST]), np.array([0]), fields, {"people": np.array([count])})
    columns = Columns()
    columns.dictionary("person")["person:x"]
    blob = encode(Measured, facts, FIRST, columns, {"person": np.array([7])})
    back = decode(Measured, blob, FIRST, ["people"], columns)
    assert back.sizes["people"].tolist() == [count]
    assert set(back.fields["people"].tolist()) == {7}


def test_sealed_text_is_in_no_field():
    for cls in CLASSES:
        assert not set(names_of(cls)) & set(shape_of(cls).sealed)
    assert any(shape_of(cls).sealed for cls in CLASSES)


def spoilt():
    """A blob and ways to spoil it that no checksum is asked about."""
    facts, columns = loaded(REGISTRY, Measured, [_measured()])
    blob = encode(Measured, facts, FIRST, columns, {})
    size = 4 + int.from_bytes(blob[:4], "big")
    head = msgspec.json.decode(blob[4:size])
    yield "nothing", b""
    yield "zeros", bytes(len(blob))
    yield "noise", random.Random(1).randbytes(len(blob))
    for end in (3, 4, size - 1, size, size + 3, len(blob) // 2, len(blob) - 1):
        yield f"cut at {end}", blob[:end]
    for name, change in {
        "another format": {"format": 99},
        "another layout": {"layout": "old"},
        "another run": {"first": 1},
        "fewer texts": {"texts": {name: [] for name in head["texts"]}},
        "no texts at all": {"texts": None},
    }.items():
        said_ = msgspec.json.encode({**head, **change})
        yield name, len(said_).to_bytes(4, "big") + said_ + blob[size:]
    yield "parts swapped", blob[:size] + b"".join(reversed(list(_parts(blob[size:]))))


def _parts(blob):
    while blob:
        size = 4 + int.from_bytes(blob[:4], "big")
        yield blob[:size]
        blob = blob[size:]


def _measured():
    return Measured(
        occurred_at=STARTS[0],
        people=("person:" + "0" * 25 + "1",),
        note="a",
        urgent=True,
        mood="low",
        practitioner="practitioner:" + "0" * 25 + "1",
    )


@pytest.mark.parametrize(("how", "blob"), [pytest.param(how, blob, id=how) for how, blob in spoilt()])
def test_what_is_no_segment_is_unsound(how, blob):
    with pytest.raises(Unsound):
        decode(Measured, blob, FIRST, names_of(Measured), Columns())


def test_any_changed_bit_fails_the_checksum():
    facts, columns = loaded(REGISTRY, Measured, [_measured()] * 3)
    blob = encode(Measured, facts, FIRST, columns, {})
    run = Run(FIRST, FIRST + 2, {"Measured": Held.of(facts, blob)})
    wanted = {Measured: names_of(Measured)}
    assert len(facts_of(run, {"Measured": blob}, wanted, Columns())[Measured].positions) == 3
    for bit in range(0, len(blob) * 8, 11):
        torn = bytearray(blob)
        torn[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unsound):
            facts_of(run, {"Measured": bytes(torn)}, wanted, Columns())
    for blobs in ({}, {"Measured": blob[:-1]}, {"Measured": blob + b"\0"}, {"Left": blob}):
        with pytest.raises(Unsound):
            facts_of(run, blobs, wanted, Columns())
    wrong = Run(FIRST, FIRST + 2, {"Measured": msgspec.structs.replace(Held.of(facts, blob), facts=2)})
    with pytest.raises(Unsound):
        facts_of(wrong, {"Measured": blob}, wanted, Columns())
