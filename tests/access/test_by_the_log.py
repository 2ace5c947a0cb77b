"""Who may see is decided by the log's entries: whoever writes into the tables of views opens and withholds nothing."""

import random
from collections.abc import Callable, Iterator

import msgspec
import pytest
from msgspec.structs import replace

from earlystart_core import PassResponsibility, Reader, Record
from earlystart_core.access import ties
from earlystart_core.access.policy import Decision
from earlystart_core.access.rings import RINGS, VIEW_RINGS
from earlystart_core.access.ties import COLUMNS, ties_of
from earlystart_core.entry import EPOCH, Entry
from earlystart_core.errors import NotPermitted, Tampered
from earlystart_core.marks import struck
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS
from earlystart_core.words.consent import SharingConsentRecorded
from earlystart_core.words.correction import MarkedInError
from earlystart_sql.view_tables import ViewTable
from tests.record.any_history import history

from .conftest import *

READERS = (ALLOCATED, NAMED, OF_TEAM, STRANGER, OFFICER, OUTSIDE, replace(ALLOCATED, own=(ANNA,)))
ON_SQL = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


class Everything:
    """Permits whatever is asked."""

    name = "everything 1"

    def decide(self, asked: object) -> Decision:
        return Decision("permit", ("all",), self.name, RINGS)


