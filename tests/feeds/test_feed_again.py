"""Importing again: a later feed, an interrupted import, two at a time, other keys, and after an erasure."""

import json
import os
import random
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from base_feed import add, base, written
from feed_kit import SMALL, SqlPlace, Store, entries, recorded_story, take
from made_feed import Maker

from earlystart_core.entry import Practitioner
from earlystart_core.errors import Conflict, StoreUnavailable
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.privacy.sealed import Sealed, open_sealed
from earlystart_core.words import EVENTS
from earlystart_core.words.correction import MarkedInError
from earlystart_feeds import importing
from earlystart_feeds.ledger import Digests, Moment
from earlystart_feeds.reading import read_feed
from earlystart_feeds.tables import PERSONS
from tests.ready import Ready

PLACES: list[Callable[[Path], Store]] = [lambda _: Store(), lambda path: SqlPlace(f"sqlite:///{path / 'store.db'}")]


@pytest.fixture(params=PLACES, ids=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    made: Store = request.param(tmp_path)
    request.addfinalizer(made.close)
    return made


def unfinished() -> dict[str, list[dict[str, str]]]:
    """The base feed while nothing has ended yet."""
    feed = base()
    feed["cases.csv"][0].update(born_on="", closed_on="", close_reason="")
    feed["requests.csv"][0].update(outcome="", decided_on="", meeting_on="")
    feed["packages.csv"][0].update(request_ref="", planned_end_on="", ended_on="", outcome="")
    feed["CYP101Referral.csv"][0].update(Discharge_Date="", PrimaryReferralReason="")
    feed["CYP201CareContact.csv"][0].update(Contact_Time="", CareContact_Duration="")
    return feed


# --- a later feed -------------------------------------------------------------------------------------------------


def test_a_later_feed_fills_what_was_empty(store: Store, tmp_path: Path) -> None:
    take(store, written(tmp_path / "1", unfinished()))
    head = store.log.head()
    report = take(store, written(tmp_path / "2", base()))
    assert report.refused == []
    assert (report.total.accepted, report.total.already_known) == (5, 9)
    first, added = entries(store)[:head], entries(store)[head:]
    assert [each["type"] for each in added] == [
        "ChildBorn",
        "CaseClosed",
        "MeetingHeld",
        "RequestDecided",
        "PackageEnded",
        "AllocationEnded",
    ]
    for name in ("case", "request", "package", "practitioner"):
        ids = {each["data"][name] for each in first + added if each["data"].get(name)}
        assert len(ids) == 1, name
    assert [(note.code, len(note.rows)) for note in report.notes] == [("row.filled_without_event", 3)]
    assert take(store, tmp_path / "2").total.accepted == 0


@pytest.mark.parametrize(
    ("file", "fields"),
    [
        ("teams.csv", {"name": "Another"}),
        ("cases.csv", {"family_ref": "F2"}),
        ("cases.csv", {"closed_on": "2024-01-11"}),
        ("cases.csv", {"born_on": ""}),
        ("cases.csv", {"closed_on": "", "close_reason": ""}),
        ("requests.csv", {"needs": "sleep"}),
        ("packages.csv", {"practitioner": "PR2"}),
        ("links.csv", {"child_ref": "C2"}),
        ("CYP001MPI.csv", {"NHSNumber": "9990000026"}),
        ("CYP001MPI.csv", {"NHSNumber": "999 000 0018"}),  # content is compared as text
        ("CYP201CareContact.csv", {"Contact_Time": "09:31:00"}),
        ("CYP202CareActivity.csv", {"Activity_Type": "09"}),
    ],
)
def test_any_other_change_is_refused(store: Store, tmp_path: Path, file: str, fields: dict[str, str]) -> None:
    feed = base()
    add(feed, "cases.csv", child_ref="C2")
    take(store, written(tmp_path / "1", feed))
    head = store.log.head()
    feed[file][0].update(fields)
    (refusal,) = take(store, written(tmp_path / "2", feed)).refused
    assert (refusal.line, refusal.field, refusal.reason) == (2, next(iter(feed[file][0])), "same_key_other_content")
    assert store.log.head() == head
    feed[file][0].update(base()[file][0])
    assert take(store, written(tmp_path / "3", feed)).refused == []


def test_within_one_feed_nothing_is_filled(store: Store, tmp_path: Path) -> None:
    feed = unfinished()
    feed["cases.csv"] += base()["cases.csv"]
    for number in "12":
        (refusal,) = take(store, written(tmp_path / number, feed)).refused
        assert (refusal.file, refusal.line, refusal.reason) == ("cases.csv", 3, "same_key_other_content")


def test_a_later_feed_refers_to_what_an_earlier_one_brought(store: Store, tmp_path: Path) -> None:
    take(store, written(tmp_path / "1", base()))
    later = {
        "moves.csv": [
            {**base()["moves.csv"][0], "moved_on": "2022-03-01", "to_team": "armley", "from_team": "beeston"}
        ],
        "packages.csv": [
            {
                **base()["packages.csv"][0],
                "package_ref": f"K{day}",
                "started_on": day,
                "planned_end_on": "",
                "ended_on": "",
            }
            for day in ("2022-01-31", "2022-02-01", "2022-03-01")
        ],
        "CYP201CareContact.csv": [
            {**base()["CYP201CareContact.csv"][0], "CareContactID": "CC2"},
            {**base()["CYP201CareContact.csv"][0], "CareContactID": "CC3", "Contact_Date": "2021-06-14"},
        ],
        "CYP202CareActivity.csv": [
            {**base()["CYP202CareActivity.csv"][0], "CareActivityID": "A2", "CareContactID": "CC2"},
            {**base()["CYP202CareActivity.csv"][0], "CareActivityID": "A3", "CareContactID": "CC3"},
            {**base()["CYP202CareActivity.csv"][0], "CareActivityID": "A4", "CareContactID": "CC1"},
        ],
    }
    report = take(store, written(tmp_path / "2", later))
    assert [(each.file, each.line, each.reason) for each in report.refused] == [
        ("CYP201CareContact.csv", 3, "before_birth"),  # the birth date is read back from the log
        ("CYP202CareActivity.csv", 3, "refers_to_not_accepted"),
    ]
    assert [(note.code, note.rows) for note in report.notes] == [
        ("contact.late_activity", [("CYP202CareActivity.csv", 4)])
    ]
    log = entries(store)
    teams = [each["data"]["team"] for each in log if each["type"] == "PackageAllocated"]
    assert teams == ["team:armley", "team:armley", "team:beeston", "team:armley"]
    allocated = [each["data"] for each in log if each["type"] == "PackageAllocated"]
    assert len({(data["case"], data["practitioner"]) for data in allocated}) == 1
    assert len({each["data"]["cases"][0] for each in log if each["type"] == "ContactRecorded"}) == 1


def mark_in_error(store: Store, *types: str) -> None:
    """Marks the entries of those types."""
    by = Practitioner("practitioner:unknown", "records", "org:council")
    for wrong in [each for each in store.log.read() if each.event.type in types]:
        mark = MarkedInError(occurred_at=datetime(2023, 1, 1, tzinfo=UTC), target=wrong.position)
        entry = EVENTS.entry(mark, by=by, command_id=None, keys=store.keys, chance=os.urandom, tags=wrong.event.tags)
        store.log.append([entry])


def test_what_was_marked_in_error_no_longer_counts(store: Store, tmp_path: Path) -> None:
    """A later package is allocated by the team that is responsible as the log now has it."""
    take(store, written(tmp_path / "1", base()))
    mark_in_error(store, "ResponsibilityPassed")
    package = {**base()["packages.csv"][0], "package_ref": "K2", "started_on": "2022-05-01"}
    package.update(planned_end_on="", ended_on="", outcome="")
    take(store, written(tmp_path / "2", {"packages.csv": [package]}))
    teams = [each["data"]["team"] for each in entries(store) if each["type"] == "PackageAllocated"]
    assert teams == ["team:armley", "team:armley"]


@pytest.mark.parametrize(
    ("wrong", "started_on", "team"),
    [
        (("CaseOpened",), "2021-02-01", "team:armley"),
        (("CaseOpened",), "2021-09-01", "team:armley"),
        (("CaseOpened",), "2022-05-01", "team:beeston"),
        (("CaseOpened", "ResponsibilityPassed"), "2022-05-01", "team:armley"),
    ],
)
def test_rows_of_a_case_opened_in_error_still_come(
    store: Store, tmp_path: Path, wrong: tuple[str, ...], started_on: str, team: str
) -> None:
    """No team is left that answered for it then: a package is put down to the one that opened it, and none is lost."""
    take(store, written(tmp_path / "1", base()))
    mark_in_error(store, *wrong)
    package = {**base()["packages.csv"][0], "package_ref": "K2", "started_on": started_on}
    package.update(planned_end_on="", ended_on="", outcome="")
    report = take(store, written(tmp_path / "2", {"packages.csv": [package]}))
    assert (report.refused, report.total.accepted) == ([], 1)
    teams = [each["data"]["team"] for each in entries(store) if each["type"] == "PackageAllocated"]
    assert teams == ["team:armley", team]


# --- interrupted --------------------------------------------------------------------------------------------------

IMPORT = """
import sys
from pathlib import Path
from feed_kit import SqlPlace, take
from earlystart_feeds import importing
from earlystart_feeds.reading import read_feed
importing.BATCH = 40
place = SqlPlace(sys.argv[1])
print("ready", flush=True)
take(place, Path(sys.argv[2]))
place.close()
print("done", flush=True)
"""


def run_for(seconds: float, ready: Ready, url: str, folder: Path) -> bool:
    """Imports in a process of its own, killed after that time; returns whether it was done by then."""
    process = ready.start(IMPORT, url, folder)
    assert process.stdout.readline() == "ready\n"
    time.sleep(seconds)
    process.kill()
    return process.communicate()[0] == "done\n"


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_moment_and_run_again_is_as_run_once(
    seed: int, sql_url: str, tmp_path: Path, ready: Ready
) -> None:
    maker, chance = Maker(seed, faults=0.02), random.Random(seed)
    folder = maker.write(tmp_path / "feed", maker.feed(400))
    once = Store()
    report = take(once, folder)
    heads, done = [0], False
    while not done and len(heads) < 6:
        done = run_for(chance.uniform(0.02, 0.5), ready, sql_url, folder)
        place = SqlPlace(sql_url)
        heads.append(place.log.head())
        assert recorded_story(place) == recorded_story(once)[: heads[-1]]  # a beginning of the whole
        place.close()
    place = SqlPlace(sql_url)
    again = take(place, folder)
    assert recorded_story(place) == recorded_story(once)
    assert again.refused == report.refused
    assert again.total.accepted + again.total.already_known == report.total.accepted + report.total.already_known
    assert take(place, folder).total.accepted == 0
    place.close()


def test_a_batch_that_fails_leaves_the_ones_before_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 5)
    folder = written(tmp_path / "feed", base())
    record, calls = store.ledger.record, []

    def failing(*parts: object) -> Moment:
        calls.append(parts)
        if len(calls) == 2:
            raise StoreUnavailable("the disk is full")
        return record(*parts)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(store.ledger, "record", failing)
    with pytest.raises(StoreUnavailable):
        take(store, folder)
    whole = Store()
    take(whole, folder)
    assert 0 < store.log.head() < whole.log.head()
    take(store, folder)
    assert recorded_story(store) == recorded_story(whole)


