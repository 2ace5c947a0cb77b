"""Imports and erasures in each other's way: what is erased stays forgotten, whatever was planned before."""

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from base_feed import Rows, add, base, written
from feed_kit import SqlPlace, entries, now, take
from made_feed import Maker

from earlystart_core import (
    Conflict,
    LiftLegalHold,
    MarkInError,
    OpenCase,
    PlaceLegalHold,
    Record,
    RecordServiceAgreement,
    Refused,
)
from earlystart_core.erasing.reconciling import unfinished
from earlystart_feeds import Report, import_feed
from tests.erasure.conftest import BEN, BY, FAMILY, WORDS_OF_TWO

Feed = dict[str, Rows]


@pytest.fixture
def store(sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlPlace]:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    place = SqlPlace(sql_url)
    taken(place, tmp_path / "feed", base())
    yield place
    place.close()


def taken(store: SqlPlace, folder: Path, feed: Feed) -> Report:
    return import_feed(written(folder, feed), store, clock=now, chance=os.urandom)


def first(store: SqlPlace, type: str, field: str) -> str:
    return str(next(each["data"][field] for each in entries(store) if each["type"] == type))


def people_known(store: SqlPlace) -> list[str]:
    with store.log.reading() as connection:
        return [id for (id,) in connection.exec_driver_sql("SELECT id FROM import_name") if id.startswith("person:")]


def with_text(feed: Feed) -> None:
    add(feed, "tiers.csv", reason="A brand new reason", decided_on="2022-04-01")


def with_a_patient(feed: Feed) -> None:
    add(feed, "links.csv", LocalPatientID="L9", child_ref="C1")
    add(feed, "CYP001MPI.csv", LocalPatientID="L9")


def without_text(feed: Feed) -> None:
    add(feed, "CYP201CareContact.csv", CareContactID="CC9", Contact_Date="2021-07-25")
    add(feed, "CYP202CareActivity.csv", CareActivityID="A9", CareContactID="CC9")


@pytest.mark.parametrize("new", [with_text, with_a_patient, without_text])
def test_an_import_that_was_planned_before_an_erasure_is_stopped(
    store: SqlPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: Callable[[Feed], None]
) -> None:
    """The case is erased after the import's check and before it records: nothing of the child comes after."""
    case, record = first(store, "CaseOpened", "case"), Record(store.store)
    ledger: Any = store.ledger
    recorded, done = ledger.record, []

    def erasing(*given: Any) -> None:
        if not done:
            done.append(record.erase(case, **WORDS_OF_TWO))
        recorded(*given)

    monkeypatch.setattr(ledger, "record", erasing)
    feed = base()
    new(feed)
    with pytest.raises(Conflict, match="someone was erased while this import ran"):
        taken(store, tmp_path / "later", feed)
    again = taken(store, tmp_path / "later", feed)
    after = [each for each in entries(store) if each["position"] > done[0].position]
    assert not [each for each in after if case in json.dumps(each)]
    assert again.total.refused
    assert not [id for id in people_known(store) if id != first(store, "SharingConsentRecorded", "person")]
    with store.log.reading() as connection:
        assert not [
            ids for (ids,) in connection.exec_driver_sql("SELECT ids FROM import_row").all() if case in ids.split()
        ]
    assert not unfinished(store.log, store.keys)
    assert record.erase(case, **WORDS_OF_TWO).forgotten == 0


