"""Erasing a subject: its text is gone, its tombstone stands, and nothing else changed."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest

from conftest import Clock
from earlystart_core import (
    Conflict,
    DecideTier,
    Invalid,
    LiftLegalHold,
    MarkInError,
    PlaceLegalHold,
    Reader,
    Record,
    Refused,
    StoreUnavailable,
    registry,
)
from earlystart_core.erasing.shredding import shredded_in
from earlystart_core.event import subjects_of
from earlystart_core.privacy.keys import Shredded
from earlystart_core.views import VIEWS
from tests.erasure.conftest import (
    ANNA,
    BEN,
    BOTH,
    BY,
    MOTHER,
    TEXT,
    WORDS_OF_TWO,
    Place,
    joint_contact,
    lines,
    opened_text,
    secrets_of,
    texts,
    told,
)

TIERS = ("universal", "universal_partnership_plus")


def test_the_text_is_gone_and_no_other(place: Place) -> None:
    with place.open() as record:
        done = record.erase(ANNA, **WORDS_OF_TWO)
        assert (texts(record, ANNA), texts(record, BEN)) == (["(erased)"], [TEXT[BEN]])
        left = opened_text(record, ANNA)
        assert isinstance(left, Shredded)
        assert left.evidence == done.evidence
        assert (left.evidence.authority, left.evidence.subjects) == (WORDS_OF_TWO["authority"], (ANNA,))
        assert [left.kid] == list(done.evidence.keys)


def test_a_tombstone_says_type_position_dates_and_authority(place: Place) -> None:
    with place.open() as record:
        before = record.store.log.head()
        done = record.erase(ANNA, **WORDS_OF_TWO)
        assert done.position == before + 1
        (stone,) = record.store.log.read(after=before).entries()
        assert (stone.event.type, stone.event.tags, stone.position) == ("SubjectErased", [ANNA], done.position)
        assert stone.event.occurred_at == done.evidence.at <= stone.recorded_at
        assert stone.event.recorded_by == BY
        (row,) = record.erasures()
        assert row == {
            "subject": ANNA,
            "position": done.position,
            "erased_at": done.evidence.at,
            "authority": WORDS_OF_TWO["authority"],
            "second_authority": WORDS_OF_TWO["second_authority"],
            "key": done.evidence.keys[0],
        }
        assert record.timeline(ANNA)[-1]["type"] == "SubjectErased"


def test_every_stored_entry_and_leaf_and_view_is_as_before(place: Place) -> None:
    with place.open() as record:
        record.rebuild("segments")
        before, views = lines(record), {view.name: record.view(view.name).json() for view in VIEWS}
        record.erase(ANNA, **WORDS_OF_TWO)
        record.erase(MOTHER, **WORDS_OF_TWO)
        after = lines(record)
        assert after[: len(before)] == before
        assert len(after) == len(before) + 2
        assert {view.name: record.view(view.name).json() for view in VIEWS} == views
        assert {view.name: record.as_at().view(view.name).json() for view in VIEWS} == views
        rebuilt, differing = record.store.views.check()
        assert not differing
        record.rebuild()
        assert {view.name: record.view(view.name).json() for view in VIEWS} == views
        assert rebuilt.views["case_status"].rows == 2


def test_erasing_again_changes_nothing(place: Place) -> None:
    with place.open() as record:
        first = record.erase(ANNA, **WORDS_OF_TWO)
        other = {**WORDS_OF_TWO, "authority": "Someone else"}
        again = record.erase(ANNA, **other)
        assert again.again
        assert (again.position, again.evidence) == (first.position, first.evidence)
        assert record.store.log.head() == first.position


def test_an_erased_subject_gets_no_new_text(place: Place) -> None:
    with place.open() as record:
        record.erase(ANNA, **WORDS_OF_TWO)
        with pytest.raises(Refused) as no:
            record.submit(DecideTier(case=ANNA, tier="universal", reason="more"), by=BY)
        assert no.value.code == "keys.erased"
        record.submit(DecideTier(case=ANNA, tier="universal"), by=BY)  # what holds no text is recorded all the same
        assert record.view("case_status", case=ANNA)[0]["tier"] == "universal"


def test_text_that_was_sealed_before_an_erasure_is_not_appended_after(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The subject is erased between the sealing and the append: it is told, for nobody could read that text."""
    with place.open() as record, place.open() as other:
        log: Any = record.store.log
        append = log.append

        def late(*given: Any, **named: Any) -> Any:
            monkeypatch.setattr(log, "append", append)
            other.erase(ANNA, **WORDS_OF_TWO)
            return append(*given, **named)

        monkeypatch.setattr(log, "append", late)
        with pytest.raises(Refused) as no:
            record.submit(DecideTier(case=ANNA, tier="universal", reason="more"), by=BY)
        assert no.value.code == "keys.erased"
        assert record.timeline(ANNA)[-1]["type"] == "SubjectErased"