def answer(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except NotPermitted as no:
        return str(no)


def shown(record: Record) -> dict[tuple[object, ...], object]:
    """What each reader is shown of each case and in lists, or why not."""
    found: dict[tuple[object, ...], object] = {}
    for at, reader in enumerate(READERS):
        seen = record.seen_by(reader)
        for case in (ANNA, BEN):
            found[at, case, "timeline"] = answer(lambda seen=seen, case=case: seen.timeline(case).rows)
            for view in ("case_status", "package_status"):
                found[at, case, view] = answer(lambda seen=seen, case=case, view=view: seen.view(view, case=case).rows)
        found[at, "list"] = answer(lambda seen=seen: seen.view("case_status", team="team:armley").rows)
    return found


def served(record: Record) -> dict[str, ViewTable]:
    with record.store.views._seeing() as (state, _):
        return record.store.views._tables[state.slot]


def tampers(tables: dict[str, ViewTable], *, each: bool) -> Iterator[str]:
    """Columns of every view set to several numbers, rows taken away, moved and added; and where views stand.

    each: column by column, not all of a row at once.
    """
    for view, table in tables.items():
        keys = VIEW[view].keys
        rest = [name for name in table.held if name not in keys]
        for names in [[name] for name in rest] if each else [rest]:
            for value in ("1", "2", "3", "NULL"):
                sets = ", ".join(f'"{name}" = {value}' for name in names)
                yield f"UPDATE {table.name} SET {sets}"
        yield from (f'UPDATE {table.name} SET "{name}" = "{name}" + 1000' for name in keys)
        yield f"DELETE FROM {table.name}"
        moved = ", ".join(f'"{name}" + 1' if name == keys[0] else f'"{name}"' for name in table.held)
        added = f"INSERT INTO {table.name} ({table.columns}) SELECT {moved} FROM {table.name}"
        yield f"{added} WHERE true ON CONFLICT DO NOTHING"
    yield from ("UPDATE view_state SET position = 1", "DELETE FROM view_state")


@ON_SQL
@pytest.mark.parametrize("each", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_nothing_in_a_views_table_opens_a_record_or_withholds_one(record: Record, *, each: bool) -> None:
    record.view("case_status")
    truth = shown(record)
    assert {type(one) for one in truth.values()} == {str, list}
    statements = list(tampers(served(record), each=each))
    for number in range(len(statements)):
        statement = list(tampers(served(record), each=each))[number]
        with record.store.database.writing() as connection:
            connection.exec_driver_sql(statement)
        assert shown(record) == truth, statement
        record.rebuild()
    assert len(statements) > 20


@ON_SQL
def test_one_update_on_a_views_table_does_not_open_a_childs_record_to_a_stranger(record: Record) -> None:
    record.view("case_status")
    cases = served(record)["case_status"].name
    number = "SELECT n FROM tag WHERE kind = '{}' AND id = '{}'"
    record.submit(PassResponsibility(case=BEN, to_team="team:wetherby"), by=BY)
    wetherby = number.format("team", "team:wetherby")
    anna = number.format("case", ANNA)
    with record.store.database.writing() as connection:
        connection.exec_driver_sql(f'UPDATE {cases} SET team = ({wetherby}) WHERE "case" = ({anna})')
    assert record.view("case_status", case=ANNA)[0]["team"] == "team:wetherby"  # what is asked as nobody is the table's
    for ask in (
        lambda: record.seen_by(STRANGER).timeline(ANNA),
        lambda: record.seen_by(STRANGER).view("case_status", case=ANNA),
    ):
        with pytest.raises(NotPermitted, match=r"default\.deny"):
            ask()
    assert [row["case"] for row in record.seen_by(STRANGER).view("case_status")] == [BEN]
    assert record.seen_by(OF_TEAM).view("case_status", team="team:armley")[0]["team"] == "team:armley"
    assert record.seen_by(OF_TEAM).view("case_status", case=ANNA)[0]["team"] == "team:armley"


FORGED = (
    '{{"case":"{case}","package":"{package}","practitioner":"{who}","meeting":null,"skills":[],"team":"team:armley"}}'
)


def unguard(record: Record, *tables: str) -> None:
    """Takes away what stops other statements than the library's, as an owner of the database can."""
    with record.store.database.writing() as connection:
        for table in tables:
            if record.store.database.dialect == "postgresql":
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                continue
            of = f"SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '{table}'"
            for (name,) in connection.exec_driver_sql(of).fetchall():
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')


@ON_SQL
def test_data_that_no_entry_says_opens_nothing(record: Record) -> None:
    """Rows that someone adds to the log's tables are nothing without an entry that says the same."""
    unguard(record, "fact", "tag", "entry_tag")
    data = msgspec.json.encode(FORGED).hex()
    blob = f"x'{data}'" if record.store.database.dialect == "sqlite" else f"'\\x{data}'::bytea"
    shape = "(SELECT id FROM shape WHERE type = 'PackageAllocated')"
    tag = "(SELECT tag_id FROM tag WHERE id = '{}')"
    with record.store.database.writing() as connection:
        connection.exec_driver_sql(f"INSERT INTO fact VALUES ({shape}, 1, 0, {blob})")
        connection.exec_driver_sql(f"INSERT INTO tag SELECT max(tag_id) + 1, 'practitioner', 99, '{PAT}' FROM tag")
        for named in (ANNA, PLAN, PAT):
            connection.exec_driver_sql(f"DELETE FROM entry_tag WHERE tag_id = {tag.format(named)} AND position = 0")
            connection.exec_driver_sql(
                f"INSERT INTO entry_tag VALUES ({tag.format(named)}, 1, {shape}) ON CONFLICT DO NOTHING"
            )
    reader = Reader(PAT, "health_visitor", LCH, "direct_care")
    seen = record.seen_by(reader)
    for ask in (lambda: seen.timeline(ANNA), lambda: seen.view("case_status")):
        with pytest.raises(Tampered, match=r"^position 1: the index gives this entry for an id"):
            ask()


@ON_SQL
@pytest.mark.parametrize("kind", ["PackageAllocated", "CaseOpened"])
def test_an_entry_that_a_reader_is_judged_by_must_give_its_leaf(record: Record, kind: str) -> None:
    position = next(row["position"] for row in record.timeline(ANNA) if row["type"] == kind)
    sqlite = record.store.database.dialect == "sqlite"
    unguard(record, "fact")
    with record.store.database.writing() as connection:
        (data,) = connection.exec_driver_sql(f"SELECT data FROM fact WHERE position = {position}").one()
        spoiled = bytes(data).replace(b"team:armley", b"team:burley").hex()
        blob = f"x'{spoiled}'" if sqlite else f"'\\x{spoiled}'::bytea"
        connection.exec_driver_sql(f"UPDATE fact SET data = {blob} WHERE position = {position}")
    seen = record.seen_by(OF_TEAM)
    for ask in (
        lambda: seen.timeline(ANNA),
        lambda: seen.view("case_status", case=ANNA),
        lambda: seen.view("case_status"),
    ):
        with pytest.raises(Tampered, match=f"position {position}: its bytes do not give its leaf"):
            ask()


@ON_SQL
@pytest.mark.parametrize("altered", ["the entry", "the index"])
def test_an_answer_stops_at_an_entry_that_is_not_about_the_case(record: Record, altered: str) -> None:
    at = next(row["position"] for row in record.timeline(ANNA) if row["type"] == "PackageAllocated")
    statement = {
        "the entry": f"UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE position = 1) WHERE position = {at}",
        "the index": "INSERT INTO entry_tag SELECT tag_id, position, shape FROM entry, tag"
        f" WHERE position = {at} AND id = '{BEN}'",
    }
    unguard(record, "entry", "entry_tag")
    with record.store.database.writing() as connection:
        connection.exec_driver_sql(statement[altered])
    case = BEN if altered == "the index" else ANNA
    seen = record.seen_by(OFFICER)
    view = lambda case: seen.view("package_status", case=case)  # noqa: E731
    for ask in (record.timeline, seen.timeline, record.as_at(known=at).timeline, view):
        with pytest.raises(Tampered, match=f"^position {at}: "):
            ask(case)


# The same in a list as one by one, for any history


MANY = [EVENTS.classes[name] for name in ("CaseOpened", "CaseClosed", "PackageStarted", "PackageAllocated")] + [
    EVENTS.classes[name]
    for name in ("AllocationEnded", "PackageEnded", "PointOfContactNamed", "SharingConsentRecorded", "MarkedInError")
]


def filled(record: Record, seed: int) -> tuple[list[str], list[Reader]]:
    """Any history, and readers that it names."""
    log = history([*MANY, *MANY, *EVENTS.classes.values()], seed, size=60)
    found: dict[str, set[str]] = {"case": set(), "practitioner": set(), "team": set(), "org": set()}
    for one in log.recorded:
        given = one.event
        rest = (given.recorded_by, given.command_id, given.version, given.occurred_at)
        record.store.log.append([Entry(given.type, given.data, given.tags, *rest)])
        for tag in given.tags:
            found.get(tag.partition(":")[0], set()).add(tag)
    chance = random.Random(seed)
    teams, orgs = sorted(found["team"]), sorted(found["org"])
    people = [
        Reader(who, "health_visitor", "org:a", "direct_care", team=chance.choice([None, *teams]))
        for who in [*sorted(found["practitioner"]), JO]
    ]
    people += [Reader(JO, "nursery_worker", org, purpose) for org in orgs for purpose in ("a", "nursery_place")]
    return sorted(found["case"]), people


def compare(record: Record, seed: int) -> int:
    """How many ties were met: in a list and one by one they are the same, and rows are those of a whole fold."""
    cases, readers = filled(record, seed)
    met = 0
    for reader in readers:
        listed = ties_of(record.store, reader)
        for case in cases:
            one = ties_of(record.store, reader, case)
            assert listed.to(case) == one.to(case), (seed, reader, case)
        met += len(listed.cases)
    chance = random.Random(seed)
    seen = record.seen_by(STRANGER, Everything())
    head = record.store.log.head()
    team = chance.choice(["team:a", "team:b"])
    clocks = [(chance.randint(0, head), None), (None, "2026-03-29")]
    pairs = [(seen, record), *((seen.as_at(*each), record.as_at(*each)) for each in clocks)]
    for asking, whole in pairs:
        for view in VIEW_RINGS:
            placed = VIEW_RINGS[view].fields
            for of in (None, team):
                rows = [{name: row[name] for name in row if name in placed} for row in whole.view(view, team=of)]
                assert asking.view(view, team=of).rows == rows, (seed, view, of)
            for case in cases:
                rows = [{name: row[name] for name in row if name in placed} for row in whole.view(view, team, case)]
                assert asking.view(view, team=team, case=case).rows == rows, (seed, view, case)
    return met


def test_in_a_list_ties_and_rows_are_those_of_each_case_of_any_history() -> None:
    met = 0
    for seed in range(40):
        with Record.open("memory://", clock=lambda: EPOCH) as record:
            met += compare(record, seed)
    assert met > 50


@ON_SQL
@pytest.mark.parametrize("seed", [101, 102, 103])
def test_on_sql_too(url: str, seed: int, monkeypatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(url, clock=lambda: EPOCH) as record:
        compare(record, seed)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_list_of_many_cases_is_read_from_the_whole_log_with_the_same_rows(record: Record, monkeypatch) -> None:
    asked = {reader: record.seen_by(reader).view("case_status").rows for reader in READERS}
    monkeypatch.setattr("earlystart_core.access.case_views.MANY", 0)
    assert {reader: record.seen_by(reader).view("case_status").rows for reader in READERS} == asked


def test_ties_are_made_of_the_columns_that_a_rule_goes_by() -> None:
    for view, names in COLUMNS.items():
        assert {*names} <= {*VIEW[view].reducers}


def test_marks_are_resolved_once_for_a_list_however_many_cases_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """An organisation may have consent for thousands of cases, and as many marks: their product is never read."""
    passes = []
    monkeypatch.setattr(ties, "struck", lambda events: passes.append(1) or struck(events))
    with Record.open("memory://", clock=lambda: EPOCH) as record:
        store, consents = record.store, []
        for _ in range(20):
            given = SharingConsentRecorded(
                occurred_at=EPOCH, case=record.new_id("case"), person=record.new_id("person"), recipient="org:a",
                capacity="parent_with_pr", purpose="nursery_place", decision="given", wording="w", until=None,
            )  # fmt: skip
            consents.append(EVENTS.entry(given, by=None, command_id=None, keys=store.keys, chance=store.chance))
        store.log.append(consents)
        for position in range(1, 11):
            mark = MarkedInError(occurred_at=EPOCH, target=position)
            tags = consents[position - 1].tags
            entry = EVENTS.entry(mark, by=None, command_id=None, keys=store.keys, chance=store.chance, tags=tags)
            store.log.append([entry])
        told = ties_of(store, Reader(JO, "nursery_worker", "org:a", "nursery_place")).ties["consented"]
    assert told == {one.tags[0] for one in consents[10:]}
    assert len(passes) == 1