# --- two at a time, other keys, erasure -----------------------------------------------------------------------------


def test_of_two_imports_at_a_time_one_gives_way(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "feed", base())
    record = store.ledger.record

    def overtaken(*parts: object) -> Moment:
        monkeypatch.setattr(store.ledger, "record", record)
        take(store, folder)
        return record(*parts)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(store.ledger, "record", overtaken)
    with pytest.raises(Conflict, match="run the import again"):
        take(store, folder)
    whole = Store()
    take(whole, folder)
    assert recorded_story(store) == recorded_story(whole)


def test_without_its_keys_a_ledger_takes_nothing(store: Store, tmp_path: Path) -> None:
    """With a new key every row would look new, and the whole history would come twice."""
    folder = written(tmp_path / "feed", base())
    take(store, folder)
    head = store.log.head()
    store.keys = MemoryKeys(os.urandom, lambda: "k_" + "0" * 26)
    with pytest.raises(StoreUnavailable, match="other keys"):
        take(store, folder)
    assert store.log.head() == head


def test_a_subject_is_forgotten_with_its_rows(store: Store, tmp_path: Path) -> None:
    feed = base()
    add(feed, "cases.csv", child_ref="C2", family_ref="F2")
    take(store, written(tmp_path / "feed", feed))
    case, other = [each["data"]["case"] for each in entries(store) if each["type"] == "CaseOpened"]
    (person,) = {each["data"]["person"] for each in entries(store) if each["type"] == "SharingConsentRecorded"}
    assert store.ledger.forget(person) == 2  # the consent, and the name
    assert store.ledger.forget(case) == 12  # one of them says which child the NHS number stands on
    assert store.ledger.forget(case) == 0
    assert store.ledger.forget(other) == 1