def test_a_subject_without_text_gets_none_from_then_on(place: Place) -> None:
    """The mother decided and nothing was written about her: her tombstone names a key that opened nothing."""
    with place.open() as record:
        assert not record.store.keys.names([MOTHER])
        done = record.erase(MOTHER, **WORDS_OF_TWO)
        assert len(done.evidence.keys) == 1
        with pytest.raises(Refused, match="was erased"):
            record.store.keys.for_subjects([MOTHER])


def test_text_about_two_children_goes_with_the_second(place: Place) -> None:
    with place.open() as record:
        visit = joint_contact(record, f"contact:{1:026d}")
        mark = record.submit(MarkInError(target=visit, reason=BOTH), by=BY).positions[0]

        def read() -> Any:
            return next(row for row in record.timeline(BEN) if row["position"] == mark)["fields"]["reason"]

        record.erase(ANNA, **WORDS_OF_TWO)
        assert read() == BOTH
        record.erase(BEN, **WORDS_OF_TWO)
        assert read() == "(erased)"


@pytest.mark.parametrize("erased", [ANNA, MOTHER])
def test_text_about_a_parent_in_a_case_goes_with_either(place: Place, erased: str) -> None:
    """The reason why a consent was marked in error stands in the child's story, and is about both."""
    with place.open() as record:
        consent = next(row["position"] for row in record.timeline(ANNA) if row["type"] == "SharingConsentRecorded")
        mark = record.submit(MarkInError(target=consent, reason="She lives with her aunt"), by=BY).positions[0]
        again = record.submit(MarkInError(target=mark, reason="It was right"), by=BY).positions[0]

        def read() -> list[Any]:
            return [row["fields"]["reason"] for row in record.timeline(ANNA) if row["position"] in (mark, again)]

        assert read() == ["She lives with her aunt", "It was right"]
        before = shredded_in(record.store.log).values
        keys = record.store.keys.names([ANNA, MOTHER])
        done = record.erase(erased, **WORDS_OF_TWO)
        assert done.evidence.keys == (keys[erased],)
        assert read() == ["(erased)", "(erased)"]
        assert shredded_in(record.store.log).values - before == (3 if erased == ANNA else 2)
        with pytest.raises(Refused, match="was erased"):
            record.submit(MarkInError(target=again, reason="more"), by=BY)
        record.erase(MOTHER if erased == ANNA else ANNA, **WORDS_OF_TWO)


