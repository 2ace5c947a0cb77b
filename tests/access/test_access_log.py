"""The access log: append-only beside the record, gapless, with a hash tree of its own that shows every change."""

import threading
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from earlystart_core import Record
from earlystart_core.entry import Entry, Practitioner
from earlystart_core.errors import StoreUnavailable, Tampered
from earlystart_core.proof.compact import Range
from earlystart_core.proof.hashing import BLOCK
from earlystart_sql.schema import LATER, LOOKS
from tests.proof.conftest import PEM
from tests.proof.test_own_tables import led_astray

from .conftest import *

CHANGES = [f"DELETE FROM {table}" for table in LOOKS] + [
    "UPDATE look SET data = '{}'",
    "UPDATE look SET position = 9 WHERE position = 1",
    "UPDATE look_tag SET id = 'case:x'",
    "UPDATE look_node SET hash = hash",
    "UPDATE look_head SET size = 1",
]
REPLACES = [
    "INSERT OR REPLACE INTO look VALUES (1, x'00', x'00', x'00')",
    "INSERT OR REPLACE INTO look VALUES (999, x'00', x'00', x'00')",
    "INSERT OR REPLACE INTO look_node VALUES (8, 0, x'00')",
    "INSERT OR REPLACE INTO look_head VALUES (1, 1, x'00', 0, x'00')",
]


def entries(count: int) -> list[Entry]:
    by = Practitioner(JO, "health_visitor", LCH)
    return [
        Entry("Looked", b'{"n":%d}' % number, [ANNA, JO][: 1 + number % 2], recorded_by=by) for number in range(count)
    ]


@pytest.fixture
def full(record: Record) -> Record:
    """With 600 entries, a glance at a case, and a signed checkpoint."""
    record.store.access.append(entries(599))
    record.seen_by(ALLOCATED).timeline(ANNA)
    record.access_proof.checkpoint(PEM, "earlystart.example/access")
    return record


def test_entries_have_no_gaps_and_time_does_not_run_back(record: Record, clock) -> None:
    record.store.access.append(entries(3))
    clock.now -= timedelta(hours=1)
    assert record.store.access.append(entries(1)) == 4
    found = list(record.store.access.about())
    assert [one.position for one in found] == [1, 2, 3, 4]
    assert found == sorted(found, key=lambda one: one.recorded_at)
    assert len(list(record.store.access.about(JO))) == 1
    assert record.store.log.head() == len(list(record.store.log.read()))


def test_a_long_log_is_read_page_by_page_and_from_any_instant(full: Record) -> None:
    whole = list(full.store.access.about())
    assert [one.position for one in whole] == list(range(1, 601))
    for at in (0, 1, 299, 599):
        since = whole[at].recorded_at
        assert list(full.store.access.about(since=since)) == [one for one in whole if one.recorded_at >= since]
    tagged = [one for one in whole if JO in one.event.tags]
    assert list(full.store.access.about(JO, whole[300].recorded_at)) == [one for one in tagged if one.position > 300]


