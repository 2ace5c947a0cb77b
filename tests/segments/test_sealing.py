"""Sealing: run by run, incremental, by several at once, beside writers, killed at any moment."""

import random
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import StoreUnavailable
from earlystart_core.record import Record
from earlystart_core.words import EVENTS
from earlystart_sql.segments import LENGTH, SqlShelf
from tests.ready import Ready

from .conftest import frames, same, told_anew

SEALER = """
import sys
from earlystart_core.record import Record
from earlystart_core.words import EVENTS
from earlystart_sql.segments import SqlShelf
with Record.open(sys.argv[1]) as record:
    shelf = SqlShelf(record.store.log, EVENTS, int(sys.argv[2]))
    print("ready", flush=True)
    for _ in range(int(sys.argv[3])):
        shelf.seal()
        if shelf.dropped:
            raise SystemExit(f"dropped {shelf.dropped}")
"""


def stored(log) -> dict[tuple[int, str, str], bytes]:
    with log.reading() as connection:
        rows = connection.exec_driver_sql("SELECT first, type, name, data FROM segment")
        return {(row[0], row[1], row[2]): bytes(row[3]) for row in rows}


def again(log, positions: range) -> list[Entry]:
    """Entries of the log, to be recorded once more."""
    entries = [one.event for one in log.read()]
    return [entries[position % len(entries)] for position in positions]


