"""What stands between the tables and who reads them: look-ups and a reading of the whole must find the same rows."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.errors import StoreUnavailable
from earlystart_core.proof.judging import verify_log
from earlystart_sql.log import SqlLog
from earlystart_sql.own_tables import TABLES
from earlystart_sql.raw import one
from earlystart_sql.sqlite import LIBRARY

from .conftest import filled
from .test_attacks import SIZE, attacked, run, told  # noqa: F401
from .test_tag_index import indexed, loosened  # noqa: F401

AT_ODDS = "the table {} is at odds with its index, or damaged"
DAMAGED = "the table {} is damaged, and nothing more is read: "
PAGE = 4096
RULED = "the table {} is not as this library made it: its columns have rules of their own"
NO_TABLE = "the table {} is not as this library made it: no table of its own stands there"


@pytest.mark.parametrize(("table", "processes"), [*((table, 1) for table in TABLES), ("entry_tag", 2)])
def test_a_view_in_the_place_of_a_table_is_told(indexed: SqlLog, table: str, processes: int) -> None:  # noqa: F811
    run(indexed, f"ALTER TABLE {table} RENAME TO hidden", f"CREATE VIEW {table} AS SELECT * FROM hidden")
    assert NO_TABLE.format(table) in told(verify_log(indexed.tree, processes=processes))


@pytest.mark.parametrize("table", ["tree_node", "tree_head"])
def test_a_view_in_the_place_of_the_tree_is_told(sql_log: SqlLog, table: str) -> None:
    filled(sql_log, SIZE)
    run(sql_log, f"ALTER TABLE {table} RENAME TO hidden", f"CREATE VIEW {table} AS SELECT * FROM hidden")
    assert NO_TABLE.format(table) in told(verify_log(sql_log.tree))


@pytest.mark.parametrize(
    "rule",
    [
        "TEXT COLLATE NOCASE UNIQUE",  # a look-up of one case finds another's entries too
        "TEXT REFERENCES kept (id) ON DELETE CASCADE",
        "TEXT UNIQUE ON CONFLICT REPLACE",
    ],
)
def test_a_table_whose_columns_have_rules_of_their_own_is_told(
    sqlite_url: str, open_log: Callable[..., SqlLog], rule: str
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    made = f"CREATE TABLE remade (tag_id INTEGER PRIMARY KEY, kind TEXT, n BIGINT, id {rule})"
    run(
        log,
        "CREATE TABLE kept AS SELECT * FROM tag",
        "CREATE UNIQUE INDEX by_id ON kept (id)",
        made,
        "INSERT INTO remade SELECT * FROM kept",
        "DROP TABLE tag",
        "ALTER TABLE remade RENAME TO tag",
    )
    assert told(verify_log(log.tree)) == [RULED.format("tag")]


@pytest.mark.parametrize("form", ["STRICT", "WITHOUT ROWID", "WITHOUT ROWID, STRICT", ""])
def test_a_table_of_another_form_with_the_same_rows_is_no_doubt(
    sqlite_url: str, open_log: Callable[..., SqlLog], form: str
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    columns = "tag_id INTEGER NOT NULL, position INTEGER NOT NULL, shape INTEGER NOT NULL CHECK (shape > 0), more TEXT"
    run(
        log,
        f"CREATE TABLE remade ({columns}, PRIMARY KEY (tag_id, position)) {form}",
        "INSERT INTO remade SELECT *, NULL FROM entry_tag",
        "DROP TABLE entry_tag",
        "ALTER TABLE remade RENAME TO entry_tag",
    )
    assert told(verify_log(log.tree)) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("ALTER TABLE entry_tag ENABLE ROW LEVEL SECURITY", "row security says who sees which rows"),
        ("CREATE RULE quiet AS ON INSERT TO entry_tag DO INSTEAD NOTHING", "a rule rewrites what is asked of it"),
        ("CREATE TABLE more () INHERITS (entry_tag)", "another table inherits"),
        (
            (
                "CREATE TRIGGER quiet BEFORE UPDATE ON entry_tag FOR EACH ROW"
                " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            ),
            "a trigger does more than refuse",
        ),
    ],
)
def test_what_postgresql_puts_before_a_table_is_told(
    postgres_url: str, open_log: Callable[..., SqlLog], statement: str, found: str
) -> None:
    log = filled(open_log(postgres_url), SIZE)
    assert verify_log(log.tree).sound
    run(log, statement)
    assert told(verify_log(log.tree)) == [f"the table entry_tag is not as this library made it: {found}"]


@pytest.mark.parametrize(
    "body",
    [
        "AFTER INSERT ON entry_tag BEGIN DELETE FROM entry_tag WHERE position = NEW.position; END",
        "AFTER INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
        "BEFORE INSERT ON entry BEGIN DELETE FROM entry_tag; SELECT RAISE(ABORT, 'no'); END",
        "BEFORE INSERT ON view_state WHEN 1 BEGIN DELETE FROM entry_tag; END",
    ],
)
def test_a_trigger_that_does_more_than_refuse_is_told(
    sqlite_url: str, open_log: Callable[..., SqlLog], body: str
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    run(log, "CREATE TABLE IF NOT EXISTS view_state (name)", f"CREATE TRIGGER entry_no_more {body}")
    assert told(verify_log(log.tree)) == ["the trigger entry_no_more does more than refuse: expected none that does"]


def test_an_entry_that_look_ups_do_not_reach_is_told(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    """A key in an inner page made smaller: who reads on from page to page finds the entries, who looks one up none."""
    log = filled(open_log(sqlite_url), SIZE)
    hidden = led_astray(log, "entry")
    again = open_log(sqlite_url)
    seen = {each.position for n in range(7) for each in again.read(DCBQuery([DCBQueryItem(tags=[f"case:{n}"])]))}
    assert hidden not in seen  # which is why it matters
    for processes in (1, 2):
        (one,) = told(verify_log(again.tree, processes=processes))
        assert one.startswith(DAMAGED.format("entry"))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_to_pages_it_ends_and_lets_nothing_through(
    sqlite_url: str, open_log: Callable[..., SqlLog], seed: int
) -> None:
    """Cells and children that change places, keys of inner pages, cells that are dropped or there twice."""
    log = filled(open_log(sqlite_url), 300)
    right = _answers(log)
    path = _closed(log)
    whole, chance = path.read_bytes(), Random(seed)
    pages = [page for page in range(PAGE, len(whole), PAGE) if whole[page] in (2, 5, 10, 13)]
    inner = [page for page in pages if whole[page] in (2, 5)]
    for _ in range(40):
        spoiled = bytearray(whole)
        _spoil(spoiled, chance.choice(chance.choice((pages, inner))), chance)
        path.write_bytes(spoiled)
        try:
            again = open_log(sqlite_url, read_only=True)
            sound = verify_log(again.tree).sound
        except StoreUnavailable:
            continue  # not even its schema or its head can be read
        assert not sound or _answers(again) == right


def _spoil(content: bytearray, page: int, chance: Random) -> None:
    cells = page + (12 if content[page] in (2, 5) else 8)
    count = int.from_bytes(content[page + 3 : page + 5], "big")
    if count < 2:
        return
    one, two = (slice(cells + 2 * at, cells + 2 * at + 2) for at in chance.sample(range(count), 2))
    first, second = (page + int.from_bytes(content[at], "big") for at in (one, two))
    kind = chance.randrange(5)
    if kind == 0:
        content[one], content[two] = content[two], content[one]
    elif kind == 1:
        content[one] = content[two]
    elif kind == 2:
        content[page + 3 : page + 5] = (count - 1).to_bytes(2, "big")
    elif kind == 3:
        content[first : first + 4], content[second : second + 4] = (
            content[second : second + 4],
            content[first : first + 4],
        )
    else:
        at = first + chance.randrange(10)
        content[at] = (content[at] + chance.choice((1, 5, 128, 255))) % 256


def _answers(log: SqlLog) -> list[object]:
    """What is read by every way: all of it, by tag, by type, at a position, in columns."""
    cases = [DCBQueryItem(tags=[f"case:{number}"]) for number in range(7)]
    asked = [None, *(DCBQuery([item]) for item in (*cases, DCBQueryItem(types=["Tried"])))]
    rows = [[(each.position, each.event, each.leaf) for each in log.read(query)] for query in asked]
    at = [[each.leaf for each in log.read(after=position, limit=1)] for position in range(0, 300, 7)]
    return [rows, at, [(one.type, one.positions, one.data) for one in log.batches(["Tried", "Tested"])]]


@pytest.mark.parametrize("table", ["entry", "fact", "entry_tag"])
def test_an_index_that_someone_added_and_that_lacks_a_row_is_told(
    sqlite_url: str, open_log: Callable[..., SqlLog], table: str
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    run(
        log,
        f"CREATE INDEX added ON {table} (position, shape) WHERE position <> 300",
        "PRAGMA writable_schema = 1",
        f"UPDATE sqlite_schema SET sql = 'CREATE INDEX added ON {table} (position, shape)' WHERE name = 'added'",
    )
    log.database.close()
    assert any(AT_ODDS.format(table) in one for one in told(verify_log(open_log(sqlite_url).tree)))


def test_an_index_that_is_whole_is_no_doubt(sql_log: SqlLog) -> None:
    filled(sql_log, SIZE)
    run(sql_log, "CREATE INDEX added ON fact (position, shape)")
    assert verify_log(sql_log.tree).sound


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE tag SET id = CAST(x'636173653aff' AS TEXT) WHERE tag_id = 3", "the index of tags has a row that is"),
        ("UPDATE shape SET type = CAST(x'ff' AS TEXT) WHERE id = 2", "it cannot be read any further: "),
    ],
)
def test_text_that_is_none_is_told_and_not_shown(
    sqlite_url: str, open_log: Callable[..., SqlLog], statement: str, sentence: str, processes: int
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    run(log, "DROP TRIGGER tag_no_UPDATE", "DROP TRIGGER shape_no_UPDATE", statement)
    log.database.close()
    said = told(verify_log(open_log(sqlite_url).tree, processes=processes))
    assert any(one.startswith(sentence) for one in said)
    assert not any("with text" in one for one in said)


def test_an_index_without_a_log_is_told(attacked: SqlLog) -> None:  # noqa: F811
    run(attacked, *(f"DELETE FROM {table}" for table in ("entry", "fact", "tree_node")))
    assert told(verify_log(attacked.tree)) == ["the index of tags names an entry that is not there: of 1 to 0"]


@pytest.mark.parametrize("position", ["-position", "position + 9223372036854775000", "position + 4611686018427387904"])
def test_positions_that_no_log_reaches_are_told(attacked: SqlLog, position: str) -> None:  # noqa: F811
    run(attacked, f"UPDATE entry SET position = {position}")
    assert not verify_log(attacked.tree).sound


@pytest.mark.parametrize("position", ["300.5", "'text'", "x'00'", "NULL"])
@pytest.mark.parametrize("at", [300, SIZE])
def test_a_position_that_is_none_is_told(
    sqlite_url: str, open_log: Callable[..., SqlLog], position: str, at: int
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    loosened(log, "entry", f"UPDATE loose SET position = {position} WHERE position = {at}")
    assert told(verify_log(log.tree))


def test_data_of_a_type_that_is_not_there_is_told(attacked: SqlLog) -> None:  # noqa: F811
    run(attacked, "INSERT INTO fact SELECT 77, 1000, occurred_at, data FROM fact WHERE position = 3")
    assert told(verify_log(attacked.tree)) == ["there is data of a type that is not there"]


def _closed(log: SqlLog) -> Path:
    """The log's file, closed and whole."""
    path = Path(str(log.database.address.path))
    log.database.close()
    with LIBRARY.connect(str(path)) as there:
        there.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert there.execute("PRAGMA page_size").fetchone() == (PAGE,)
    there.close()
    return path


def led_astray(log: SqlLog, table: str) -> int:
    """Makes a key smaller in the topmost page of a table of rowids; gives the row that is no longer found by it."""
    with log.reading() as connection:
        root = one(connection, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")
    path = _closed(log)
    content = bytearray(path.read_bytes())
    page = (root - 1) * PAGE
    assert content[page] == 5  # an inner page: cells of a child's number and its greatest key
    for cell in range(page + 12, page + 12 + 2 * int.from_bytes(content[page + 3 : page + 5], "big"), 2):
        key = page + int.from_bytes(content[cell : cell + 2], "big") + 4
        value = (content[key] & 127) << 7 | content[key + 1]
        if content[key] & 128 and value > 256 and value % 128 > 2 and value % 7:
            content[key + 1] -= 1
            path.write_bytes(content)
            return value
    raise AssertionError
