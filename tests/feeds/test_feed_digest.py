"""The digest of an import: the same for the same feed wherever it goes, another for another; and no key to anyone."""

import hashlib
import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from base_feed import BASE, base, written
from feed_kit import SMALL, SqlPlace, Store, take
from made_feed import Maker
from naive_feed import COLUMNS

from earlystart_feeds import import_feed

SMALL_DIGEST = "ae56c04a306f9b5f48d3d5ac3957f503a35c0ed7b86991c0a7317afb2c5f18ea"  # for ever, as decision 0059 has it
NOTHING = hashlib.sha256().hexdigest()


def digest(folder: Path, store: Store | None = None) -> str:
    return take(store or Store(), folder).digest


def test_the_same_in_every_store_at_any_time_whatever_the_ids(sql_url: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "feed", base())
    place = SqlPlace(sql_url)
    chance = random.Random(1)
    early = datetime(2001, 2, 3, tzinfo=UTC)
    other = import_feed(folder, Store(), clock=lambda: early, chance=chance.randbytes)
    assert digest(folder, place) == digest(folder) == other.digest
    place.close()


def test_the_small_feed_s_digest_is_pinned() -> None:
    assert digest(SMALL) == SMALL_DIGEST


def test_what_is_recorded_again_is_nothing(tmp_path: Path) -> None:
    store, folder = Store(), written(tmp_path / "feed", base())
    assert digest(folder, store) != NOTHING
    assert digest(folder, store) == NOTHING


@pytest.mark.parametrize("seed", range(10))
def test_feed_after_feed_in_two_stores(seed: int, tmp_path: Path) -> None:
    maker, one, other = Maker(seed), Store(), Store()
    feed, seen = maker.feed(), set()
    for number in range(3):
        folder = maker.write(tmp_path / str(number), feed)
        found = digest(folder, one)
        assert found == digest(folder, other)
        assert found not in seen
        seen.add(found)
        feed = maker.later(feed)


def test_the_form_of_the_files_does_not_matter(tmp_path: Path) -> None:
    folders = [Maker(seed, faults=0).write(tmp_path / str(seed), base()) for seed in range(6)]
    assert {digest(folder) for folder in folders} == {digest(written(tmp_path / "feed", base()))}


OTHERWISE = {
    "child_ref": "C2", "family_ref": "F2", "cluster": "outer", "name": "Another", "opened_on": "2021-03-02",
    "closed_on": "2024-01-11", "close_reason": "died", "moved_on": "2022-02-02", "tier": "universal",
    "decided_on": "2021-08-06", "request_ref": "Q2", "source": "self", "needs": "parenting;sleep",
    "received_on": "2021-08-02", "outcome": "other", "meeting_on": "2021-08-03", "package_ref": "K2",
    "pathway": "behaviour", "duration": "ongoing", "started_on": "2021-08-10", "planned_end_on": "2021-12-02",
    "practitioner": "PR2", "ended_on": "2021-12-01", "person_ref": "R2", "recipient": "org:other", "purpose": "other",
    "decision": "refused", "until": "2022-07-03", "LocalPatientID": "L2", "ServiceRequestID": "SR2",
    "ReferralRequest_ReceivedDate": "2021-03-03", "SourceOfReferral": "07", "PrimaryReferralReason": "025",
    "Discharge_Date": "2024-01-11", "TeamID_Local": "beeston", "CareContactID": "CC2", "Contact_Date": "2021-06-26",
    "Contact_Time": "09:31:00", "CareContact_Duration": "46", "ConsMechanism": "02", "Activity_LocationType": "B01",
    "AttendanceStatus": "6", "CareActivityID": "A2", "Activity_Type": "09", "CareProfessionalID_Local": "HV2",
    "to_team": "armley", "from_team": "beeston",
}  # fmt: skip
SECRET = {
    ("moves.csv", "reason"): "another",
    ("tiers.csv", "reason"): "another",
    ("cases.csv", "born_on"): "2021-06-16",
    ("CYP001MPI.csv", "NHSNumber"): "9990000026",
    ("CYP001MPI.csv", "DateOfBirth"): "2021-06-16",
}
FIELDS = [(file, name) for file in BASE for name in COLUMNS[file] if (file, name) not in SECRET]


