"""A closed record: whatever is asked of it raises one error, and nothing is opened again."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from earlystart_core import DecideTier, OpenCase, Practitioner, Reader, Record
from earlystart_core.errors import Invalid
from earlystart_sql.library import Connection

BY = Practitioner("practitioner:" + "0" * 25 + "1", role="health_visitor", employer="org:lch")
READER = Reader(BY.practitioner, BY.role, BY.employer, "direct_care")
CASE, FAMILY = "case:" + "0" * 25 + "1", "family:" + "0" * 25 + "1"
OPENING = OpenCase(case=CASE, family=FAMILY, team="team:armley", reason="birth")
SAID = "expected an open one, got one that was closed: open it again"
TIER = DecideTier(case=CASE, tier="universal_plus", reason="Low mood since the birth.")


@pytest.fixture(params=("memory://", "sqlite://", "sqlite_url", "postgres_url"))
def url(request: pytest.FixtureRequest) -> str:
    """A place for a record of each kind, in memory and not."""
    named: str = request.param
    return named if "://" in named else request.getfixturevalue(named)


@pytest.fixture
def record(url: str) -> Iterator[Record]:
    with Record.open(url) as made:
        made.submit(OPENING, by=BY)
        made.submit(TIER, by=BY)
        yield made


def refuses(ask: Callable[[], object], what: str) -> None:
    with pytest.raises(Invalid) as raised:
        ask()
    assert (raised.value.field, raised.value.message) == ("record", SAID), what


def test_nothing_is_asked_of_a_closed_record(record: Record) -> None:
    then, seen, glass = record.as_at(1), record.seen_by(READER), record.glass
    proof, access_proof = record.proof, record.access_proof
    assert then.view("case_status").rows  # folded, and still not told once the record is closed
    asks: dict[str, Callable[[], object]] = {
        "submit": lambda: record.submit(TIER, by=BY),
        "new_id": lambda: record.new_id("case"),
        "view": lambda: record.view("case_status"),
        "caseload": record.caseload,
        "tiers": record.tiers,
        "timeline": lambda: record.timeline(CASE),
        "disclosures": record.disclosures,
        "as_at": lambda: record.as_at(1),
        "diff": lambda: record.diff(1),
        "ask": lambda: record.ask("late"),
        "rebuild": record.rebuild,
        "erase": lambda: record.erase(CASE, authority="A, 1", second_authority="B, 1", by=BY),
        "erasures": record.erasures,
        "holds": record.holds,
        "kept_until": lambda: record.kept_until(CASE),
        "retention": record.retention,
        "seen_by": lambda: record.seen_by(READER),
        "looked": record.looked,
        "could_see": lambda: record.could_see(READER, CASE, 1),
        "glass": lambda: record.glass,
        "proof": lambda: record.proof,
        "access_proof": lambda: record.access_proof,
        "store": lambda: record.store,
        "with": record.__enter__,
        "then.view": lambda: then.view("case_status"),
        "then.caseload": then.caseload,
        "then.timeline": lambda: then.timeline(CASE),
        "seen.tiers": seen.tiers,
        "seen.as_at": lambda: seen.as_at(1),
        "seen.may": lambda: seen.may("read", CASE),
        "glass.rows": glass.rows,
        "glass.break_for": lambda: glass.break_for(CASE, reason="complaint", text="Asked to.", by=READER),
        "proof.root": proof.root,
        "proof.verify": proof.verify,
        "proof.entry": lambda: proof.entry(1),
        "access_proof.root": access_proof.root,
    }
    public = {name for name in dir(Record) if not name.startswith("_")} - {"open", "close"}
    assert public <= {*asks}, "a question that this test does not ask"
    store = record.store
    log, keys, access, batches = store.log, store.keys, store.access, store.log.batches(["TierDecided"])
    asks |= {
        "store.keys": lambda: store.keys,
        "log.head": log.head,
        "log.batches": lambda: next(batches),
        "log.subscribe": lambda: next(log.subscribe()),
        "keys.find": lambda: keys.for_subjects([CASE]),
        "access.latest": access.latest,
    }
    record.close()
    record.close()
    for what, ask in asks.items():
        refuses(ask, what)


def open_files(folder: Path) -> list[str]:
    """What this process has open below the folder."""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found.append(str(one.readlink()))
    return [name for name in found if name.startswith(f"{folder}/")]


def everything(record: Record, ended: list[BaseException]) -> None:
    """Asks until it is told no, and keeps what it was told; every answer before is a right one."""
    try:
        while True:
            assert [row["case"] for row in record.view("case_status")] == [CASE]
            assert record.timeline(CASE)[1]["fields"]["reason"] == TIER.reason
            assert record.submit(TIER, by=BY).positions == ()
    except BaseException as error:
        ended.append(error)


def nobody_is_connected(url: str) -> bool:
    """Whether the database has no connection but the one that asks, at the latest when the server has noticed."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as asking:
        for _ in range(100):
            if asking.execute(others).fetchone() == (0,):
                return True
            time.sleep(0.1)
    return False


def test_threads_that_ask_while_it_is_closed_are_answered_or_told(url: str, tmp_path: Path) -> None:
    """And no file and no connection is left open behind."""
    for _ in range(5):
        record = Record.open(url)
        record.submit(OPENING, by=BY)
        record.submit(TIER, by=BY)
        record.view("case_status")
        ended: list[BaseException] = []
        threads = [threading.Thread(target=everything, args=(record, ended)) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        record.close()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert [str(error) for error in ended] == [f"record: {SAID}"] * len(threads)
        if Path("/proc/self/fd").exists():
            assert open_files(tmp_path) == []
        if url.startswith("postgresql"):
            assert nobody_is_connected(url)


def test_a_record_that_is_forgotten_open_gives_its_connections_back(sql_url: str) -> None:
    """As a program does that opens one for each request: else it runs out of files, or the server out of places."""
    Record.open(sql_url).close()

    def connections() -> int:
        gc.collect()
        return sum(isinstance(one, Connection | psycopg.Connection) for one in gc.get_objects())

    before = connections()
    for _ in range(3):
        forgotten = Record.open(sql_url)
        forgotten.view("case_status")
        forgotten.submit(OPENING, by=BY)
        forgotten.looked()
        del forgotten
    assert connections() == before