def test_a_grown_log_makes_only_its_last_run_again(record: Record) -> None:
    log = record.store.log
    shelf = SqlShelf(log, EVENTS, 300)
    head = log.head()
    runs = -(-head // 300)
    assert (shelf.seal(), shelf.seal()) == (runs, 0)
    before = stored(log)
    made = []
    shelf._seal, sealing = (lambda first, last: (made.append((first, last)), sealing(first, last))[1]), shelf._seal
    log.append(again(log, range(7)))
    last = (runs - 1) * 300 + 1
    assert shelf.seal() == 1
    assert made == [(last, head + 7)]
    after = stored(log)
    assert {key: blob for key, blob in after.items() if key[0] < last} == {
        key: blob for key, blob in before.items() if key[0] < last
    }
    assert [(run.first, run.last) for run in shelf.runs(10**9)][-1] == (last, head + 7)
    log.append(again(log, range(700)))
    assert shelf.seal() in (3, 4)
    assert same(frames(log, shelf), frames(log))
    assert (shelf.sealed().lag, shelf.dropped) == (0, [])


def test_ids_that_came_since_a_sealing_stand_in_their_order(record: Record) -> None:
    """Few enough not to be sealed, they are read from their rows and put in their places."""
    log = record.store.log
    SqlShelf(log, EVENTS, 10**6).seal()
    opened = next(one.event for one in log.read() if one.event.type == "CaseOpened")
    case = opened.tags[0]
    new = [f"case:{letter}{case[6:]}" for letter in "07"] + [f"case:4{case[6:-2]}{number:02}" for number in range(3)]
    log.append(
        [
            Entry(
                opened.type,
                opened.data.replace(case.encode(), one.encode()),
                [one, *opened.tags[1:]],
                version=opened.version,
                occurred_at=opened.occurred_at,
            )
            for one in new
        ]
    )
    shelf = SqlShelf(log, EVENTS, 10**6)
    cases = shelf.numbered("case")
    texts = cases.texts
    assert len(texts) - 1 == cases.size - 1 > 4 * len(new)
    assert [texts[number] for number in cases.order()] == sorted(texts[1:])
    assert same(frames(log, shelf), frames(log))


def test_a_sealing_goes_on_where_it_ended(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    log = record.store.log
    shelf = SqlShelf(log, EVENTS, 200)
    sealing = shelf._seal

    def fails(first: int, last: int) -> bool:
        if first > 800:
            raise StoreUnavailable("the disk is full")
        return sealing(first, last)

    monkeypatch.setattr(shelf, "_seal", fails)
    with pytest.raises(StoreUnavailable):
        shelf.seal()
    monkeypatch.undo()
    assert shelf.sealed().positions == 800
    assert same(frames(log, shelf), frames(log))
    assert shelf.seal() == -(-(log.head() - 800) // 200)


def test_nothing_half_made_is_kept(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run and its blobs are one transaction."""
    from earlystart_sql import segments

    log = record.store.log
    shelf = SqlShelf(log, EVENTS, 400)
    shelf.seal()
    log.append(again(log, range(3)))
    before, counted = stored(log), []

    def fail(connection, table, *rows):
        counted.append(table)
        segments_insert(connection, table, *rows[: len(rows) // 2 + 1])
        if table == "segment":
            raise StoreUnavailable("the disk is full")

    segments_insert = segments.insert
    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(segments, "insert", fail)
        shelf.seal()
    assert counted[-2:] == ["segment_run", "segment"]
    assert stored(log) == before
    assert same(frames(log, shelf), frames(log))


def test_an_empty_log_and_the_length_of_runs() -> None:
    log = told_anew(":memory:", [])
    assert SqlShelf(log, EVENTS).seal() == 0
    assert SqlShelf(log, EVENTS).sealed().runs == 0
    assert LENGTH == 262_144
    log.database.close()


def test_a_run_that_cannot_be_read_is_left_to_the_rows(record: Record) -> None:
    """An entry of a type that no view names harms no view, and so it must not harm a rebuild from segments."""
    log = record.store.log
    good = next(one.event for one in log.read())
    head = log.head()
    log.append([Entry("MeetingHeld", b'{"nonsense":1}', ["meeting:x"], version=1, occurred_at=good.occurred_at)])
    shelf = SqlShelf(log, EVENTS, 300)
    assert shelf.seal() == -(-(head + 1) // 300) - 1
    assert shelf.sealed().lag == (head + 1) % 300
    assert same(frames(log, shelf), frames(log))
    assert record.rebuild("segments").views == record.rebuild("rows").views


def test_a_slower_sealer_that_saw_less_shortens_nothing(record: Record) -> None:
    log = record.store.log
    shelf, head = SqlShelf(log, EVENTS, 10**6), log.head()
    shelf.seal()
    shelf._seal(1, head - 5)
    assert shelf.runs(head)[0].last == head


def test_sealers_readers_and_writers_at_once(record: Record, town: str) -> None:
    """Threads on two connections pools: no reader sees other cells, and no one drops what is sound."""
    log = record.store.log
    head = log.head()
    expected = {known: frames(log, None, str(known)) for known in (head // 3, head - 1, head)}
    more = again(log, range(120))
    faults: list[BaseException] = []
    done = Event()
    with Record.open(town) as other:
        shelves = [SqlShelf(one.store.log, EVENTS, 250) for one in (record, other)]

        def until_done(work) -> None:
            try:
                while not done.is_set():
                    work()
            except BaseException as fault:
                faults.append(fault)

        def read(shelf) -> None:
            for known, answer in expected.items():
                assert same(frames(log, shelf, str(known)), answer)

        def unseal() -> None:
            for run in shelves[0].runs(10**9)[::3]:
                with other.store.log.writing() as connection:
                    connection.exec_driver_sql(f"DELETE FROM segment WHERE first = {run.first}").close()
                    connection.exec_driver_sql(f"DELETE FROM segment_run WHERE first = {run.first}").close()
            time.sleep(0.02)

        shelves[0].seal()
        work = [shelves[0].seal, shelves[1].seal, lambda: read(shelves[0]), lambda: read(shelves[1]), unseal]
        threads = [Thread(target=until_done, args=(one,)) for one in work]
        for thread in threads:
            thread.start()
        for start in range(0, len(more), 10):
            log.append(more[start : start + 10])
            time.sleep(0.05)
        done.set()
        for thread in threads:
            thread.join()
        assert faults == []
        assert [shelf.dropped for shelf in shelves] == [[], []]
        shelves[0].seal()
        assert shelves[0].sealed().lag == 0
        assert same(frames(log, shelves[1]), frames(log))


def test_sealing_processes_beside_writers(record: Record, town: str, ready: Ready) -> None:
    log = record.store.log
    sealers = [ready.start(SEALER, town, 130, 6) for _ in range(2)]
    shelf = SqlShelf(log, EVENTS, 130)
    for one in sealers:
        one.stdout.readline()
    more = again(log, range(400))
    for start in range(0, len(more), 20):
        log.append(more[start : start + 20])
        assert same(frames(log, shelf, "900"), frames(log, None, "900"))
    for one in sealers:
        _, err = one.communicate(timeout=60)
        assert (one.returncode, err) == (0, "")
    shelf.seal()
    assert (shelf.dropped, shelf.sealed().lag, shelf.sealed().unsound) == ([], 0, [])
    assert same(frames(log, shelf), frames(log))


def test_killed_sealers_leave_whole_runs(record: Record, town: str, ready: Ready) -> None:
    """At random moments: what is left answers as the rows do, and the next sealing finishes."""
    log = record.store.log
    rows, dice = frames(log), random.Random(8)
    seen = set()
    for turn in range(5):
        with log.writing() as connection:
            for table in ("segment", "segment_run"):
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}").close()
        one = ready.start(SEALER, town, 20, 1)
        one.stdout.readline()
        time.sleep(dice.uniform(0.02, 0.25))
        one.kill()
        one.communicate(timeout=60)
        shelf = SqlShelf(log, EVENTS, 20)
        state = shelf.sealed()
        seen.add(state.runs)
        assert state.unsound == []
        assert state.positions + state.lag == log.head()
        assert same(frames(log, shelf), rows)
        if turn % 2:
            assert shelf.seal() == -(-log.head() // 20) - state.runs
            assert shelf.sealed().lag == 0
            assert same(frames(log, shelf), rows)
        assert shelf.dropped == []
    assert len(seen) > 1, "the moments of killing were all alike"


def test_no_personal_text_is_in_any_segment_byte(town: str, city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what was sealed, nor the ciphertext of it, nor a key's name."""
    with Record.open(town) as record:
        log = record.store.log
        record.rebuild("segments")
        blobs = b"".join(stored(log).values())
        assert len(blobs) > 10_000
        secrets = set()
        monkeypatch.delenv("EARLYSTART_KEK", raising=False)
        with Record.open(f"sqlite:///{city}") as whole:
            for one in whole.store.log.read():
                event = EVENTS.event(one)
                for text in EVENTS.opened(event, one, whole.store.keys).values():
                    if isinstance(text, str) and len(text) > 6:
                        secrets.add(text.encode())
                data = one.event.data
                at = data.find(b'"ct":"')
                if at >= 0:
                    secrets.add(data[at + 6 : at + 30])
        assert len(secrets) > 20
        assert [one for one in secrets if one in blobs] == []
        assert b"k_" not in blobs
