"""One child under two references, one NHS number on two children: reported, and nothing is refused for it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from base_feed import Rows, add, base, written
from feed_kit import SqlPlace, Store, entries, now, take

from earlystart_core import Record
from earlystart_feeds import Report, import_feed
from earlystart_feeds.ledger import NUMBER, Digests
from tests.erasure.conftest import WORDS_OF_TWO

CASES, LINKS, MPI = "cases.csv", "links.csv", "CYP001MPI.csv"
BORN, OF_ANOTHER = "child.born_together", "child.number_of_another"
BEFORE, SEVERAL = "child.linked_before", "child.several_numbers"
SAME, OTHER = "9990000018", "9990000026"

Found = dict[str, list[tuple[str, int]]]


def found(report: Report) -> Found:
    assert report.refused == []
    return {each.code: each.rows for each in report.doubles}


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    if request.param == "memory":
        return Store()
    made = SqlPlace(request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]))
    request.addfinalizer(made.close)
    return made


def second_child(feed: dict[str, Rows], number: str, born_on: str = "2021-06-16") -> None:
    """Another child of another family, with a record of its own in both systems."""
    add(feed, CASES, child_ref="C2", family_ref="F2", born_on=born_on)
    add(feed, LINKS, LocalPatientID="L2", child_ref="C2")
    add(feed, MPI, LocalPatientID="L2", NHSNumber=number, DateOfBirth=born_on)


def only(feed: dict[str, Rows], file: str, first: int) -> dict[str, Rows]:
    """The feed without the rows of that file before a place, as a later feed that has only what is new."""
    return {**feed, file: feed[file][first:]}


def test_nothing_to_report(store: Store, tmp_path: Path) -> None:
    feed = base()
    second_child(feed, OTHER)
    assert found(take(store, written(tmp_path / "feed", feed))) == {}


@pytest.mark.parametrize("spelt", [SAME, "999 000 0018"])
def test_one_number_on_two_children(store: Store, tmp_path: Path, spelt: str) -> None:
    feed = base()
    second_child(feed, spelt)
    folder = written(tmp_path / "feed", feed)
    for _ in range(2):  # the same the second time, when all is known
        assert found(take(store, folder)) == {OF_ANOTHER: [(MPI, 2), (MPI, 3)]}


def test_one_number_on_two_children_of_two_feeds(store: Store, tmp_path: Path) -> None:
    feed = base()
    take(store, written(tmp_path / "1", feed))
    second_child(feed, "999 000 0018")
    folder = written(tmp_path / "2", only(only(only(feed, CASES, 1), LINKS, 1), MPI, 1))
    for _ in range(2):
        assert found(take(store, folder)) == {OF_ANOTHER: [(MPI, 2)]}


def test_a_number_that_a_refused_row_has_is_nobody_s(store: Store, tmp_path: Path) -> None:
    feed = base()
    feed[MPI][0]["DateOfBirth"] = "soon"
    second_child(feed, SAME)
    report = take(store, written(tmp_path / "feed", feed))
    assert report.doubles == []


def test_two_numbers_on_one_child(store: Store, tmp_path: Path) -> None:
    feed = base()
    add(feed, LINKS, LocalPatientID="L2")
    add(feed, MPI, LocalPatientID="L2", NHSNumber=OTHER)
    folder = written(tmp_path / "feed", feed)
    for _ in range(2):
        report = take(store, folder)
        assert found(report) == {SEVERAL: [(MPI, 2), (MPI, 3)]}
        assert [each.rows for each in report.invariants if each.says.startswith("several local")] == [[(LINKS, 3)]]


def test_one_child_under_two_local_ids_of_two_feeds(store: Store, tmp_path: Path) -> None:
    feed = base()
    take(store, written(tmp_path / "1", feed))
    add(feed, LINKS, LocalPatientID="L2")
    add(feed, MPI, LocalPatientID="L2")
    folder = written(tmp_path / "2", only(only(feed, LINKS, 1), MPI, 1))
    for _ in range(2):
        assert found(take(store, folder)) == {BEFORE: [(MPI, 2)]}
    whole = take(store, written(tmp_path / "3", feed))
    assert found(whole) == {}  # there the invariants name the second link


def test_one_child_under_two_references(store: Store, tmp_path: Path) -> None:
    feed = base()
    add(feed, CASES, child_ref="C2")
    add(feed, CASES, child_ref="C3", family_ref="F2")
    add(feed, CASES, child_ref="C4", born_on="2021-06-16")
    add(feed, CASES, child_ref="C5", born_on="")
    add(feed, CASES, child_ref="C6", born_on="")
    folder = written(tmp_path / "feed", feed)
    for _ in range(2):
        assert found(take(store, folder)) == {BORN: [(CASES, 3)]}


def test_one_child_under_two_references_of_two_feeds(store: Store, tmp_path: Path) -> None:
    feed = base()
    take(store, written(tmp_path / "1", feed))
    add(feed, CASES, child_ref="C2")
    add(feed, CASES, child_ref="C3", family_ref="F2")
    assert found(take(store, written(tmp_path / "2", only(feed, CASES, 1)))) == {BORN: [(CASES, 2)]}


def test_no_number_is_in_the_report_or_in_clear_in_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    store = SqlPlace(f"sqlite:///{folder / 'store.db'}")
    feed = base()
    second_child(feed, SAME)
    report = take(store, written(tmp_path / "feed", feed))
    assert SAME not in str(report.as_json())
    store.close()
    assert SAME.encode() not in b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


# --- after an erasure -----------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SqlPlace:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    made = SqlPlace(request.getfixturevalue(request.param))
    request.addfinalizer(made.close)
    return made


def case_of(store: SqlPlace) -> str:
    return next(str(each["data"]["case"]) for each in entries(store) if each["type"] == "CaseOpened")


def person_of(store: SqlPlace) -> str:
    return store.store.forgetting.behind(case_of(store))[0]


@pytest.mark.parametrize("subject_of", [case_of, person_of])
def test_no_digest_of_a_number_outlives_its_child(
    place: SqlPlace, tmp_path: Path, subject_of: Callable[[SqlPlace], str]
) -> None:
    """There are few enough numbers to try them all, for whoever holds the key store."""
    folder = written(tmp_path / "feed", base())
    take(place, folder)
    key = Digests(place.keys.secret("ledger")).number(SAME)
    assert place.ledger.rows([key])[key].file == NUMBER
    Record(place.store).erase(subject_of(place), **WORDS_OF_TWO)
    assert place.ledger.rows([key]) == {}
    assert place.ledger.erased([key]) == set()
    feed = base()
    second_child(feed, SAME)
    folder = written(tmp_path / "2", feed)
    report = import_feed(folder, place, clock=now, chance=os.urandom)
    assert report.doubles == []