def test_a_patient_who_was_linked_while_it_was_erased_goes_too(
    store: SqlPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import of a link and a patient gives no entry, so that no condition on entries sees it."""
    case, record = first(store, "CaseOpened", "case"), Record(store.store)
    forgetting: Any = record.store.forgetting
    certify, done = forgetting.certify, []

    def late(*given: Any) -> Any:
        if not done:
            feed = base()
            with_a_patient(feed)
            done.append(taken(store, tmp_path / "later", feed))
        return certify(*given)

    monkeypatch.setattr(forgetting, "certify", late)
    erased = record.erase(case, **WORDS_OF_TWO)
    assert done[0].total.accepted == 2
    assert len(erased.evidence.subjects) == 3
    assert not store.store.keys.names(erased.evidence.subjects)
    assert people_known(store) == [first(store, "SharingConsentRecorded", "person")]


def test_a_parent_who_was_erased_does_not_come_back(store: SqlPlace, tmp_path: Path) -> None:
    """The next day's file has a new row of hers: it is refused, as one of an erased child's is."""
    mother, record = first(store, "SharingConsentRecorded", "person"), Record(store.store)
    record.erase(mother, **WORDS_OF_TWO)
    before, known = entries(store)[:-1], people_known(store)
    assert mother not in known
    feed = base()
    add(feed, "consents.csv", decision="withdrawn", decided_on="2023-02-01", until="")
    add(feed, "consents.csv", person_ref="R2", decided_on="2022-02-01")
    for _ in range(2):
        later = taken(store, tmp_path / "later", feed)
        assert [(one.file, one.line, one.field, one.reason) for one in later.refused] == [
            ("consents.csv", 3, "person_ref", "refers_to_not_accepted")
        ]
        consents = {each["data"]["person"] for each in entries(store) if "person" in each["data"]}
        assert len(consents) == 2
        assert mother in consents
        assert len(people_known(store)) == len(known) + 1
    assert entries(store)[: len(before)] == before


@pytest.mark.parametrize("seed", range(5, 10))
def test_feed_after_feed_with_marks_and_erasures_between(seed: int, sqlite_url: str, tmp_path: Path) -> None:
    """Whatever was marked in error, each feed is taken to its end; and it brings back nobody who was erased."""
    chance, maker, store = random.Random(seed), Maker(seed, faults=0.02), SqlPlace(sqlite_url)
    record, feed = Record(store.store), maker.feed(12)
    gone: dict[str, int] = {}  # whom, and the position of their tombstone
    for number in range(4):
        folder = maker.write(tmp_path / str(number), feed)
        take(store, folder)
        log = entries(store)
        assert take(store, folder).total.accepted == 0
        for each in log:
            told = json.dumps(each["data"])
            named = {one for one, position in gone.items() if one in told and position < each["position"]}
            assert not named or each["type"] == "SubjectErased"
        with store.log.reading() as connection:
            kept = connection.exec_driver_sql("SELECT ids FROM import_row UNION SELECT id FROM import_name").scalars()
            assert gone.keys().isdisjoint(one for ids in kept for one in ids.split())
        openings = [each for each in log if each["type"] == "CaseOpened"]
        for each in chance.sample(log, 4) + openings[:2]:
            if each["type"] != "SubjectErased":
                record.submit(MarkInError(target=each["position"]), by=BY)
        ids = {tag for each in log for tag in each["tags"] if tag.startswith(("case:", "person:"))} - gone.keys()
        for one in chance.sample(sorted(ids), min(2, len(ids))):
            erased = record.erase(one, **WORDS_OF_TWO)
            gone |= dict.fromkeys(erased.evidence.subjects, erased.position)
        assert not unfinished(store.log, store.keys)
        feed = maker.later(feed)
    store.close()


def test_who_goes_with_a_case_is_held_by_every_case_that_names_them(store: SqlPlace) -> None:
    """The child of the first case is a parent in the second, which a court holds: their text is kept for both."""
    case, record = first(store, "CaseOpened", "case"), Record(store.store)
    (child,) = record.store.forgetting.behind(case)
    record.submit(OpenCase(case=BEN, family=FAMILY, team="team:armley", reason="pregnancy"), by=BY)
    order = {"case": BEN, "person": child, "capacity": "parent_with_pr", "decision": "given"}
    record.submit(RecordServiceAgreement(**order), by=BY)
    record.submit(PlaceLegalHold(hold="hold:court", authority="a court", case=BEN), by=BY)
    key = record.store.keys.names([child])
    for subject in (child, case):
        with pytest.raises(Refused, match="hold:court") as no:
            record.erase(subject, **WORDS_OF_TWO)
        assert no.value.code == "erasure.held"
    assert record.store.keys.names([child]) == key != {}
    held = {row["subject"] for row in record.retention() if row["holds"]}
    assert held == {case, child, BEN}
    record.submit(LiftLegalHold(hold="hold:court", authority="a court"), by=BY)
    assert record.erase(case, **WORDS_OF_TWO).evidence.subjects == (case, child)
