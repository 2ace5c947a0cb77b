"""The tree kept beside the log: always that of its leaves, on every store, whatever becomes of an append."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from earlystart_core.errors import Invalid, StoreUnavailable, Tampered
from earlystart_core.log import Log
from earlystart_core.proof.compact import Range
from earlystart_core.proof.hashing import BLOCK, LEVEL, cut, whole_root
from earlystart_core.proof.judging import verify_log
from earlystart_core.proof.paths import check_consistency, check_inclusion
from earlystart_core.proof.tree import range_at
from earlystart_sql.log import SqlLog
from tests.ready import Ready

from .conftest import entry, filled


def recomputed(log: Log, size: int | None = None) -> Range:
    """The compact range of the first leaves, one by one."""
    found = Range()
    for leaf in [each.leaf for each in log.read().entries()][:size]:
        found.push(leaf)
    return found


def is_whole(log: Log) -> bool:
    """Whether exactly the whole subtrees of the log are kept, with the hashes of their leaves."""
    leaves = cut(log.tree.leaves(0, log.head()))
    kept = {(level, number): hash_ for level, number, hash_ in log.tree.all_kept()}
    expected = {
        (level, number): whole_root(leaves[number << level : (number + 1) << level])
        for level in range(LEVEL, len(leaves).bit_length())
        for number in range(len(leaves) >> level)
    }
    return kept == expected


@pytest.mark.parametrize("batch", [1, 37, 256, 600])
def test_what_is_kept_is_what_the_leaves_give(log: Log, batch: int) -> None:
    for count in (5, 250, 1, 1, 300, 490):
        filled(log, count, batch)
        assert is_whole(log)
        size = log.head()
        assert range_at(log.tree, size).hashes == recomputed(log).hashes
        assert log.tree.root() == recomputed(log).root()
    assert sum(1 for _ in log.tree.all_kept()) == 4 + 2 + 1


def test_roots_and_proofs_at_any_size(log: Log) -> None:
    filled(log, 1100)
    leaves = [each.leaf for each in log.read().entries()]
    roots = {size: recomputed(log, size).root() for size in (0, 1, 2, 255, 256, 257, 511, 512, 700, 1024, 1100)}
    for size, root in roots.items():
        assert log.tree.root(size) == root
        for index in {0, 1, size // 3, size - 2, size - 1} & set(range(size)):
            check_inclusion(index, size, leaves[index], log.tree.inclusion(index, size), root)
        for old in {*roots, 0} & set(range(1, size + 1)):
            check_consistency(old, size, roots[old], root, log.tree.consistency(old, size))
    for size in (-1, 1101):
        with pytest.raises(Invalid, match="from 0 to that of the log, 1100"):
            log.tree.root(size)


def test_an_empty_log_has_the_root_of_nothing(log: Log) -> None:
    assert log.tree.root() == Range().root()
    assert verify_log(log.tree).sound
    assert list(log.tree.all_kept()) == []


class Refusal(Exception):
    """Of a follower."""


def test_an_append_that_is_undone_keeps_nothing(sql_log: SqlLog) -> None:
    filled(sql_log, 250)

    def refuse(*_: object) -> None:
        raise Refusal

    for _ in range(2):
        with pytest.raises(Refusal):
            sql_log.append([entry(n) for n in range(300)], also=refuse)
        assert is_whole(sql_log)
    filled(sql_log, 300, 50)
    assert is_whole(sql_log)
    assert verify_log(sql_log.tree).sound


def test_appends_of_many_at_once_keep_one_tree(sql_url: str, open_log: Callable[..., SqlLog]) -> None:
    logs = [open_log(sql_url) for _ in range(4)]

    def some(number: int) -> None:
        for step in range(12):
            logs[number % 4].append([entry(step) for _ in range(7 + 10 * (number % 3))])

    threads = [threading.Thread(target=some, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert is_whole(logs[0])
    assert verify_log(logs[1].tree).sound


WRITER = """
import sys
from datetime import UTC, datetime
from earlystart_core.entry import Entry
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
log = SqlLog(open_database(sys.argv[1], LOG), lambda: datetime.now(UTC))
while True:
    print(log.append([Entry("Tried", b"{}", ["x:1"])] * 150), flush=True)
