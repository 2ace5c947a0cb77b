"""Views are never stale: after any append, by any writer, for any reader, on both stores."""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from threading import Thread

import pytest

from earlystart_core import (
    CloseCase,
    DecideTier,
    MarkInError,
    OpenCase,
    PassResponsibility,
    Practitioner,
    Record,
    RecordContact,
)
from earlystart_core.errors import Invalid
from earlystart_core.views import VIEW, VIEWS
from earlystart_sql.view_tables import table_name
from tests.conftest import Clock

BY = Practitioner("practitioner:01ARZ3NDEKTSV4RRFFQ69G5FAV", "health_visitor", "org:lch")
CASES = table_name("case_status", VIEW["case_status"].digest, "a")
TEAMS = ("team:armley", "team:seacroft")
CLOSE = CloseCase(case="case:" + "0" * 26, reason="died")


@pytest.fixture
def opened(sql_url: str, tmp_path: Path) -> Iterator[Callable[..., Record]]:
    """Opens records on one store, and closes them after the test."""
    records: list[Record] = []
    clock = Clock(step=timedelta(hours=1))

    def opening(**options: object) -> Record:
        records.append(Record.open(sql_url, keys=str(tmp_path / "keys.db"), clock=clock, **options))
        return records[-1]

    yield opening
    for record in records:
        record.close()


def open_case(record: Record, team: str = TEAMS[0]) -> str:
    case = record.new_id("case")
    command = OpenCase(case=case, family=record.new_id("family"), team=team, reason="birth", born_on=date(2025, 12, 1))
    record.submit(command, by=BY)
    return case


def contact(record: Record, *cases: str) -> RecordContact:
    return RecordContact(
        contact=record.new_id("contact"),
        cases=cases,
        kind="new_birth_visit",
        attendance="5",
        mechanism="01",
        location="A01",
        practitioners=[BY.practitioner],
        employers=["org:lch"],
    )


def served(record: Record) -> dict[str, list[dict[str, object]]]:
    return {view.name: record.view(view.name).rows for view in VIEWS}


def rebuilt(record: Record) -> dict[str, list[dict[str, object]]]:
    past = record.as_at()
    return {view.name: past.view(view.name).rows for view in VIEWS}


def some_work(record: Record, seed: int, steps: int = 40) -> None:
    """Openings, contacts with twins, tiers, moves, closures, marks and marks of marks."""
    chance = random.Random(seed)  # a test's own chance
    cases = [open_case(record, chance.choice(TEAMS)) for _ in range(4)]
    positions: list[int] = []
    for _ in range(steps):
        what = chance.random()
        case = chance.choice(cases)
        status = record.view("case_status", case=case)[0]["status"]
        if what < 0.5 and status == "open":
            both = list(dict.fromkeys((case, chance.choice(cases))))
            if all(record.view("case_status", case=one)[0]["status"] == "open" for one in both):
                positions += record.submit(contact(record, *both), by=BY).positions
        elif what < 0.65 and status == "open":
            positions += record.submit(DecideTier(case=case, tier="universal_plus", reason="a word"), by=BY).positions
        elif what < 0.75 and status == "open":
            team = chance.choice(TEAMS)
            positions += record.submit(PassResponsibility(case=case, to_team=team), by=BY).positions
        elif what < 0.78 and status == "open":
            record.submit(CloseCase(case=case, reason="moved_out"), by=BY)
        elif positions:
            positions += record.submit(MarkInError(target=chance.choice(positions)), by=BY).positions


@pytest.mark.parametrize("seed", range(3))
def test_what_is_served_is_what_a_rebuild_makes(opened: Callable[..., Record], seed: int) -> None:
    """After any commands the tables hold what the column executor makes of the log."""
    record = opened()
    some_work(record, seed)
    assert served(record) == rebuilt(record)
    assert record.store.views.lag() == {view.name: 0 for view in VIEWS}
    assert record.store.views.check()[1] == []


def test_two_records_on_one_store(opened: Callable[..., Record]) -> None:
    """What one writes the other reads at once, and neither keeps what the other made old."""
    one, other = opened(), opened()
    case = open_case(one)
    for record in (one, other, one, other, other, one):
        record.submit(contact(record, case), by=BY)
        assert one.view("case_status", case=case).rows == other.view("case_status", case=case).rows
    assert one.view("case_status", case=case)[0]["contacts_attended"] == 6
    assert one.store.views.check()[1] == []