def test_forgetting_before_any_import(store: Store) -> None:
    assert store.ledger.forget("case:01J0000000000000000000TEST") == 0


def test_the_person_behind_a_local_id_is_sealed_and_can_be_opened(store: Store, tmp_path: Path) -> None:
    take(store, written(tmp_path / "feed", base()))
    key = Digests(store.keys.secret("ledger")).row(PERSONS, "L1")
    (row,) = store.ledger.rows([key]).values()
    assert [each.partition(":")[0] for each in row.ids] == ["person", "case"]
    assert row.sealed is not None
    assert b"9990000018" not in row.sealed
    sealed = msgspec.json.decode(row.sealed, type=Sealed)
    assert open_sealed(sealed, importing.place_of(row), store.keys) == '["9990000018","2021-06-15"]'


def test_nothing_of_a_feed_stands_in_clear_in_any_file(tmp_path: Path) -> None:
    """No NHS number, no source id and no free text is in any file of the store, open or closed."""
    folder = tmp_path / "store"
    folder.mkdir()
    store = SqlPlace(f"sqlite:///{folder / 'store.db'}")
    take(store, SMALL)
    held = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    store.close()
    held += b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    feed = read_feed(SMALL).rows
    looked_for: dict[bytes, set[str]] = {
        rb"(?=(999[0-9]{7}))": {row["NHSNumber"].replace(" ", "") for row in feed["CYP001MPI.csv"]} - {"9" * 10},
        rb"(?=(L[0-9]{7}))": {row["LocalPatientID"] for row in feed["links.csv"]},
        rb"(?=(SR[0-9]{7}))": {row["ServiceRequestID"] for row in feed["CYP101Referral.csv"]},
        rb"(?=(CC[0-9]{8}))": {row["CareContactID"] for row in feed["CYP201CareContact.csv"]},
        rb"(?<![0-9A-Za-z])(R[0-9]{5}[a-z])": {row["person_ref"] for row in feed["consents.csv"]},
        rb"(?<![0-9A-Za-z])([CFQK][0-9]{5,6})": {row.values[0] for row in feed["cases.csv"] + feed["packages.csv"]},
    }
    for pattern, texts in looked_for.items():
        assert len(texts) > 500
        assert not {found.decode() for found in re.findall(pattern, held)} & texts
    for text in {row["reason"] for file in ("moves.csv", "tiers.csv") for row in feed[file]} - {""}:
        assert json.dumps(text, ensure_ascii=False).encode() not in held
        assert len(text) < 12 or text.encode() not in held
