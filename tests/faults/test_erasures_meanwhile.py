"""Several erasures at once, amid writers, a rebuild and readers: each ends within a bound, and so does each command."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest

from earlystart_core import DecideTier, Record
from earlystart_core.erasing.reconciling import unfinished
from earlystart_core.errors import Conflict, StoreUnavailable
from tests.depth import many
from tests.faults.writing import BY, WRITER, Answers, check, order_of
from tests.ready import Ready

BOUND_SECONDS = 15  # of which 10 at most are spent waiting for the append lock, and 2 for older transactions to end
AT_ONCE = 4

REBUILDER = """
import sys
from earlystart_core import Record
with Record.open(sys.argv[1], keys=sys.argv[2]) as record:
    print("ready", flush=True)
    while True:
        record.rebuild()
        record.as_at().caseload()
"""


def erased(url: str, keys: str, cases: list[str]) -> list[float]:
    """How long each erasure took; one that could not clear everything says so, and is tried again."""
    took = []
    with Record.open(url, keys=keys) as record:
        for case in cases:
            started = monotonic()
            try:
                record.erase(case, authority="Guardian A", second_authority="Head of IG B", by=BY)
            except (Conflict, StoreUnavailable) as error:
                assert "erase again" in str(error) or "tries were made" in str(error)
            took.append(monotonic() - started)
    return took


def test_each_ends_within_a_bound(sql_url: str, tmp_path: Path, ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL others' transactions keep deleted keys in sight for a moment; on SQLite its log is emptied."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    keys, each, go = str(tmp_path / "keys.db") if sql_url.startswith("sqlite") else sql_url, many(6, 3), tmp_path / "go"
    go.touch()
    with Record.open(sql_url, keys=keys) as record:
        orders = [order_of(f"erased{n}-0") for n in range(AT_ONCE * each)]
        for order in orders:
            record.submit(order, by=BY)
            record.submit(DecideTier(case=order.case, tier="universal_plus", reason="Cries at night."), by=BY)
    others = [ready.start(WRITER, sql_url, keys, f"w{n}", 10_000, go) for n in range(3)]
    others.append(ready.start(REBUILDER, sql_url, keys))
    for one in others:
        assert one.stdout.readline() == "ready\n"
    cases = [order.case for order in orders]
    with ThreadPoolExecutor(AT_ONCE) as erasers:
        took = [
            seconds
            for found in erasers.map(lambda n: erased(sql_url, keys, cases[n::AT_ONCE]), range(AT_ONCE))
            for seconds in found
        ]
    for one in others:
        one.kill()
    assert max(took) < BOUND_SECONDS
    answers = Answers()
    for one in others:
        answers.read(one.communicate()[0])
    assert answers.yes
    assert answers.no == {}
    with Record.open(sql_url, keys=keys) as record:
        for case in cases:
            record.erase(case, authority="Guardian A", second_authority="Head of IG B", by=BY)
            assert [row["fields"]["reason"] for row in record.timeline(case) if row["type"] == "TierDecided"] == [
                "(erased)"
            ]
        assert len(record.erasures()) == len(cases)
        assert not unfinished(record.store.log, record.store.keys)
        check(record, answers)