@pytest.mark.parametrize("batch", [1, 100, 700])
def test_the_tree_that_is_kept_is_that_of_the_leaves(record: Record, batch: int) -> None:
    for _ in range(0, 700, batch):
        record.store.access.append(entries(batch))
    expected = Range()
    for one in record.store.access.about():
        expected.push(one.leaf)
    assert record.access_proof.root() == expected.root()
    assert sum(1 for _ in record.store.access.tree.all_kept()) == 2 * (700 // BLOCK) - 1
    found = record.access_proof.verify()
    assert (found.sound, found.size, found.root) == (True, 700, expected.root())


def test_its_tree_is_not_the_logs(full: Record) -> None:
    assert full.proof.root() != full.access_proof.root()
    assert full.proof.verify().sound
    assert full.proof.verify().since is None
    checkpoint = full.access_proof.verify().since
    assert checkpoint is not None
    assert checkpoint.size == 600
    single = full.access_proof.entry(600)
    assert b'"action":"read"' in (single.extra or b"")


def test_no_row_is_changed_or_removed(sql_url: str, clock, monkeypatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(sql_url, clock=clock) as record:
        record.store.access.append(entries(300))
        record.access_proof.checkpoint(PEM, "earlystart.example/access")
        sqlite = record.store.database.dialect == "sqlite"
        more = REPLACES if sqlite else [f"TRUNCATE {table}" for table in LOOKS]
        for statement in CHANGES + more:
            with (
                pytest.raises(StoreUnavailable, match="only ever added") as raised,
                record.store.database.writing() as connection,
            ):
                connection.exec_driver_sql(statement)
            assert isinstance(raised.value.__cause__, DBAPIError)
        assert record.access_proof.verify().sound


def unguarded(record: Record, *statements: str) -> None:
    """Carries statements out as an owner of the database could, who takes the triggers away."""
    with record.store.database.writing() as connection:
        for table in LOOKS:
            if record.store.database.dialect == "sqlite":
                for verb in ("UPDATE", "DELETE"):
                    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_replace")
            else:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            connection.exec_driver_sql(statement)


ATTACKS = {
    "a look is removed": ("DELETE FROM look WHERE position = 300",),
    "the last look is removed": ("DELETE FROM look WHERE position = 600",),
    "a look is altered": ("UPDATE look SET data = (SELECT data FROM look WHERE position = 7) WHERE position = 300",),
    "a leaf is altered": ("UPDATE look SET leaf = (SELECT leaf FROM look WHERE position = 7) WHERE position = 300",),
    "two change places": (
        "UPDATE look SET position = 9001 WHERE position = 5",
        "UPDATE look SET position = 5 WHERE position = 6",
        "UPDATE look SET position = 6 WHERE position = 9001",
    ),
    "a look is taken from who it is about": ("DELETE FROM look_tag WHERE position = 600",),
    "a look is put on another": ("INSERT INTO look_tag VALUES ('case:x', 300)",),
    "a look that is not there yet is about someone": ("INSERT INTO look_tag VALUES ('case:x', 601)",),
    "a look before the first is about someone": ("INSERT INTO look_tag VALUES ('case:x', 0)",),
    "a look stands before the first": ("UPDATE look SET position = -4 WHERE position = 600",),
    "whom looks are about is another's": ("UPDATE look_tag SET id = 'case:x' WHERE position = 301",),
    "only whom looks were about is left": tuple(f"DELETE FROM {table}" for table in ("look", "look_node", "look_head")),
    "the looks are dropped": tuple(f"DROP TABLE {table}" for table in ("look", "look_node", "look_head")),
    "whom looks are about is dropped": ("DROP TABLE look_tag",),
    **{
        f"a view in the place of {table}": (
            f"ALTER TABLE {table} RENAME TO hidden",
            f"CREATE VIEW {table} AS SELECT * FROM hidden",
        )
        for table in LOOKS
    },
    "the tree that is kept is altered": ("UPDATE look_node SET number = 77 WHERE number = 1",),
    "all is forgotten": tuple(f"DELETE FROM {table}" for table in ("look", "look_tag", "look_node")),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_every_attack_is_seen(full: Record, attack: str) -> None:
    unguarded(full, *ATTACKS[attack])
    assert not full.access_proof.verify().sound


REMADE = "CREATE TABLE remade AS SELECT * FROM {0}", "DROP TABLE {0}", "ALTER TABLE remade RENAME TO {0}"
ON_SQLITE = {  # where anything may stand anywhere
    "a trigger unmakes": (
        "CREATE TRIGGER more AFTER INSERT ON look BEGIN DELETE FROM look_tag WHERE position = NEW.position; END",
    ),
    "an index lacks a row": (
        "CREATE INDEX added ON look_tag (position) WHERE position <> 300",
        "PRAGMA writable_schema = 1",
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX added ON look_tag (position)' WHERE name = 'added'",
    ),
    "texts that are not are the same": (
        "CREATE TABLE remade (id TEXT COLLATE NOCASE, position BIGINT, PRIMARY KEY (id, position)) WITHOUT ROWID",
        "INSERT INTO remade SELECT * FROM look_tag",
        *REMADE[1:],
    ),
    "a row is there twice": (REMADE[0], "INSERT INTO remade SELECT * FROM look_tag WHERE position = 5", *REMADE[1:]),
    "a row is empty": (REMADE[0], "INSERT INTO remade VALUES (NULL, NULL)", *REMADE[1:]),
    **{
        f"a row holds {odd}": (f"INSERT INTO look_tag VALUES ({odd})",)
        for odd in ("'case:x', 'text'", "'case:x', 300.5", "x'00ff', 300", "CAST(x'ff' AS TEXT), 300")
    },
    **{
        f"a {column} is {odd}": (f"UPDATE look SET {column} = {odd} WHERE position = 300",)
        for column in ("frame", "data", "leaf")
        for odd in ("5", "'text'")
    },
}


@pytest.mark.parametrize("attack", ON_SQLITE)
def test_what_only_sqlite_lets_stand_is_seen(sqlite_url: str, clock, monkeypatch, attack: str) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(sqlite_url, clock=clock) as record:
        record.store.access.append(entries(600))
        unguarded(record, *(statement.format("look_tag") for statement in ON_SQLITE[attack]))
    with Record.open(sqlite_url, clock=clock) as record:
        assert not record.access_proof.verify().sound


@pytest.mark.parametrize("position", ["300.5", "'text'"])
@pytest.mark.parametrize("at", [20, 40])
def test_a_look_at_a_position_that_is_none_is_seen(sqlite_url: str, clock, monkeypatch, position: str, at: int) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(sqlite_url, clock=clock) as record:
        record.store.access.append(entries(40))
        change = f"UPDATE remade SET position = {position} WHERE position = {at}"
        unguarded(record, *(each.format("look") for each in (REMADE[0], change, *REMADE[1:])))
        assert not record.access_proof.verify().sound


def test_a_look_that_look_ups_do_not_reach_is_seen(sqlite_url: str, clock, monkeypatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(sqlite_url, clock=clock) as record:
        record.store.access.append(entries(600))
        led_astray(record.store.log, "look")
    with Record.open(sqlite_url, clock=clock) as record:
        (found,) = record.access_proof.verify().doubts
        assert str(found).startswith("the table look is damaged, and nothing more is read: ")


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_looks_at_the_same_time_and_odd_tags_are_no_doubt(record: Record, monkeypatch) -> None:
    monkeypatch.setattr("earlystart_sql.look_index.PAGE", 50)
    odd = ["", ":", "line\nfeed", '"', "\\", "ü:ß", "u\u0308", "case:A", "case:a", "x" * 1000, "\x01", "😀"]
    record.store.access.append([Entry("Looked", b"{}", [*odd, *odd]), Entry("Odd\ntype", b"{}", [])])
    record.store.access.append(entries(600))
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            record.store.access.append(entries(5))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        found = [record.access_proof.verify() for _ in range(5)]
    finally:
        done.set()
        thread.join()
    assert [list(map(str, each.doubts)) for each in found] == [[]] * 5
    assert found[-1].size > 602


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_a_store_from_before_gets_its_tables_when_someone_first_looks(record: Record) -> None:
    with record.store.database.writing() as connection:
        for table in LOOKS:
            connection.exec_driver_sql(f"DROP TABLE {table}")
    assert record.looked().rows == record.glass.rows().rows == []
    assert record.access_proof.verify().sound
    record.seen_by(ALLOCATED).timeline(ANNA)
    assert len(record.looked(case=ANNA)) == 1
    assert record.access_proof.verify().size == 1
    with pytest.raises(StoreUnavailable, match="only ever added"), record.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM look")
    assert set(LOOKS) < set(LATER)


def test_many_look_at_once_and_none_is_lost(sql_url: str, clock, monkeypatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(sql_url, clock=clock) as record:
        told(record)
        seen = record.seen_by(OF_TEAM)
        threads = [threading.Thread(target=lambda: [seen.timeline(ANNA) for _ in range(5)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(record.looked(case=ANNA)) == 20
        assert record.access_proof.verify().sound


def test_no_personal_data_is_in_it(record: Record) -> None:
    record.seen_by(ALLOCATED).timeline(ANNA)
    record.glass.break_for(ANNA, reason="danger_of_harm", text=WHY, by=STRANGER)
    stored = b"".join(one.event.data for one in record.store.access.about()).decode()
    assert SECRET not in stored
    assert WHY not in stored


def test_a_checkpoint_of_it_is_not_given_where_it_was_cut(full: Record) -> None:
    if hasattr(full.store, "database"):
        unguarded(full, "DELETE FROM look WHERE position > 500")
        with pytest.raises(Tampered, match="shorter than at its last checkpoint"):
            full.access_proof.checkpoint(PEM)
    else:
        assert full.access_proof.checkpoint(PEM).size == 600


@pytest.mark.parametrize("made", ["before the access log", "with it"])
def test_a_role_that_may_not_record_a_look_is_shown_nothing(
    postgres_url: str, clock, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    """It may append to the record all the same; only a reader's look cannot be kept, so nothing is shown."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(postgres_url, clock=clock) as record:
        told(record)
        assert record.view("case_status")
        if made == "before the access log":
            with record.store.database.writing() as connection:
                for table in LOOKS:
                    connection.exec_driver_sql(f"DROP TABLE {table}")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE no_looks LOGIN")
        try:
            connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO no_looks")
            if made == "with it":
                connection.execute("REVOKE INSERT ON look FROM no_looks")
            with Record.open(postgres_url.replace("postgres@", "no_looks@", 1), clock=clock) as record:
                assert not record.store.database.read_only
                with pytest.raises(StoreUnavailable):
                    record.seen_by(ALLOCATED).view("case_status", case=ANNA)
                with pytest.raises(StoreUnavailable):
                    record.seen_by(STRANGER).view("case_status", case=ANNA)
                assert record.looked().rows == []
        finally:
            connection.execute("DROP OWNED BY no_looks")
            connection.execute("DROP ROLE no_looks")


@pytest.mark.parametrize("table", ["look", "look_tag"])
def test_an_access_log_that_may_not_be_read_is_not_called_sound(
    postgres_url: str, clock, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(postgres_url, clock=clock) as record:
        record.store.access.append(entries(3))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE half_looks LOGIN")
        try:
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO half_looks")
            connection.execute(f"REVOKE SELECT ON {table} FROM half_looks")
            with (
                Record.open(postgres_url.replace("postgres@", "half_looks@", 1), clock=clock) as record,
                pytest.raises(StoreUnavailable, match=f"permission denied for table {table}"),
            ):
                record.access_proof.verify()
        finally:
            connection.execute("DROP OWNED BY half_looks")
            connection.execute("DROP ROLE half_looks")
