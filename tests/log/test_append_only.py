"""What is recorded stays: no statement changes or removes a row, whoever sends it."""

import pytest
from sqlalchemy.exc import DBAPIError

from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_core.log import Receipt
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import TABLES

CHANGES = [f"DELETE FROM {table}" for table in TABLES] + [
    "UPDATE fact SET data = '{}'",
    "UPDATE entry SET frame = leaf",
    "UPDATE entry SET position = 9 WHERE position = 1",
    "UPDATE tag SET id = 'x:2'",
    "UPDATE shape SET version = 2",
    "UPDATE entry_tag SET position = 2",
    "UPDATE receipt SET count = 0",
]
ENTRY = "entry (position, shape, recorded_at, frame, leaf)"
REPLACES = [
    f"INSERT OR REPLACE INTO {ENTRY} VALUES (1, 1, 0, x'00', x'00')",
    f"REPLACE INTO {ENTRY} VALUES (1, 1, 0, x'00', x'00')",
    f"INSERT INTO {ENTRY} VALUES (1, 1, 0, x'00', x'00') ON CONFLICT DO UPDATE SET frame = x'00'",
    f"INSERT OR REPLACE INTO {ENTRY} VALUES (30, 1, 0, x'00', x'00')",  # leaves a gap
    "INSERT OR REPLACE INTO fact VALUES (1, 1, 0, x'00')",
    "INSERT OR REPLACE INTO tag VALUES (1, 'x', 9, 'x:9')",
    "INSERT OR REPLACE INTO tag VALUES (9, 'x', 9, 'x:1')",
    "INSERT OR REPLACE INTO tag VALUES (9, 'x', 1, 'x:9')",
    "INSERT OR REPLACE INTO shape VALUES (1, 'Other', 1)",
    "INSERT OR REPLACE INTO shape VALUES (9, 'Tried', 1)",
    "INSERT OR REPLACE INTO receipt VALUES ('c1', x'00', 1, 1)",
]
UPSERT = (
    f"INSERT INTO {ENTRY} VALUES (1, 1, 0, '\\x00', '\\x00')"
    " ON CONFLICT (position) DO UPDATE SET frame = EXCLUDED.frame"
)


@pytest.fixture
def rows(sql_log: SqlLog) -> SqlLog:
    sql_log.append([Entry("Tried", b"{}", ["x:1"])], receipt=Receipt("c1", b"d"))
    return sql_log


def refused(log: SqlLog, statements: list[str]) -> None:
    before = [(found.position, found.leaf) for found in log.read().entries()]
    for statement in statements:
        with pytest.raises(StoreUnavailable) as raised, log.writing() as connection:
            connection.exec_driver_sql(statement)
        assert isinstance(raised.value.__cause__, DBAPIError)
        assert "are only ever added" in str(raised.value)
    assert [(found.position, found.leaf) for found in log.read().entries()] == before
    assert log.append([Entry("Tried", b"{}", ["x:1"])]) == 2


def test_no_row_is_changed_or_removed(rows: SqlLog) -> None:
    refused(rows, CHANGES)


def test_replacing_is_refused_also_with_the_triggers_of_sqlite_at_their_default(rows: SqlLog) -> None:
    if rows.database.dialect == "sqlite":
        refused(rows, REPLACES)
        with rows.reading() as connection:
            connection.exec_driver_sql("PRAGMA recursive_triggers = 0")
        for statement in REPLACES:
            with pytest.raises(StoreUnavailable, match="only ever added"), rows.writing() as connection:
                assert connection.exec_driver_sql("PRAGMA recursive_triggers").scalar_one() == 0
                connection.exec_driver_sql(statement)
    else:
        refused(rows, [UPSERT, *(f"TRUNCATE {table}" for table in TABLES), "TRUNCATE entry, entry_tag CASCADE"])