def test_a_mark_refolds_what_was_kept(opened: Callable[..., Record]) -> None:
    """A mark, and a mark of it, move the row back and forth."""
    record = opened()
    case = open_case(record)
    first = record.submit(contact(record, case), by=BY).positions[0]
    record.submit(contact(record, case), by=BY)
    counts = []
    target = first
    for _ in range(4):
        target = record.submit(MarkInError(target=target), by=BY).positions[0]
        counts.append(record.view("case_status", case=case)[0]["contacts_attended"])
    assert counts == [1, 2, 1, 2]


def test_views_left_behind_are_caught_up_by_the_next_reader(opened: Callable[..., Record]) -> None:
    """Entries whose append did not advance the views are in the next answer, near the head and far from it."""
    record = opened()
    some_work(record, 7)
    assert record.store.views.lag()["case_status"] == 0
    followers = record.store.log.followers  # type: ignore[attr-defined]  # as if another version had written
    held, followers[:] = list(followers), []
    some_work_of_another = opened()
    some_work_of_another.store.log.followers.clear()  # type: ignore[attr-defined]
    case = some_work_of_another.new_id("case")
    command = OpenCase(case=case, family=record.new_id("family"), team=TEAMS[0], reason="birth")
    some_work_of_another.submit(command, by=BY)
    followers[:] = held
    assert record.store.views.lag()["case_status"] == 1
    assert served(record) == rebuilt(record)
    assert record.store.views.lag()["case_status"] == 0


def test_a_reader_who_may_not_write_answers_alike(opened: Callable[..., Record]) -> None:
    """A read-only record behind the head lays the tail over the tables, with equal rows and clocks."""
    record = opened()
    some_work(record, 11)
    record.store.log.followers.clear()  # type: ignore[attr-defined]
    other = opened()
    other.store.log.followers.clear()  # type: ignore[attr-defined]
    for seed in range(2):
        case = other.new_id("case")
        other.submit(OpenCase(case=case, family=other.new_id("family"), team=TEAMS[seed], reason="birth"), by=BY)
        other.submit(contact(other, case), by=BY)
    positions = [row["position"] for row in other.timeline(case)]
    other.submit(MarkInError(target=positions[-1]), by=BY)
    reader = opened(read_only=True)
    assert reader.store.views.lag()["case_status"] == 5
    assert served(reader) == rebuilt(reader)
    assert reader.tiers().rows == reader.as_at().tiers().rows
    assert reader.caseload(TEAMS[0]).rows == reader.as_at().caseload(TEAMS[0]).rows
    for team in TEAMS:
        for name in VIEW:
            assert reader.view(name, team=team).rows == reader.as_at().view(name, team=team).rows
    assert reader.view("case_status").known == reader.store.log.head()
    assert reader.store.views.lag()["case_status"] == 5


def test_a_reader_who_finds_the_lock_taken_answers_alike(opened: Callable[..., Record]) -> None:
    """A busy store is read without waiting."""
    record, other = opened(), opened()
    some_work(record, 3, steps=10)
    other.store.log.followers.clear()  # type: ignore[attr-defined]
    open_case_without_views(other)
    with other.store.log.writing():  # type: ignore[attr-defined]
        assert served(record) == rebuilt(record)
        assert record.store.views.lag()["case_status"] == 1
    assert served(record) == rebuilt(record)
    assert record.store.views.lag()["case_status"] == 0


def open_case_without_views(record: Record) -> None:
    command = OpenCase(
        case=record.new_id("case"), family=record.new_id("family"), team=TEAMS[0], reason="late_notification"
    )
    record.submit(command, by=BY)


def test_a_changed_declaration_is_built_anew(opened: Callable[..., Record]) -> None:
    """A table that another declaration built is not served."""
    record = opened()
    some_work(record, 5)
    before = served(record)
    with record.store.log.writing() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("UPDATE view_state SET digest = 'old' WHERE name = 'case_status'")
        connection.exec_driver_sql(f"UPDATE {CASES} SET contacts_attended = 99")
    assert record.store.views.lag()["case_status"] is None
    assert served(record) == before
    assert record.store.views.lag()["case_status"] == 0