def test_a_mark_sealed_for_a_parent_alone_still_opens(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As text was sealed before keys were joined."""
    with place.open() as record:
        consent = next(row["position"] for row in record.timeline(ANNA) if row["type"] == "SharingConsentRecorded")
        with monkeypatch.context() as patch:
            patch.setattr(registry, "sealed_for", lambda tags: [(one,) for one in subjects_of(tags)])
            mark = record.submit(MarkInError(target=consent, reason="Written before"), by=BY).positions[0]

        def read() -> Any:
            return next(row["fields"]["reason"] for row in record.timeline(ANNA) if row["position"] == mark)

        assert read() == "Written before"
        record.erase(ANNA, **WORDS_OF_TWO)
        assert read() == "Written before"
        record.erase(MOTHER, **WORDS_OF_TWO)
        assert read() == "(erased)"


def test_a_mark_on_a_tombstone_brings_nothing_back(place: Place) -> None:
    with place.open() as record:
        done = record.erase(ANNA, **WORDS_OF_TWO)
        record.submit(MarkInError(target=done.position), by=BY)
        assert record.erase(ANNA, **WORDS_OF_TWO).again
        assert texts(record, ANNA) == ["(erased)"]


@pytest.mark.parametrize(
    "hold",
    [{"case": ANNA}, {"person": MOTHER}, {}],
    ids=["on the case", "on who appears in it", "on everyone"],
)
def test_under_a_hold_nothing_is_erased(place: Place, hold: dict[str, str]) -> None:
    with place.open() as record:
        order = {"hold": "hold:inquiry-7", "authority": "Inquiry 7, order 12", **hold}
        record.submit(PlaceLegalHold(**order), by=BY)
        before = lines(record)
        for subject in (ANNA, MOTHER):
            with pytest.raises(Refused, match=r"hold:inquiry-7.*Inquiry 7, order 12") as no:
                record.erase(subject, **WORDS_OF_TWO)
            assert no.value.code == "erasure.held"
        assert lines(record) == before
        assert texts(record, ANNA) == [TEXT[ANNA]]
        assert [row["hold"] for row in record.holds()] == ["hold:inquiry-7"]
        record.submit(LiftLegalHold(hold="hold:inquiry-7", authority="Inquiry 7, closed"), by=BY)
        assert not record.holds()
        assert not record.erase(ANNA, **WORDS_OF_TWO).again


def test_a_hold_on_another_case_is_no_hindrance(place: Place) -> None:
    with place.open() as record:
        joint_contact(record, f"contact:{1:026d}")
        record.submit(PlaceLegalHold(hold="hold:other", authority="a court", case=BEN), by=BY)
        record.erase(ANNA, **WORDS_OF_TWO)
        assert texts(record, ANNA) == ["(erased)"]


def test_a_second_order_dated_before_a_lift_holds(place: Place) -> None:
    """It was recorded after the lift: it is listed, it is due to nobody, and it can be lifted."""
    order = {"hold": "hold:inquiry-7", "case": ANNA}
    with place.open() as record:
        place.clock.now = datetime(2026, 6, 1, 9, tzinfo=UTC)
        for kind, day, authority in (
            (PlaceLegalHold, 10, "a court"),
            (LiftLegalHold, 20, "a court lifts"),
            (PlaceLegalHold, 15, "a second court"),
        ):
            at = datetime(2026, 5, day, 9, tzinfo=UTC)
            assert record.submit(kind(occurred_at=at, authority=authority, **order), by=BY).positions
        assert [(row["hold"], row["authority"]) for row in record.holds()] == [("hold:inquiry-7", "a second court")]
        with pytest.raises(Refused, match="by order of a second court"):
            record.erase(ANNA, **WORDS_OF_TWO)
        (row,) = [row for row in record.retention() if row["subject"] == ANNA]
        assert row["holds"] == ["hold:inquiry-7"]
        place.clock.now = datetime(2026, 4, 1, 9, tzinfo=UTC)  # a clock that was set back shows it too
        assert len(record.holds()) == 1
        place.clock.now = datetime(2026, 6, 2, 9, tzinfo=UTC)
        record.submit(LiftLegalHold(authority="a second court", **order), by=BY)
        assert not record.holds()
        record.erase(ANNA, **WORDS_OF_TWO)


def test_a_hold_marked_in_error_holds_nothing(place: Place) -> None:
    with place.open() as record:
        placed = record.submit(PlaceLegalHold(hold="hold:slip", authority="a court", case=ANNA), by=BY)
        mark = record.submit(MarkInError(target=placed.positions[0]), by=BY)
        assert not record.holds()
        record.submit(MarkInError(target=mark.positions[0]), by=BY)
        with pytest.raises(Refused, match="hold:slip"):
            record.erase(ANNA, **WORDS_OF_TWO)


def test_a_hold_that_comes_in_between_is_heeded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was placed after the holds were read and before the lock was taken: the keys stand."""
    with place.open() as record, place.open() as other:
        forgetting: Any = record.store.forgetting
        certify = forgetting.certify

        def late(*given: Any) -> Any:
            monkeypatch.setattr(forgetting, "certify", certify)
            other.submit(PlaceLegalHold(hold="hold:late", authority="a court", case=ANNA), by=BY)
            return certify(*given)

        monkeypatch.setattr(forgetting, "certify", late)
        with pytest.raises(Refused, match="hold:late"):
            record.erase(ANNA, **WORDS_OF_TWO)
        assert texts(record, ANNA) == [TEXT[ANNA]]


def test_where_something_keeps_coming_it_is_given_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries, and the key stands: what came may be a hold or a text."""
    with place.open() as record, place.open() as other:
        forgetting: Any = record.store.forgetting
        certify, tries = forgetting.certify, []

        def late(*given: Any) -> Any:
            tries.append(other.submit(DecideTier(case=ANNA, tier=TIERS[len(tries) % 2]), by=BY).positions)
            return certify(*given)

        monkeypatch.setattr(forgetting, "certify", late)
        with pytest.raises(Conflict, match="3 tries"):
            record.erase(ANNA, **WORDS_OF_TWO)
        assert len(tries) == 3
        assert opened_text(record, ANNA) == TEXT[ANNA]
        assert not record.erasures()


def test_two_at_once_leave_one_tombstone(place: Place) -> None:
    """Whoever comes second finds it done, or finishes it; nobody claims it twice."""
    with place.open() as one, place.open() as two, ThreadPoolExecutor(2) as pool:
        for record in (one, two):
            assert texts(record, ANNA) == [TEXT[ANNA]]  # both are open, with their keys
        done = list(pool.map(lambda record: record.erase(ANNA, **WORDS_OF_TWO), (one, two)))
        assert done[0].position == done[1].position
        assert len(one.erasures()) == 1


def test_who_is_not_known_is_not_erased(place: Place) -> None:
    with place.open() as record:
        before = record.store.log.head()
        for nobody in (f"case:{9:026d}", f"person:{9:026d}"):
            with pytest.raises(Refused) as no:
                record.erase(nobody, **WORDS_OF_TWO)
            assert no.value.code == "erasure.unknown"
            assert not record.store.keys.tombstones([nobody])
        assert record.store.log.head() == before


@pytest.mark.parametrize(
    ("subject", "changes", "field"),
    [
        ("family:" + "0" * 26, {}, "subject"),
        ("case:1", {}, "subject"),
        ("", {}, "subject"),
        (None, {}, "subject"),
        (ANNA, {"authority": " "}, "authority"),
        (ANNA, {"second_authority": "x" * 201}, "second_authority"),
        (ANNA, {"second_authority": " caldicott GUARDIAN,  ig-7"}, "second_authority"),
        (ANNA, {"by": "me"}, "by"),
    ],
)
def test_a_wrong_call_is_told(clock: Clock, subject: Any, changes: dict[str, Any], field: str) -> None:
    record = Record.open("memory://", clock=clock, chance=os.urandom)
    told_at = datetime(2026, 5, 1, 9, tzinfo=UTC)
    clock.now = told_at
    told(record)
    head = record.store.log.head()
    with pytest.raises(Invalid) as wrong:
        record.erase(subject, **{**WORDS_OF_TWO, **changes})
    assert wrong.value.field == field
    assert record.store.log.head() == head


def test_in_memory_it_is_the_same(clock: Clock) -> None:
    clock.now = datetime(2026, 5, 1, 9, tzinfo=UTC)
    for url in ("memory://", "sqlite://"):
        with Record.open(url, clock=clock, chance=os.urandom) as record:
            told(record)
            before = lines(record)
            secret = record.store.keys.for_subjects([ANNA])[ANNA]
            record.submit(PlaceLegalHold(hold="hold:x", authority="a court", case=ANNA), by=BY)
            with pytest.raises(Refused, match="hold:x"):
                record.erase(ANNA, **WORDS_OF_TWO)
            record.submit(LiftLegalHold(hold="hold:x", authority="a court"), by=BY)
            done = record.erase(ANNA, **WORDS_OF_TWO)
            assert done.evidence.keys == (secret.kid,)
            assert texts(record, ANNA) == ["(erased)"]
            assert lines(record)[: len(before)] == before
            assert record.erase(ANNA, **WORDS_OF_TWO).again
            with pytest.raises(Refused, match="was erased"):
                record.store.keys.for_subjects([ANNA])


def test_in_memory_nothing_comes_between_the_keys_and_the_tombstone(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under the append lock of a database: a hold of another thread comes before both, or after both."""
    clock.now = datetime(2026, 5, 1, 9, tzinfo=UTC)
    with Record.open("memory://", clock=clock, chance=os.urandom) as record:
        told(record)
        hold = PlaceLegalHold(hold="hold:x", authority="a court", case=ANNA)
        placing = Thread(target=lambda: record.submit(hold, by=BY))
        keys: Any = record.store.keys
        destroy = keys.destroy

        def meanwhile(evidence: Any) -> None:
            placing.start()
            placing.join(0.2)
            assert placing.is_alive()
            destroy(evidence)

        monkeypatch.setattr(keys, "destroy", meanwhile)
        erased = record.erase(ANNA, **WORDS_OF_TWO)
        placing.join()
        (placed,) = (row["position"] for row in record.timeline(ANNA) if row["type"] == "LegalHoldPlaced")
        assert placed == erased.position + 1


def test_a_store_for_reading_erases_nothing(on_sqlite: Place) -> None:
    with on_sqlite.open(read_only=True) as record:
        with pytest.raises(StoreUnavailable):
            record.erase(ANNA, **WORDS_OF_TWO)
        assert texts(record, ANNA) == [TEXT[ANNA]]


def test_the_key_opens_nothing_for_anyone_who_kept_the_store_open(place: Place) -> None:
    with place.open() as early, place.open() as record:
        assert opened_text(early, ANNA) == TEXT[ANNA]
        secrets_of(early, ANNA)
        record.erase(ANNA, **WORDS_OF_TWO)
        assert isinstance(opened_text(early, ANNA), Shredded)


def test_who_had_looked_stays(place: Place) -> None:
    """The access log is kept as long as the store: nothing of it goes with a case."""
    officer = Reader(BY.practitioner, "information_governance", BY.employer, "audit")
    with place.open() as record:
        record.seen_by(officer).timeline(ANNA)
        before = record.looked(ANNA).rows
        record.erase(ANNA, **WORDS_OF_TWO)
        assert record.looked(ANNA).rows == before != []
        assert record.access_proof.verify().sound
