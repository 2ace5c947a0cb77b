"""Receipts held against the entries: whatever is done to one, a verification says so."""

from collections.abc import Callable

import pytest

from earlystart_core.entry import Entry
from earlystart_core.log import Receipt
from earlystart_core.proof.judging import verify_log
from earlystart_sql.log import SqlLog

from .conftest import BY
from .test_attacks import run, told
from .test_tag_index import loosened

GONE = "position {}: the receipt of its command is missing: if it is sent again, it is carried out a second time"
ANOTHER = "position {}: the receipt that names this entry is another command's, or two receipts name it"
ELSEWHERE = "a receipt names entries that do not exist: expected positions 1 to {}"
NO_ROW = "a receipt is malformed: expected the id of a command and whole numbers"


def command(log: SqlLog, name: str, count: int) -> None:
    entries = [Entry("Tried", b"{}", [f"case:{name}"], recorded_by=BY, command_id=name) for _ in range(count)]
    log.append(entries, receipt=Receipt(name, b"d" * 32))


def commanded(log: SqlLog) -> SqlLog:
    """Commands c1 to c9 of 0 to 2 entries each, then entries of an import, then one command more: 1 to 13."""
    for number in range(1, 10):
        command(log, f"c{number}", number % 3)
    log.append([Entry("Tried", b"{}", ["case:x"], recorded_by=BY) for _ in range(3)])
    command(log, "last", 1)
    return log


@pytest.fixture
def attacked(sql_log: SqlLog) -> SqlLog:
    """A log with receipts, of which the attacker owns the database."""
    commanded(sql_log)
    if sql_log.database.dialect == "sqlite":
        run(sql_log, *(f"DROP TRIGGER receipt_no_{verb}" for verb in ("UPDATE", "DELETE", "replace")))
    else:
        run(sql_log, "ALTER TABLE receipt DISABLE TRIGGER USER")
    return sql_log


def test_receipts_as_they_were_written_are_no_doubt(sql_log: SqlLog) -> None:
    commanded(sql_log)
    for processes in (1, 2):
        found = verify_log(sql_log.tree, processes=processes)
        assert (found.size, told(found), found.unreceipted) == (13, [], ())


ATTACKS = [  # entries: c1 1, c2 2-3, c4 4, c5 5-6, c7 7, c8 8-9, an import 10-12, last 13; c3, c6 and c9 have none
    ("DELETE FROM receipt WHERE command_id = 'c5'", [GONE.format(5), GONE.format(6)]),
    ("DELETE FROM receipt WHERE command_id = 'last'", [GONE.format(13)]),
    ("UPDATE receipt SET first = 4 WHERE command_id = 'c5'", [ANOTHER.format(4), GONE.format(6)]),
    ("UPDATE receipt SET first = 10 WHERE command_id = 'c4'", [GONE.format(4), ANOTHER.format(10)]),
    ("UPDATE receipt SET count = 1 WHERE command_id = 'c5'", [GONE.format(6)]),
    ("UPDATE receipt SET count = 0 WHERE command_id = 'c5'", [GONE.format(5), GONE.format(6)]),
    ("UPDATE receipt SET count = 3 WHERE command_id = 'c5'", [ANOTHER.format(7)]),
    ("UPDATE receipt SET command_id = 'x' WHERE command_id = 'c7'", [ANOTHER.format(7)]),
    (
        "UPDATE receipt SET command_id = replace(command_id, 'c', 'x') WHERE command_id IN ('c4', 'c7')",
        [ANOTHER.format(4), ANOTHER.format(7)],
    ),
    ("INSERT INTO receipt SELECT 'x', digest, 5, 2 FROM receipt LIMIT 1", [ANOTHER.format(5), ANOTHER.format(6)]),
    ("INSERT INTO receipt SELECT 'x', digest, 11, 1 FROM receipt LIMIT 1", [ANOTHER.format(11)]),
    ("INSERT INTO receipt SELECT 'x', digest, 14, 1 FROM receipt LIMIT 1", [ELSEWHERE.format(13)]),
    ("INSERT INTO receipt SELECT 'x', digest, 0, 0 FROM receipt LIMIT 1", [ELSEWHERE.format(13)]),
    ("INSERT INTO receipt SELECT 'x', digest, 1, -1 FROM receipt LIMIT 1", [ELSEWHERE.format(13)]),
    ("UPDATE receipt SET first = 9000000000000000000 WHERE command_id = 'c3'", [ELSEWHERE.format(13)]),
    ("UPDATE receipt SET first = -9000000000000000000 WHERE command_id = 'c3'", [ELSEWHERE.format(13)]),
    ("UPDATE receipt SET count = 2147483647 WHERE command_id = 'c3'", [ELSEWHERE.format(13)]),
]


@pytest.mark.parametrize(("statement", "sentences"), ATTACKS)
def test_a_touched_receipt_is_named(attacked: SqlLog, statement: str, sentences: list[str]) -> None:
    run(attacked, statement)
    assert told(verify_log(attacked.tree)) == sentences


def test_a_touched_receipt_is_named_by_several_processes(attacked: SqlLog) -> None:
    run(attacked, "DELETE FROM receipt WHERE command_id = 'c5'")
    assert told(verify_log(attacked.tree, processes=2)) == [GONE.format(5), GONE.format(6)]


def test_entries_of_commands_from_before_the_first_receipt_are_counted(attacked: SqlLog) -> None:
    """Written in bulk, as a simulation does: whether there should be receipts, the log alone does not say."""
    run(attacked, "DELETE FROM receipt WHERE first < 5")
    found = verify_log(attacked.tree)
    assert (told(found), found.unreceipted) == ([], (1, 2, 3, 4))
    run(attacked, "DELETE FROM receipt")
    found = verify_log(attacked.tree)
    assert (told(found), found.unreceipted) == ([], (*range(1, 10), 13))


@pytest.mark.parametrize("value", ["'text'", "1.5", "x'00'", "NULL", "CAST(x'ff' AS TEXT)"])
@pytest.mark.parametrize("column", ["command_id", "first", "count"])
def test_whatever_stands_in_a_receipt_is_a_doubt_and_no_crash(
    sqlite_url: str, open_log: Callable[..., SqlLog], column: str, value: str
) -> None:
    log = commanded(open_log(sqlite_url))
    loosened(log, "receipt", f"UPDATE loose SET {column} = {value} WHERE command_id = 'c5'")
    assert told(verify_log(log.tree))


def test_receipts_that_come_meanwhile_are_not_asked_about(sql_log: SqlLog) -> None:
    commanded(sql_log)
    tree = sql_log.tree
    size, asked = tree.size(), []

    def before_the_receipts_are_read() -> int:
        if not asked:
            asked.append(1)
            command(sql_log, "meanwhile", 2)
        return size

    tree.size = before_the_receipts_are_read  # type: ignore[method-assign]
    assert told(verify_log(tree)) == []
    assert sql_log.head() == size + 2


@pytest.mark.parametrize("at", [None, 3])
def test_a_view_in_the_place_of_receipts_is_told(attacked: SqlLog, at: int | None) -> None:
    rows = "SELECT * FROM hidden" + ("" if at is None else f" WHERE first <> {at}")
    run(attacked, "ALTER TABLE receipt RENAME TO hidden", f"CREATE VIEW receipt AS {rows}")
    assert "the table receipt is not as this library made it: no table of its own stands there" in told(
        verify_log(attacked.tree)
    )
