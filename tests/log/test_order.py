"""Orderings that lose entries elsewhere: slow writers, burnt positions, races of many."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError
from sqlalchemy import Connection

from earlystart_core.entry import Entry, Recorded
from earlystart_core.errors import StoreUnavailable
from earlystart_core.log import AlreadyRecorded, Receipt
from earlystart_sql import log as log_module
from earlystart_sql.log import SqlLog

MANY = 16


def entry(tag: str = "case:a") -> Entry:
    return Entry("Tried", b"{}", [tag])


def test_a_slow_writer_is_never_overtaken(sql_log: SqlLog, sql_url: str, open_log: Callable[..., SqlLog]) -> None:
    """F7: while position 1 is not committed no one can commit position 2, so no reader can see 2 before 1."""
    holding, go = threading.Event(), threading.Event()

    def slow(connection: Connection, recorded: Sequence[Recorded]) -> None:
        holding.set()
        assert go.wait(10)

    other = open_log(sql_url)  # connections of its own, as another process has
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(sql_log.append, [entry("n:1")], also=slow)
        assert holding.wait(10)
        second = pool.submit(other.append, [entry("n:2")])
        for _ in range(10):
            assert [found.position for found in other.read()] == []
            time.sleep(0.02)
        assert not second.done()
        go.set()
        assert (first.result(), second.result()) == (1, 2)
    assert [found.event.tags for found in other.read()] == [["n:1"], ["n:2"]]


def test_a_rollback_burns_no_position_and_no_number(
    sql_log: SqlLog, sql_url: str, open_log: Callable[..., SqlLog]
) -> None:
    """F7."""

    class Refusal(Exception):
        pass

    def refuse(connection: Connection, recorded: Sequence[Recorded]) -> None:
        assert [found.position for found in recorded] == [2]
        raise Refusal

    sql_log.append([entry("n:1")])
    for spoil in ({"also": refuse}, {}):
        sql_log.followers = [] if spoil else [refuse]
        with pytest.raises(Refusal):
            sql_log.append([Entry("New", b"{}", ["n:burnt"])], receipt=Receipt("c", b"d"), **spoil)  # type: ignore[arg-type]
    sql_log.followers = []
    assert open_log(sql_url).append([Entry("Newer", b"{}", ["n:2"])]) == 2  # gets the numbers that were rolled back
    assert sql_log.append([Entry("New", b"{}", ["n:burnt"])], receipt=Receipt("c", b"d")) == 3
    for tag, position in (("n:1", 1), ("n:2", 2), ("n:burnt", 3)):
        assert [found.position for found in sql_log.read(DCBQuery([DCBQueryItem(tags=[tag])]))] == [position]
    for kind, position in (("Tried", 1), ("Newer", 2), ("New", 3)):
        assert [found.position for found in sql_log.read(DCBQuery([DCBQueryItem(types=[kind])]))] == [position]
    with sql_log.reading() as connection:
        numbers = connection.exec_driver_sql("SELECT tag_id, kind, n, id FROM tag ORDER BY tag_id").all()
    assert [tuple(row) for row in numbers] == [(1, "n", 1, "n:1"), (2, "n", 2, "n:2"), (3, "n", 3, "n:burnt")]


def at_once(call: Callable[[int], int]) -> tuple[list[int], list[Exception]]:
    """Calls it from many threads at the same moment: what came back, and what was raised."""
    gate = threading.Barrier(MANY)
    came: list[int] = []
    raised: list[Exception] = []

    def one(number: int) -> None:
        gate.wait()
        try:
            came.append(call(number))
        except (IntegrityError, AlreadyRecorded) as error:
            raised.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came, raised


@pytest.mark.parametrize("memory", [False, True], ids=["stored", "memory"])
def test_of_many_conditional_appends_one_wins(sql_url: str, open_log: Callable[..., SqlLog], memory: bool) -> None:
    """F14."""
    logs = [open_log(":memory:")] if memory else [open_log(sql_url) for _ in range(4)]
    for round_ in range(1, 4):
        query = DCBQuery([DCBQueryItem(["Tried"], [f"place:{round_}"])])
        came, raised = at_once(
            lambda n, query=query, round_=round_: logs[n % len(logs)].append(  # type: ignore[misc]
                [entry(f"place:{round_}")], DCBAppendCondition(query)
            )
        )
        assert came == [round_]
        assert len(raised) == MANY - 1
        assert all(isinstance(error, IntegrityError) for error in raised)


def test_the_same_receipt_sent_at_once_is_kept_once(sql_url: str, open_log: Callable[..., SqlLog]) -> None:
    logs = [open_log(sql_url) for _ in range(4)]
    came, raised = at_once(lambda n: logs[n % 4].append([entry(), entry()], receipt=Receipt("same", b"d")))
    assert came == [2]
    assert {error.receipt.positions for error in raised if isinstance(error, AlreadyRecorded)} == {(1, 2)}
    assert len(raised) == MANY - 1


def test_unconditional_appends_of_many_leave_no_gap(sql_url: str, open_log: Callable[..., SqlLog]) -> None:
    logs = [open_log(sql_url) for _ in range(4)]
    _, raised = at_once(lambda n: [logs[n % 4].append([entry(f"n:{n}"), entry(f"m:{n}")]) for _ in range(5)][-1])
    assert not raised
    assert [found.position for found in logs[0].read()] == list(range(1, MANY * 10 + 1))


RACER = """
import sys
from datetime import UTC, datetime
from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError
from earlystart_core.entry import Entry
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
log = SqlLog(open_database(sys.argv[1], LOG), lambda: datetime.now(UTC))
print("ready", flush=True)
for line in sys.stdin:
    tag = line.strip()
    try:
        log.append([Entry("Tried", b"{}", [tag])], DCBAppendCondition(DCBQuery([DCBQueryItem([], [tag])])))
        print("won", flush=True)
    except IntegrityError:
        print("lost", flush=True)