def test_check_finds_a_changed_row(opened: Callable[..., Record]) -> None:
    """A row changed behind the library's back is named by view and key, and nothing is changed."""
    record = opened()
    some_work(record, 5)
    with record.store.log.writing() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"UPDATE {CASES} SET contacts_attended = 99")
    found = record.store.views.check()[1]
    assert {difference.view for difference in found} == {"case_status"}
    assert sorted(difference.key for difference in found) == [row["case"] for row in record.view("case_status")]
    assert record.view("case_status")[0]["contacts_attended"] == 99
    record.rebuild()
    assert record.store.views.check()[1] == []


def test_a_rebuild_reads_what_it_is_asked_to(opened: Callable[..., Record]) -> None:
    """Segments, rows, or without a word the segments that there are; the answers are equal."""
    record = opened()
    some_work(record, 5)
    rows = record.rebuild()
    assert rows.source == "rows"
    assert record.rebuild("segments").source == "segments"
    some_work(record, 6, steps=5)
    grown = record.rebuild()
    assert grown.source == "segments"
    assert grown.views == record.rebuild("rows").views == record.rebuild("segments").views
    assert record.store.views.check()[1] == []
    with pytest.raises(Invalid, match="expected segments or rows"):
        record.rebuild("columns")  # type: ignore[arg-type]


def test_a_store_in_memory_has_no_segments() -> None:
    """It reads rows, whatever it is asked."""
    record = Record.open("memory://")
    some_work(record, 5)
    assert [record.rebuild(source).source for source in (None, "segments", "rows")] == ["rows"] * 3
    assert record.as_at().view("case_status").rows == record.view("case_status").rows


def test_an_empty_store_has_empty_views(opened: Callable[..., Record]) -> None:
    """Views of an empty store count as built, and every question has an answer."""
    record = opened()
    assert served(record) == {view.name: [] for view in VIEWS}
    assert record.tiers().rows == record.caseload().rows == []
    assert record.store.views.check()[1] == []
    assert record.store.views.lag() == {view.name: 0 for view in VIEWS}
    assert record.rebuild().events == 0
    open_case(record)
    assert len(record.view("case_status")) == 1


def test_threads_share_a_record(opened: Callable[..., Record]) -> None:
    """Many threads write and read through one record; what each wrote it reads back."""
    record = opened()
    cases = [open_case(record) for _ in range(4)]
    faults: list[BaseException] = []

    def work(case: str) -> None:
        try:
            for done in range(1, 9):
                record.submit(contact(record, case), by=BY)
                assert record.view("case_status", case=case)[0]["contacts_attended"] == done
        except BaseException as fault:
            faults.append(fault)

    threads = [Thread(target=work, args=(case,)) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert record.store.views.check()[1] == []


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda record: record.view("cases"), "view"),
        (lambda record: record.view("case_status", team="armley"), "team"),
        (lambda record: record.view("case_status", case="case:1"), "case"),
        (lambda record: record.as_at(known=10**6), "known"),
        (lambda record: record.as_at(known=-1), "known"),
        (lambda record: record.as_at(known="yesterday"), "known"),
        (lambda record: record.as_at(effective="2026-02-30"), "effective"),
        (lambda record: record.as_at(effective="2026-02-01T10:00:00"), "effective"),
        (lambda record: record.new_id("team"), "kind"),
        (lambda record: record.new_id(5), "kind"),
        (lambda record: record.view(5), "view"),
        (lambda record: record.timeline("case:x"), "case"),
        (lambda record: record.tiers(team=3), "team"),
        (lambda record: record.submit({"case": "case:x"}, by=BY), "command"),
        (lambda record: record.submit(OpenCase, by=BY), "command"),
        (lambda record: record.submit(CLOSE, by="ada"), "by"),
        (lambda record: record.submit(CLOSE, by=Practitioner(BY.practitioner, None, "org:lch")), "by.role"),
        (lambda record: record.submit(CLOSE, by=BY, command_id=7), "command_id"),
        (lambda record: Record.open(Path("city.db")), "db"),
    ],
)
def test_wrong_calls(opened: Callable[..., Record], ask: Callable[[Record], object], field: str) -> None:
    """A wrong call names its argument."""
    with pytest.raises(Invalid) as caught:
        ask(opened())
    assert caught.value.field == field


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", ":memory:"])
def test_a_database_in_memory(url: str) -> None:
    with Record.open(url) as record:
        assert list(record.tiers()) == []
        case = open_case(record)
        assert [row["case"] for row in record.view("case_status")] == [case]
        assert list(record.as_at(known=0).view("case_status")) == []
        assert record.rebuild().views["case_status"].rows == 1
        assert list(record.caseload()) == list(record.as_at().caseload())
