"""An acknowledgement is read back: what a foreign trigger or rule leaves out or alters makes the call fail."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_core.log import Receipt
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_feeds.ledger import Name, Remembered
from earlystart_sql.access import SqlAccessLog
from earlystart_sql.database import Database, open_database
from earlystart_sql.key_tables import KEYS
from earlystart_sql.keys import SqlKeys
from earlystart_sql.ledger import SqlLedger
from earlystart_sql.log import SqlLog

ENTRY = Entry("Tried", b"{}", ["case:a", "org:x"])
LEAVING_OUT = {  # by dialect: how a table of that name comes to take no rows, and does again
    "sqlite": (
        "CREATE TRIGGER aside BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END",
        "DROP TRIGGER aside",
    ),
    "postgresql": (
        "CREATE RULE aside AS ON INSERT TO {table} DO INSTEAD NOTHING",
        "DROP RULE aside ON {table}",
    ),
}
SILENT = (  # PostgreSQL only: a trigger that leaves rows out, or alters them
    "CREATE FUNCTION aside() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what}; END $$",
    "CREATE TRIGGER aside BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION aside()",
)


def sends(database: Database, *statements: str) -> None:
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for statement in statements:
            driver.execute(statement)
        if database.dialect == "sqlite":
            driver.commit()


def refused(database: Database, table: str, call: Callable[[], object]) -> None:
    """The call fails while the table takes no rows, and is carried out when it does."""
    begin, end = (each.format(table=table) for each in LEAVING_OUT[database.dialect])
    name = table.rpartition(".")[2]
    sends(database, begin)
    with pytest.raises(StoreUnavailable, match=rf"did not keep what was written to [^:]*{name}: expected"):
        call()
    sends(database, end)
    call()


@pytest.mark.parametrize("table", ["shape", "entry", "fact", "tag", "entry_tag", "receipt"])
def test_an_append_whose_rows_are_left_out_is_not_acknowledged(sql_log: SqlLog, table: str) -> None:
    sql_log.append([Entry("Before", b"{}", ["case:b"])])
    before = [each.position for each in sql_log.read().entries()]
    begin, end = (each.format(table=table) for each in LEAVING_OUT[sql_log.database.dialect])
    sends(sql_log.database, begin)
    with pytest.raises(StoreUnavailable):
        sql_log.append([ENTRY, ENTRY], receipt=Receipt("c1", b"digest"))
    sends(sql_log.database, end)
    assert [each.position for each in sql_log.read().entries()] == before == [1]
    assert sql_log.receipt("c1") is None
    assert sql_log.append([ENTRY, ENTRY], receipt=Receipt("c1", b"digest")) == 3


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("entry", "RETURN NULL"),
        ("entry", "NEW.frame := 'another'; RETURN NEW"),
        ("fact", "NEW.data := '{\"n\":2}'; RETURN NEW"),
        ("fact", "NEW.occurred_at := 5; RETURN NEW"),
        ("entry_tag", "IF NEW.tag_id = 2 THEN RETURN NULL; END IF; RETURN NEW"),
        ("receipt", "NEW.digest := 'another'; RETURN NEW"),
    ],
)
def test_an_append_whose_rows_are_altered_is_not_acknowledged(
    postgres_url: str, open_log: Callable[..., SqlLog], table: str, what: str
) -> None:
    log = open_log(postgres_url)
    sends(log.database, *(each.format(table=table, what=what) for each in SILENT))
    with pytest.raises(StoreUnavailable):
        log.append([ENTRY, ENTRY], receipt=Receipt("c1", b"digest"))
    assert log.head() == 0
    sends(log.database, f"DROP TRIGGER aside ON {table}")
    assert log.append([ENTRY, ENTRY], receipt=Receipt("c1", b"digest")) == 2


@pytest.mark.parametrize("table", ["look", "look_tag"])
def test_a_look_that_is_left_out_is_not_acknowledged(sql_log: SqlLog, table: str) -> None:
    access = SqlAccessLog(sql_log.database, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    access.append([ENTRY])
    refused(sql_log.database, table, lambda: access.append([ENTRY]))
    assert [each.position for each in access.about()] == [1, 2]


def test_a_row_of_the_import_ledger_that_is_left_out_is_not_acknowledged(sql_log: SqlLog) -> None:
    keys = MemoryKeys(os.urandom, lambda: "k_1")
    ledger = SqlLedger(sql_log, lambda: keys)
    sql_log.append([ENTRY])
    ledger.record([], [Remembered(b"0" * 32, "a.csv", ("case:a",), b"")], [], ledger.moment())
    refused(
        sql_log.database,
        "import_row",
        lambda: ledger.record([ENTRY], [Remembered(b"1" * 32, "a.csv", ("case:a",), b"")], [], ledger.moment()),
    )
    for table in ("import_name", "import_total"):
        refused(
            sql_log.database,
            table,
            lambda: ledger.record([ENTRY], [], [Name(b"2" * 32, "person:a")], ledger.moment()),
        )
        ledger.forget("person:a")
    assert sql_log.head() == 4


@pytest.mark.parametrize("table", ["data_key", "secret"])
def test_a_key_that_is_left_out_seals_nothing(sql_url: str, table: str) -> None:
    database = open_database(sql_url, KEYS)
    numbers = iter(range(1000))
    try:
        keys = SqlKeys(database, b"k" * 32, lambda size: b"r" * size, lambda: f"k_{next(numbers)}")
        refused(
            database,
            table if database.dialect == "sqlite" else f"earlystart_keys.{table}",
            (lambda: keys.for_subjects(["case:a"])) if table == "data_key" else lambda: keys.secret("another"),
        )
    finally:
        database.close()