log.database.close()
"""


def test_of_many_processes_one_wins_also_to_make_the_store(sql_url: str, open_log: Callable[..., SqlLog]) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, sql_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    try:
        assert [racer.stdout.readline() for racer in racers if racer.stdout] == ["ready\n"] * 4
        for round_ in range(10):
            for racer in racers:
                assert racer.stdin
                racer.stdin.write(f"place:{round_}\n")
                racer.stdin.flush()
            said = [racer.stdout.readline().strip() for racer in racers if racer.stdout]
            assert sorted(said) == ["lost"] * 3 + ["won"]
    finally:
        for racer in racers:
            racer.communicate()
    assert [found.position for found in open_log(sql_url).read()] == list(range(1, 11))


def test_who_cannot_get_the_lock_is_told_so(
    sql_log: SqlLog, sql_url: str, open_log: Callable[..., SqlLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earlystart_sql.sqlite.BUSY_SECONDS", 0.2)
    monkeypatch.setitem(__import__("earlystart_sql.postgres").postgres.SETTINGS, "lock_timeout", "200ms")
    other = open_log(sql_url)
    with sql_log.writing():
        with pytest.raises(StoreUnavailable, match="is busy"):
            other.append([entry()])
        with other.try_writing() as connection:
            assert connection is None
        with sql_log.try_writing() as connection:
            assert connection is None
        assert other.head() == 0
    assert other.append([entry()]) == 1
    with other.try_writing() as connection:
        assert connection is not None
    assert sql_log.append([entry()]) == 2


def test_a_long_read_is_of_one_moment(sql_log: SqlLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "PAGE", 3)
    sql_log.append([entry(f"n:{n % 2}") for n in range(10)])
    all_of_it, half = sql_log.read(), sql_log.read(DCBQuery([DCBQueryItem(tags=["n:1"])]))
    next(all_of_it)
    sql_log.append([entry("n:1")])
    assert [found.position for found in all_of_it] == list(range(2, 11))
    assert [found.position for found in half] == [2, 4, 6, 8, 10]
    assert all_of_it.head == half.head == 10


def test_a_large_run_is_cut(sql_log: SqlLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earlystart_sql.columns.RUN", 4)
    sql_log.append([entry() for _ in range(10)])
    assert [list(batch.positions) for batch in sql_log.batches(["Tried"])] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