"""


def test_a_writer_that_is_killed_leaves_a_whole_tree(
    sql_url: str, open_log: Callable[..., SqlLog], ready: Ready
) -> None:
    log = filled(open_log(sql_url), 10)
    for round_ in range(4):
        writer = ready.start(WRITER, sql_url)
        acknowledged = [int(writer.stdout.readline()) for _ in range(2 + round_)][-1]
        writer.kill()
        writer.communicate()
        assert log.head() >= acknowledged
        assert is_whole(log)
    assert verify_log(log.tree).sound
    filled(log, 300)
    assert is_whole(log)


def drop(log: SqlLog, *tables: str) -> None:
    with log.writing() as connection:
        for table in tables:
            connection.exec_driver_sql(f"DROP TABLE {table}")


def test_a_store_from_before_the_tree_is_served_and_gets_it(
    sql_url: str, open_log: Callable[..., SqlLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earlystart_sql.tree.CATCH_UP", 2)  # blocks
    old = filled(open_log(sql_url), 1500)
    root = old.tree.root()
    drop(old, "tree_node", "tree_head")
    log = open_log(sql_url)
    assert log.tree.root() == root  # from the leaves
    assert verify_log(log.tree).sound
    assert list(log.tree.all_kept()) == []
    assert log.tree.last_signed() is None
    blocks = []
    for _ in range(4):
        log.append([entry(0)])
        blocks.append(sum(level == LEVEL for level, _, _ in log.tree.all_kept()))
        assert log.tree.root() == recomputed(log).root()
        assert verify_log(log.tree).sound  # what is not kept yet is no doubt
    assert blocks == [2, 4, 5, 5]
    assert is_whole(log)
    with pytest.raises(StoreUnavailable, match="only ever added"), log.writing() as connection:
        connection.exec_driver_sql("DELETE FROM tree_node")


def test_the_tree_is_only_ever_added_to(sql_log: SqlLog, proof: Callable) -> None:
    from .conftest import PEM

    filled(sql_log, BLOCK)
    proof(sql_log).checkpoint(PEM)
    statements = [f"DELETE FROM {table}" for table in ("tree_node", "tree_head")]
    statements += ["UPDATE tree_node SET number = 9", "UPDATE tree_head SET size = 1"]
    if sql_log.database.dialect == "sqlite":
        statements += [
            "INSERT OR REPLACE INTO tree_node VALUES (8, 0, x'00')",
            "INSERT OR REPLACE INTO tree_head VALUES (1, 1, x'00', 0, x'00')",
        ]
    else:
        statements += ["TRUNCATE tree_node", "TRUNCATE tree_head"]
    for statement in statements:
        with pytest.raises(StoreUnavailable, match="only ever added"), sql_log.writing() as connection:
            connection.exec_driver_sql(statement)
    assert is_whole(sql_log)


def test_a_role_that_may_not_keep_the_tree_appends_all_the_same(
    postgres_url: str, open_log: Callable[..., SqlLog]
) -> None:
    owner = filled(open_log(postgres_url), 300)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS writer_only")
        connection.execute("CREATE ROLE writer_only LOGIN")
        connection.execute("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO writer_only")
        connection.execute("REVOKE INSERT ON tree_node FROM writer_only")
    url = postgres_url.replace("postgres@", "writer_only@")
    filled(open_log(url), 300)
    drop(owner, "tree_node")
    filled(open_log(url), 300)
    assert owner.head() == 900
    assert open_log(url).tree.root() == recomputed(owner).root()
    filled(owner, 10)
    assert is_whole(owner)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP OWNED BY writer_only")
        connection.execute("DROP ROLE writer_only")


def test_leaves_that_are_gone_are_no_root(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    log = filled(open_log(sqlite_url), 300)
    with log.writing() as connection:
        for name in ("entry_no_DELETE", "tree_node_no_DELETE"):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("DELETE FROM tree_node")
        connection.exec_driver_sql("DELETE FROM entry WHERE position = 7")
    with pytest.raises(Tampered, match="among the entries 1 to 256"):
        log.tree.root()
