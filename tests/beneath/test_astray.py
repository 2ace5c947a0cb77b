"""Views that stand at an entry which the log does not have: they answer nobody, and every check says so."""

import pytest

from earlystart_core import Record
from earlystart_core.errors import Tampered
from tests.beneath.told import decide_tier, open_case
from tests.cli.conftest import call

TAIL = (
    "fact WHERE position > 2",
    "entry_tag WHERE position > 2",
    "receipt WHERE first > 2",
    "entry WHERE position > 2",
)


@pytest.fixture
def cut(sql_url: str) -> str:
    """A store of four cases whose last two entries someone took away, and of the views nothing."""
    with Record.open(sql_url) as record:
        for number in range(4):
            open_case(record, number)
        record.rebuild("segments")
        database = record.store.log.database  # type: ignore[attr-defined]  # an SqlLog
        with database.writing() as connection:
            for statement in _without_guards(database.dialect):
                connection.exec_driver_sql(statement)
            for rows in TAIL:
                connection.exec_driver_sql(f"DELETE FROM {rows}")
    return sql_url


def _without_guards(dialect: str) -> list[str]:
    tables = ("fact", "entry_tag", "receipt", "entry")
    if dialect == "postgresql":
        return [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables]
    return [f"DROP TRIGGER {table}_no_{verb}" for table in tables for verb in ("UPDATE", "DELETE")]


def expect_astray(url: str, position: int) -> None:
    says = f"the views stand at entry {position}, which the log no longer has"
    with Record.open(url) as record:
        for ask in (lambda: record.view("case_status"), record.tiers, record.caseload, record.store.views.lag):
            with pytest.raises(Tampered, match=says):
                ask()
        assert [each.position for each in record.proof.verify().doubts if says in each.found] == [position]
        for source in ("rows", "segments"):
            assert any(says in each.found for each in record.store.views.check(source)[1])


def test_views_ahead_of_the_log(cut: str) -> None:
    expect_astray(cut, 4)


def test_a_tail_that_others_took(cut: str) -> None:
    """The lag is nothing again, and the entry another."""
    with Record.open(cut) as record:
        decide_tier(record, 0)
        assert decide_tier(record, 1) == (4,)
    expect_astray(cut, 4)


def test_a_rebuild_builds_from_what_is_there(cut: str) -> None:
    with Record.open(cut) as record:
        record.rebuild()
        assert len(record.view("case_status")) == 2
        assert record.store.views.check()[1] == []
        assert not [each for each in record.proof.verify().doubts if "views" in each.found]


@pytest.mark.parametrize("position", [10**15, -3])
def test_a_position_that_someone_wrote_costs_no_memory(sql_url: str, position: int) -> None:
    with Record.open(sql_url) as record:
        open_case(record, 1)
        with record.store.log.writing() as connection:  # type: ignore[attr-defined]  # an SqlLog
            connection.exec_driver_sql(f"UPDATE view_state SET position = {position}")
    expect_astray(sql_url, position)


def test_doctor_and_the_checks_end_with_1(cut: str) -> None:
    for command in (["doctor", "--json"], ["log", "verify"], ["rebuild", "--check"]):
        done = call(*command, "--db", cut)
        assert done.status == 1, (command, done)
        if command == ["doctor", "--json"]:
            assert "entry 4" in done.json["views"]


def test_a_number_of_an_id_that_someone_wrote_costs_no_memory(sqlite_url: str) -> None:
    with Record.open(sqlite_url) as record:
        open_case(record, 1)
        record.rebuild("segments")
        with record.store.log.writing() as connection:  # type: ignore[attr-defined]  # an SqlLog
            for statement in ("DROP TRIGGER tag_no_UPDATE", "UPDATE tag SET n = 1000000000000 WHERE kind = 'case'"):
                connection.exec_driver_sql(statement)
        with pytest.raises(Tampered, match="not numbered 1, 2, 3"):
            record.store.views.check("segments")


def test_a_count_of_a_receipt_that_someone_wrote_costs_no_memory(sql_url: str) -> None:
    with Record.open(sql_url) as record:
        open_case(record, 1)
        ask = next(iter(record.store.log.read())).event.command_id
        database = record.store.log.database  # type: ignore[attr-defined]  # an SqlLog
        with database.writing() as connection:
            postgres = database.dialect == "postgresql"
            trigger = "ALTER TABLE receipt DISABLE TRIGGER USER" if postgres else "DROP TRIGGER receipt_no_UPDATE"
            for statement in (trigger, "UPDATE receipt SET count = 2000000000"):
                connection.exec_driver_sql(statement)
        with pytest.raises(Tampered, match="names entries that are not there"):
            record.store.log.receipt(ask)
