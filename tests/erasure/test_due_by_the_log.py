"""What is due is decided by the log: whoever writes into a table of a view makes no record due, and hides none."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from earlystart_core import CloseCase, Record
from earlystart_core.errors import Tampered
from tests.access.test_by_the_log import ON_SQL, served, unguard
from tests.erasure.conftest import ANNA, BEN, BY, MOTHER, told

LATER = "2051-12-31"
DUE = [ANNA, MOTHER]  # Ben's care goes on
STATEMENTS = {
    "a case is closed long ago": "UPDATE {0} SET closed_on = -25000, born_on = -25001",
    "a case is opened again": "UPDATE {0} SET closed_on = NULL",
    "a child was born later": "UPDATE {0} SET born_on = born_on + 9000",
    "the rows are gone": "DELETE FROM {0}",
    "rows are exchanged": 'UPDATE {0} SET "case" = -"case"',
}


@pytest.fixture
def record(url: str, clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Record]:
    """Anna's care has ended, and she is due in 2051; Ben's goes on."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    clock.now = datetime(2026, 4, 1, 9, tzinfo=UTC)
    with Record.open(url, clock=clock) as opened:
        told(opened)
        opened.submit(CloseCase(case=ANNA, reason="moved_out"), by=BY)
        yield opened


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return found


def answers(record: Record) -> list[object]:
    return [
        record.retention(LATER).rows,
        [record.kept_until(subject) for subject in (ANNA, BEN, MOTHER)],
        record.ask("kept", on=LATER).rows,
        record.ask("undecided").rows,
        record.ask("undecided", team="team:armley").rows,
    ]


@ON_SQL
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_a_views_table_makes_no_record_due_and_hides_none(record: Record, statement: str) -> None:
    before = answers(record)
    assert [row["subject"] for row in record.retention(LATER) if row["due"]] == DUE
    assert record.kept_until(ANNA).until == date(2051, 2, 20)
    with record.store.database.writing() as connection:
        connection.exec_driver_sql(statement.format(served(record)["case_status"].name))
    assert answers(record) == before


@ON_SQL
def test_a_views_table_hides_no_child_whose_sharing_nobody_decided(record: Record) -> None:
    before = record.ask("undecided").rows
    assert [row["case"] for row in before] == [BEN]
    with record.store.database.writing() as connection:
        connection.exec_driver_sql(f'UPDATE {served(record)["consent_status"].name} SET "case" = 3 - "case"')
    assert record.ask("undecided").rows == before


@ON_SQL
@pytest.mark.parametrize("of", ["all", ANNA, MOTHER])
def test_an_entry_that_was_altered_is_named_instead_of_an_answer(record: Record, of: str) -> None:
    unguard(record, "entry")
    with record.store.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE position = 2) WHERE position IN (1, 5)"
        )
    with pytest.raises(Tampered, match=r"^position "):
        record.retention(LATER) if of == "all" else record.kept_until(of)


@ON_SQL
def test_the_clocks_of_the_answer_are_those_of_a_view(record: Record) -> None:
    assert record.retention(LATER).clocks == record.view("case_status").clocks