@pytest.mark.parametrize(("file", "name"), FIELDS)
def test_another_value_in_any_field_is_another_digest(tmp_path: Path, file: str, name: str) -> None:
    """A reference is another in every file: then nothing is refused, and only the name of something differs."""
    feed, store = base(), Store()
    other = OTHERWISE.get(name, "beeston")
    if file == "requests.csv" and name == "outcome":
        other = "deferred"
    if file == "teams.csv" and name == "team":
        other = "otley"
        feed[file].append(dict(feed[file][0]))
    before = feed[file][0][name]
    for each, rows in feed.items():
        for row in rows:
            if (each == file or name in COLUMNS[file][:1] or name.endswith(("_ref", "ID"))) and row.get(name) == before:
                row[name] = other
                if each == "teams.csv" and name == "team":
                    break
    report = take(store, written(tmp_path / "feed", feed))
    assert report.refused == []
    assert report.digest != digest(written(tmp_path / "base", base()))


@pytest.mark.parametrize(("file", "name"), sorted(SECRET))
def test_what_is_personal_cannot_be_guessed_from_the_digest(tmp_path: Path, file: str, name: str) -> None:
    """Whoever knows all the rest could try every birth date: so it is not in it, only whether there is one."""
    feed = base()
    feed[file][0][name] = SECRET[file, name]
    report = take(Store(), written(tmp_path / "feed", feed))
    assert report.refused == []
    assert report.digest == digest(written(tmp_path / "base", base()))


@pytest.mark.parametrize("born_on", ["2021-06-14", "2021-03-02", "2021-06-20"])
def test_no_instant_gives_the_birth_date_away(tmp_path: Path, born_on: str) -> None:
    feed = base()
    feed["cases.csv"][0]["born_on"] = feed["CYP001MPI.csv"][0]["DateOfBirth"] = born_on
    assert digest(written(tmp_path / "feed", feed)) == digest(written(tmp_path / "base", base()))


def test_whether_there_is_a_reason_or_a_birth_is_in_it(tmp_path: Path) -> None:
    found = {digest(written(tmp_path / "base", base()))}
    for file, name in (("moves.csv", "reason"), ("tiers.csv", "reason"), ("cases.csv", "born_on")):
        feed = base()
        feed[file][0][name] = ""
        found.add(digest(written(tmp_path / f"{file}{name}", feed)))
    assert len(found) == 4


def test_it_is_as_the_decision_says(tmp_path: Path) -> None:
    """By hand, for a feed of one case with one move."""
    feed = base()
    for file in feed:
        if file not in ("teams.csv", "cases.csv", "moves.csv"):
            feed[file] = []
    lines = [
        {"events": [], "fields": {"cluster": "inner-west", "name": "Armley", "team": "armley"}, "file": "teams.csv"},
        {"events": [], "fields": {"cluster": "inner-south", "name": "Beeston", "team": "beeston"}, "file": "teams.csv"},
        {
            "events": [
                {
                    "data": {
                        "born_on": False,
                        "case": ["council", "case", "C1"],
                        "due_on": None,
                        "family": ["council", "family", "F1"],
                        "reason": "pregnancy",
                        "team": "team:armley",
                    },
                    "occurred_at": "2021-03-01T00:00:00Z",
                    "type": "CaseOpened",
                    "version": 1,
                },
                {
                    "data": {"born_on": True, "case": ["council", "case", "C1"]},
                    "occurred_at": True,
                    "type": "ChildBorn",
                    "version": 1,
                },
                {
                    "data": {"case": ["council", "case", "C1"], "reason": "moved_out"},
                    "occurred_at": "2024-01-10T00:00:00Z",
                    "type": "CaseClosed",
                    "version": 1,
                },
            ],
            "fields": {
                "born_on": True,
                "child_ref": "C1",
                "close_reason": "moved_out",
                "closed_on": "2024-01-10",
                "family_ref": "F1",
                "opened_on": "2021-03-01",
                "team": "armley",
            },
            "file": "cases.csv",
        },
        {
            "events": [
                {
                    "data": {"case": ["council", "case", "C1"], "reason": True, "to_team": "team:beeston"},
                    "occurred_at": "2022-02-01T00:00:00Z",
                    "type": "ResponsibilityPassed",
                    "version": 1,
                }
            ],
            "fields": {
                "child_ref": "C1",
                "from_team": "armley",
                "moved_on": "2022-02-01",
                "reason": True,
                "to_team": "beeston",
            },
            "file": "moves.csv",
        },
    ]
    text = "".join(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n" for line in lines)
    assert digest(written(tmp_path / "feed", feed)) == hashlib.sha256(text.encode()).hexdigest()
