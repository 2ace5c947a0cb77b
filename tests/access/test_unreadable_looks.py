"""One look that cannot be read leaves all others readable: it is reported in its place, and nobody reads by it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from earlystart_core import MarkInError, NotPermitted, Record
from earlystart_core.access.keeping import Garbled
from earlystart_core.access.looked import unreadable_in
from earlystart_core.entry import Entry, Practitioner

from .conftest import *
from .test_access_log import unguarded

ODD = {
    "no look": Entry("Looked", b"{}", [ANNA], recorded_by=BY),
    "of nobody": Entry("Looked", b'{"purpose":"x"}', [ANNA]),
    "of another type": Entry("Peeked", b"{}", [ANNA], recorded_by=BY),
    "a field more": Entry("GlassReviewed", b'{"more":1}', [ANNA], recorded_by=BY),
    "deep": Entry("Looked", b'{"rules":' + b"[" * 5000 + b"]" * 5000 + b"}", [ANNA], recorded_by=BY),
    "a glass without a zone": Entry(
        "GlassBroken",
        b'{"break_glass":"glass:01JH0000000000000000000000","case":"%s","known":1,"policy":"p","purpose":"x",'
        b'"reason":"complaint","review_by":"2026-01-01T00:00:00","rules":["r"],"text":{"v":1},'
        b'"until":"2026-01-01T00:00:00"}' % ANNA.encode(),
        [ANNA],
        recorded_by=BY,
    ),
}
WHOLE = ["at", "practitioner", "role", "employer", "purpose", "subject", "action", "rings", "result", "rules"]


@pytest.mark.parametrize("name", ODD)
def test_one_that_is_none_has_a_row_that_says_so(record: Record, name: str) -> None:
    record.seen_by(ALLOCATED).timeline(ANNA)
    record.store.access.append([ODD[name]])
    record.seen_by(OF_TEAM).timeline(ANNA)
    by = ODD[name].recorded_by
    for rows in (record.looked(), record.looked(case=ANNA), record.looked(since="2026-01-01")):
        assert [row["result"] for row in rows] == ["permitted", "unreadable", "permitted"]
        assert list(rows[1]) == list(rows[0]) == [*WHOLE, "known", "break_glass"]
        odd = {key: value for key, value in rows[1].items() if value is not None and key != "at"}
        assert odd == {
            **({} if by is None else {"practitioner": JO, "role": "health_visitor", "employer": LCH}),
            "subject": ANNA,
            "action": "unreadable",
            "rings": [],
            "result": "unreadable",
            "rules": ["entry 2 cannot be read"],
        }
    said = "the entry cannot be read: expected who looked, got something else"
    assert [str(doubt) for doubt in unreadable_in(record.store.access.about())] == [f"position 2: {said}"]
    assert record.glass.rows().rows == []
    assert record.seen_by(OFFICER).looked(case=ANNA)[1]["result"] == "unreadable"
    assert record.ask("looked", case=ANNA)[1]["reason"] is None


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_one_whose_bytes_are_no_entry_stands_in_its_place(record: Record, clock, place: int) -> None:
    """Also the last one: looks go on behind it, at instants that do not fall."""
    for reader in (ALLOCATED, OF_TEAM, ALLOCATED):
        record.seen_by(reader).timeline(ANNA)
    before = [one.recorded_at for one in record.store.access.about()]
    value = "x'00'" if record.store.database.dialect == "sqlite" else "'\\x00'::bytea"
    unguarded(record, f"UPDATE look SET frame = {value} WHERE position = {place}")
    clock.now -= timedelta(days=1)
    record.seen_by(ALLOCATED).timeline(ANNA)
    found = list(record.store.access.about())
    assert [one for one in found if isinstance(one, Garbled)] == [Garbled(place)]
    assert found[3].recorded_at >= before[1 if place == 3 else 2]
    assert record.store.access.latest() == found[3].recorded_at
    for case in (None, ANNA):
        rows = record.looked(case=case)
        assert [row["result"] == "unreadable" for row in rows] == [position == place for position in (1, 2, 3, 4)]
        assert set(rows[place - 1]) == set(rows[3])
        assert rows[place - 1]["rules"] == [f"entry {place} cannot be read"]
    for first, since in enumerate(before[:2], 1):  # what may have been recorded since then is not left out
        told_of = [row["rules"] for row in record.looked(since=since) if row["result"] == "unreadable"]
        assert bool(told_of) == (place >= first - 1), (place, first)


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_a_whole_page_that_cannot_be_read_hides_nothing_behind_it(record: Record, monkeypatch) -> None:
    monkeypatch.setattr("earlystart_sql.access.PAGE", 2)
    monkeypatch.setattr(
        "earlystart_sql.access._ALL",
        "SELECT position, frame, data, leaf FROM look WHERE position > {0} ORDER BY position LIMIT 2",
    )
    for _ in range(7):
        record.seen_by(ALLOCATED).timeline(ANNA)
    value = "x'00'" if record.store.database.dialect == "sqlite" else "'\\x00'::bytea"
    unguarded(record, f"UPDATE look SET frame = {value} WHERE position BETWEEN 2 AND 6")
    assert [row["result"][0] for row in record.looked()] == ["p", *"uuuuu", "p"]


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_nobody_reads_by_a_glass_that_cannot_be_read_and_one_without_its_review_awaits_it(record: Record) -> None:
    one = record.glass.break_for(ANNA, reason="danger_of_harm", text=WHY, by=STRANGER).id
    two = record.glass.break_for(BEN, reason="danger_of_harm", text=WHY, by=STRANGER).id
    record.glass.review(two, outcome="justified", by=replace(OFFICER, purpose="audit"))
    unguarded(record, "UPDATE look SET data = frame WHERE position IN (1, 3)")
    with pytest.raises(NotPermitted, match=r"glass\.unknown"):
        record.seen_by(replace(STRANGER, break_glass=one)).timeline(ANNA)
    assert [(row["break_glass"], row["state"]) for row in record.glass.rows()] == [(two, "open")]
    rows = record.looked()
    assert [(row["result"], row["subject"], row["break_glass"]) for row in rows][:3] == [
        ("unreadable", ANNA, one),
        ("permitted", BEN, two),
        ("unreadable", BEN, two),
    ]


def test_an_officer_sees_no_unreadable_look_at_their_own_family(record: Record) -> None:
    by = Practitioner(PAT, "health_visitor", LCH)
    record.store.access.append([Entry("Looked", b"{}", [ANNA, PAT], recorded_by=by)])
    assert "unreadable" in [row["result"] for row in record.seen_by(OFFICER).looked()]
    rows = record.seen_by(replace(OFFICER, own=(ANNA,))).looked()
    assert "unreadable" not in [row["result"] for row in rows]


def test_an_officers_question_counts_what_may_have_been_a_reading(record: Record) -> None:
    """Of an entry that was wrong: who looked meanwhile, also where only that someone looked can still be read."""
    decided = next(row["position"] for row in record.timeline(ANNA) if row["type"] == "TierDecided")
    by = Practitioner(PAT, "health_visitor", LCH)
    record.store.access.append([Entry("Looked", b"{}", [ANNA, PAT], recorded_by=by)])
    record.submit(MarkInError(target=decided), by=BY)
    rows = record.ask("exposed", case=ANNA)
    assert [row["to"] for row in rows if row["how"] == "looked"] == [PAT]
