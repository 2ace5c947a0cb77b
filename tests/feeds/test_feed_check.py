"""Checking a feed, and how many rows an import may refuse: all is said, and nothing is stored."""

import os
from pathlib import Path

import pytest
from base_feed import add, base, written
from feed_kit import SMALL, SqlPlace, Store, entries, now, recorded_story, take
from made_feed import Maker

from earlystart_core.errors import StoreUnavailable
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_feeds import Report, import_feed
from earlystart_feeds.notations import OTHER

KINDS = ["memory", "sqlite", "postgresql"]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    if request.param == "memory":
        return Store()
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    made = SqlPlace(request.getfixturevalue(name))
    request.addfinalizer(made.close)
    return made


def check(store: Store, folder: Path) -> Report:
    return import_feed(folder, store, clock=now, chance=os.urandom, check=True)


def at_most(store: Store, folder: Path, most: int) -> Report:
    return import_feed(folder, store, clock=now, chance=os.urandom, max_refused=most)


class NoKeys:
    """Keys that nobody may ask for."""

    def __getattr__(self, name: str) -> None:
        raise AssertionError(f"{name} was asked for")


def is_untouched(store: Store) -> bool:
    return entries(store) == [] and store.ledger.is_empty()


@pytest.mark.parametrize("seed", range(3))
def test_a_check_says_what_an_import_says(seed: int, store: Store, tmp_path: Path) -> None:
    maker = Maker(seed)
    feed = maker.feed()
    for number in range(3):
        folder = maker.write(tmp_path / str(number), feed)
        head = store.log.head()
        checked = check(store, folder)
        assert not checked.stored
        assert store.log.head() == head
        imported = take(store, folder)
        assert imported.stored
        assert imported.as_json() == checked.as_json()
        feed = maker.later(feed)


def test_a_first_check_makes_no_key_and_no_ledger(store: Store, tmp_path: Path) -> None:
    keys, store.keys = store.keys, NoKeys()  # type: ignore[assignment]  # nobody asks for them
    folder = written(tmp_path / "feed", base())
    assert check(store, folder).total.accepted == 14
    assert is_untouched(store)
    add_refused(folder)
    assert at_most(store, folder, 0).total.refused == 1
    assert is_untouched(store)
    store.keys = keys
    assert at_most(store, folder, 1).stored


def add_refused(folder: Path) -> None:
    with (folder / "tiers.csv").open("a") as file:
        file.write("C9,universal,2021-07-01,\n")


@pytest.mark.parametrize(("most", "stored"), [(0, False), (1, False), (2, True), (3, True)])
def test_more_refused_rows_than_an_import_may_have(store: Store, tmp_path: Path, most: int, stored: bool) -> None:
    folder = written(tmp_path / "feed", base())
    add_refused(folder)
    add_refused(folder)
    report = at_most(store, folder, most)
    assert (report.stored, report.total.refused) == (stored, 2)
    assert is_untouched(store) == (not stored)
    assert report.as_json() == check(Store(), folder).as_json()


def test_a_later_feed_with_too_many_refused_rows_changes_nothing(store: Store, tmp_path: Path) -> None:
    take(store, written(tmp_path / "1", base()))
    story = recorded_story(store)
    feed = base()
    add(feed, "tiers.csv", decided_on="2022-07-01")
    add(feed, "tiers.csv", decided_on="soon")
    folder = written(tmp_path / "2", feed)
    assert not at_most(store, folder, 0).stored
    assert recorded_story(store) == story
    assert at_most(store, folder, 1).total.accepted == 1
    assert len(recorded_story(store)) == len(story) + 1


def test_a_check_with_other_keys_says_so(store: Store, tmp_path: Path) -> None:
    folder = written(tmp_path / "feed", base())
    take(store, folder)
    store.keys = MemoryKeys(os.urandom, lambda: "k_" + "0" * 26)
    with pytest.raises(StoreUnavailable, match="other keys"):
        check(store, folder)


# --- a whole column in another notation -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("24/02/2026", "day, month and year"),
        ("24.2.26", "day, month and year"),
        ("24-02-2026", "day, month and year"),
        ("2026/02/24", "other marks"),
        ("24 Feb 2026", "the month's name"),
        ("24-February-26", "the month's name"),
        ("20260224", "no marks"),
        ("2026-02-24T00:00:00", "a time after it"),
        ("2026-02-24 00:00:00.000", "a time after it"),
        ("24/02/2026 00:00", "a time after it"),
        ("46077", "the day's number in a spreadsheet"),
    ],
)
def test_a_column_of_dates_in_another_notation(tmp_path: Path, text: str, called: str) -> None:
    feed = base()
    feed["tiers.csv"][0].update(decided_on=text)
    add(feed, "tiers.csv", tier="universal")
    add(feed, "tiers.csv", decided_on="", tier="universal")
    report = take(Store(), written(tmp_path / "feed", feed))
    (finding,) = [each for each in report.notes if each.code == OTHER]
    assert finding.says.startswith(f"decided_on: expected YYYY-MM-DD, found {called}")
    assert finding.rows == [("tiers.csv", 2), ("tiers.csv", 3)]
    assert [each.reason for each in report.refused] == ["not_a_date", "not_a_date", "empty"]  # as any other row is


@pytest.mark.parametrize("text", ["soon", "2026-02-30", "1", "99/99", "2026-2-4"])
def test_a_date_that_is_none_is_no_notation(tmp_path: Path, text: str) -> None:
    feed = base()
    feed["tiers.csv"][0].update(decided_on=text)
    report = take(Store(), written(tmp_path / "feed", feed))
    assert [each.code for each in report.notes] == []


def test_one_right_date_says_that_the_column_is_right(tmp_path: Path) -> None:
    feed = base()
    add(feed, "tiers.csv", decided_on="24/02/2026")
    assert take(Store(), written(tmp_path / "feed", feed)).notes == []


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("09:30", "no seconds"),
        ("9:30", "no seconds"),
        ("9:30 am", "twelve hours"),
        ("09:30:00 PM", "twelve hours"),
        ("0930", "no marks"),
        ("09.30", "other marks"),
        ("09:30:00.0", "parts of a second"),
        ("2021-06-25T09:30:00", "a date before it"),
    ],
)
def test_a_column_of_times_in_another_notation(tmp_path: Path, text: str, called: str) -> None:
    feed = base()
    feed["CYP201CareContact.csv"][0].update(Contact_Time=text)
    report = take(Store(), written(tmp_path / "feed", feed))
    (finding,) = [each for each in report.notes if each.code == OTHER]
    assert finding.says.startswith(f"Contact_Time: expected HH:MM:SS, found {called}")


def test_the_small_feed_has_no_other_notation() -> None:
    assert [each for each in check(Store(), SMALL).notes if each.code == OTHER] == []
