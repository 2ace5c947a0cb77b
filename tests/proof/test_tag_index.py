"""The index of tags: whatever is done to it, a verification says so, because decisions find entries by it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from earlystart_core.entry import Entry
from earlystart_core.proof.judging import verify_log
from earlystart_sql.log import SqlLog
from earlystart_sql.tag_index import tag_index

from .conftest import entry, filled
from .test_attacks import SIZE, attacked, run, told  # noqa: F401

SAYS_OTHERS = "position {}: the index of tags, by which it is found, says others than the entry"


@pytest.fixture
def indexed(attacked: SqlLog) -> SqlLog:  # noqa: F811
    """A log of which the attacker owns the database, the dictionary of tags too."""
    for table in ("tag", "receipt"):
        if attacked.database.dialect == "sqlite":
            run(attacked, *(f"DROP TRIGGER {table}_no_{name}" for name in ("UPDATE", "DELETE", "replace")))
        else:
            run(attacked, f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return attacked


def of_case(number: int) -> str:
    return f"(SELECT tag_id FROM tag WHERE id = 'case:{number}')"


def added(number: int, position: int) -> str:
    return f"INSERT INTO entry_tag SELECT {of_case(number)}, {position}, shape FROM entry WHERE position = {position}"


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DELETE FROM entry_tag WHERE position = 300", SAYS_OTHERS.format(300)),
        (f"DELETE FROM entry_tag WHERE position = {SIZE}", SAYS_OTHERS.format(SIZE)),
        ("DELETE FROM entry_tag WHERE position = 1", SAYS_OTHERS.format(1)),
        (
            f"INSERT INTO entry_tag SELECT {of_case(1)}, 301, shape FROM entry WHERE position = 301",
            SAYS_OTHERS.format(301),
        ),
        (f"UPDATE entry_tag SET tag_id = {of_case(3)} WHERE position = 300", SAYS_OTHERS.format(300)),
        ("UPDATE entry_tag SET shape = 3 - shape WHERE position = 300", SAYS_OTHERS.format(300)),
        ("UPDATE entry_tag SET position = 302 WHERE position = 300", SAYS_OTHERS.format(300)),
        ("UPDATE entry_tag SET shape = 77 WHERE position = 300", "a row of a tag or type that is not there"),
        ("UPDATE entry_tag SET tag_id = 77 WHERE position = 300", "a row of a tag or type that is not there"),
        (f"UPDATE entry_tag SET position = {SIZE + 1} WHERE position = 300", "names an entry that is not there"),
        ("UPDATE entry_tag SET position = 0 WHERE position = 300", "names an entry that is not there"),
        ("UPDATE entry_tag SET position = -300 WHERE position = 300", "names an entry that is not there"),
        ("UPDATE tag SET id = 'case:elsewhere' WHERE id = 'case:5'", SAYS_OTHERS.format(6)),
        ("UPDATE tag SET id = 'person:5', kind = 'person', n = 1 WHERE id = 'case:5'", SAYS_OTHERS.format(6)),
        ("UPDATE tag SET kind = 'person', n = 1 WHERE id = 'case:5'", "a tag stands among those of another kind"),
        ("UPDATE tag SET n = 77 WHERE id = 'case:5'", "numbered 1, 2, 3, … in the order of their coming"),
        ("DELETE FROM tag WHERE id = 'case:5'", "tags are not numbered 1, 2, 3, …, each once"),
        ("UPDATE shape SET id = 77 WHERE id = 2", "the types are not numbered 1, 2, 3, …, each once"),
        ("UPDATE shape SET id = -1 WHERE id = 2", "the types are not numbered 1, 2, 3, …, each once"),
        (f"UPDATE shape SET id = {2**31 - 1} WHERE id = 2", "the types are not numbered 1, 2, 3, …, each once"),
    ],
)
def test_a_touched_index_is_named(indexed: SqlLog, statement: str, sentence: str) -> None:
    run(indexed, statement)
    assert any(sentence in one for one in told(verify_log(indexed.tree)))


def test_two_rows_that_change_places_are_both_named(indexed: SqlLog) -> None:
    """What sums of plain numbers would not see: the same tags, the same positions, joined otherwise."""
    run(
        indexed,
        "DELETE FROM entry_tag WHERE position IN (300, 301)",
        added(300 % 7, 300),
        added(299 % 7, 301),
    )
    assert {SAYS_OTHERS.format(300), SAYS_OTHERS.format(301)} <= set(told(verify_log(indexed.tree)))


def test_two_cases_that_change_numbers_are_told(indexed: SqlLog) -> None:
    """Served rows are of numbers: those of the one would be shown as the other's."""
    run(indexed, "UPDATE tag SET n = -n WHERE n IN (6, 7)", "UPDATE tag SET n = 13 + n WHERE n < 0")
    assert told(verify_log(indexed.tree)) == [
        "the tags of a kind are not numbered 1, 2, 3, … in the order of their coming"
    ]


@pytest.mark.parametrize("low", [-5, 0, -(2**62), -(2**63)])
def test_a_second_index_under_low_numbers_is_told(sqlite_url: str, open_log: Callable[..., SqlLog], low: int) -> None:
    """A copy of a tag that lacks one entry: look-ups would take it for the tag."""
    log = filled(open_log(sqlite_url), SIZE)
    loosened(log, "tag", f"INSERT INTO loose SELECT {low}, kind, 8, id FROM tag WHERE id = 'case:5'")
    run(log, f"INSERT INTO entry_tag SELECT {low}, position, shape FROM entry_tag WHERE tag_id = 6 AND position > 9")
    assert "a tag is there more than once" in told(verify_log(log.tree))


def test_a_type_that_is_there_twice_is_told(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    loosened(log, "shape", "INSERT INTO loose SELECT 3, type, version FROM shape WHERE id = 1")
    assert "the types are not numbered 1, 2, 3, …, each once" in told(verify_log(log.tree))


def test_an_index_that_lacks_a_row_is_told(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    """A look-up goes through it; a reading of the whole does not."""
    log = filled(open_log(sqlite_url), SIZE)
    loosened(log, "tag", "CREATE UNIQUE INDEX by_id ON loose (id) WHERE id <> 'case:5'")
    run(
        log,
        "PRAGMA writable_schema = 1",
        "UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX by_id ON tag (id)' WHERE name = 'by_id'",
    )
    log.database.close()
    assert any("the table tag is at odds with its index" in one for one in told(verify_log(open_log(sqlite_url).tree)))


def loosened(log: SqlLog, table: str, statement: str) -> None:
    """The table without its constraints, after a statement on it as `loose`; all tables without their triggers."""
    with log.reading() as connection:
        triggers = connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'trigger'").scalars().all()
    run(
        log,
        *(f"DROP TRIGGER {name}" for name in triggers),
        f"CREATE TABLE loose AS SELECT * FROM {table}",
        statement,
        f"DROP TABLE {table}",
        f"ALTER TABLE loose RENAME TO {table}",
    )


@pytest.mark.parametrize("value", ["'text'", "x''", "x'31'", "1.5"])
@pytest.mark.parametrize("column", ["entry_tag.tag_id", "entry_tag.position", "entry_tag.shape", "tag.id", "tag.n"])
def test_whatever_stands_in_the_index_is_a_doubt_and_no_crash(
    sqlite_url: str, open_log: Callable[..., SqlLog], column: str, value: str
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    table, name = column.split(".")
    run(log, f"DROP TRIGGER {table}_no_UPDATE")
    where = "position = 300" if table == "entry_tag" else "id = 'case:5'"
    run(log, f"UPDATE {table} SET {name} = {value} WHERE {where}")
    assert not verify_log(log.tree).sound


def test_a_text_that_is_there_twice_is_told(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    """Whoever drops the unique index can do it: a look-up then finds one of the two and hides what the other has."""
    log = filled(open_log(sqlite_url), SIZE)
    loosened(log, "tag", "INSERT INTO loose SELECT 8, kind, 8, id FROM tag WHERE id = 'case:5'")
    run(log, "UPDATE entry_tag SET tag_id = 8 WHERE position = 300")
    assert "a tag is there more than once" in told(verify_log(log.tree))


def test_several_processes_find_what_one_does(indexed: SqlLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earlystart_sql.stretches.STRETCH", 256)
    assert verify_log(indexed.tree, processes=2).sound
    run(indexed, "DELETE FROM entry_tag WHERE position IN (300, 650)")
    said = told(verify_log(indexed.tree, processes=2))
    assert said == told(verify_log(indexed.tree)) == [SAYS_OTHERS.format(300), SAYS_OTHERS.format(650)]


HIDING = """
import sys
from earlystart_core.proof.judging import verify_log
from earlystart_sql.database import open_database
from earlystart_sql.schema import LOG
from earlystart_sql.tree import SqlTree
print([str(doubt) for doubt in verify_log(SqlTree(open_database(sys.argv[1], LOG)), processes=2).doubts])
"""
ALIKE = ("x0:3507178", "x1:2678241", "x2:2595852", "x3:166088")  # under key 0 they have the sum of case:4 and Tried


def test_a_key_of_hashes_that_everyone_knows_hides_nothing(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    log = filled(open_log(sqlite_url), 7)
    run(
        log,
        "DROP TRIGGER entry_tag_no_DELETE",
        "DROP TRIGGER entry_tag_no_replace",
        "DROP TRIGGER tag_no_replace",
        "DELETE FROM entry_tag WHERE position = 5",
        *(f"INSERT INTO tag VALUES ({n}, '{tag[:2]}', 1, '{tag}')" for n, tag in enumerate(ALIKE, 8)),
        *(f"INSERT INTO entry_tag SELECT {n}, 5, shape FROM entry WHERE position = 5" for n in range(8, 12)),
    )
    log.database.close()
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    ran = subprocess.run(
        [sys.executable, "-c", HIDING, sqlite_url], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"{[SAYS_OTHERS.format(5)]}\n"


def test_pages_of_any_size_give_the_same_sums(sql_log: SqlLog, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(sql_log, SIZE)
    whole = tag_index(sql_log.database, SIZE)
    for page in (1, 7, 100):
        monkeypatch.setattr("earlystart_sql.tag_index.PAGE", page)
        some = tag_index(sql_log.database, SIZE)
        assert (some.sums == whole.sums).all()
        assert some.doubts == whole.doubts == []


def test_odd_tags_are_indexed_as_they_are(sql_log: SqlLog) -> None:
    tags = ["", ":", ":x", "x:", "a:b:c", "no colon", "line\nfeed", '"quoted"', "\\", "ü:ß", "x" * 1000, "case:1"]
    sql_log.append(
        [Entry("Tried", b"{}", tags), Entry("Tried", b"{}", ["case:1", "case:1"]), Entry("Other", b"{}", [])]
    )
    found = verify_log(sql_log.tree)
    assert (found.size, told(found)) == (3, [])


def test_a_log_that_goes_on_meanwhile_is_no_doubt(sql_log: SqlLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earlystart_sql.stretches.STRETCH", 256)
    monkeypatch.setattr("earlystart_sql.tag_index.PAGE", 50)
    filled(sql_log, SIZE)
    done = threading.Event()

    def go_on() -> None:
        number = SIZE
        while not done.is_set():
            sql_log.append([entry(number), Entry("Tried", b"{}", [f"new:{number}"])] * 5)
            number += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        found = [verify_log(sql_log.tree) for _ in range(6)]
    finally:
        done.set()
        writer.join()
    assert [told(each) for each in found] == [[]] * 6
    assert found[-1].size > SIZE
