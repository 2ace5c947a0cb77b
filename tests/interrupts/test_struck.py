"""Interrupted at any place inside any call, a store is as if it had not been asked, or as if it had answered."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from base_feed import base, written

from earlystart_feeds import import_feed
from tests.interrupts.bench import Bench, bench
from tests.interrupts.calls import CALLS, Cancelled, Make, erase, open_anew, rebuild, submit
from tests.interrupts.striking import Strike

STRIKES = 6  # of each call, in a plain run

pytestmark = [
    # A connection that is lost on its way is closed when it is freed, and an interrupt in a finalizer is passed over.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def place(sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with bench(sql_url, tmp_path) as made:
        yield made


def strikes(at: Bench, make: Make, count: int, error: type[BaseException]) -> int:
    """Strikes a call at so many places, spread over all that it passes, or at each; returns how many times."""
    make(at, 0)()  # what is done once a process, such as reading a library in
    counting = Strike(0)
    assert counting.on(make(at, 0)) is None
    count = min(count, counting.passed)
    for n in range(1, count + 1):
        call = make(at, n)
        at.holds(Strike(1 + (2 * n - 1) * counting.passed // (2 * count), error).on(call))
    return count


@pytest.mark.parametrize("make", CALLS, ids=lambda make: make.__name__)
def test_a_call_that_is_interrupted_anywhere_leaves_nothing_open(place: Bench, make: Make) -> None:
    strikes(place, make, STRIKES, KeyboardInterrupt)


@pytest.mark.parametrize("error", [Cancelled, SystemExit], ids=lambda one: one.__name__)
def test_a_cancelled_thread_leaves_nothing_open_either(place: Bench, error: type[BaseException]) -> None:
    strikes(place, submit, STRIKES, error)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("make", CALLS, ids=lambda make: make.__name__)
def test_at_every_place(place: Bench, make: Make) -> None:
    most = {rebuild: 400, erase: 600, open_anew: 600}.get(make, 1_000)
    assert strikes(place, make, most, KeyboardInterrupt) > 200


def test_a_command_that_was_interrupted_is_recorded_once_or_not_at_all(place: Bench) -> None:
    """Sent again under its command_id, it is there once."""
    make, count = submit, 3 * STRIKES
    counting = Strike(0)
    make(place, 0)()
    counting.on(make(place, 0))
    for n in range(1, count + 1):
        call = make(place, n)
        place.holds(Strike(1 + (2 * n - 1) * counting.passed // (2 * count)).on(call))
        done = call()
        found = [one for one in place.record.store.log.read().entries() if one.event.command_id == f"c{n}"]
        assert [one.position for one in found] == [*done.positions]


def test_an_import_that_was_interrupted_is_finished_by_the_next(place: Bench, tmp_path: Path) -> None:
    """Each later than the one before, until one comes through. Nothing of it is recorded twice."""
    store: Any = place.record.store
    into = SimpleNamespace(log=store.log, keys=store.keys, ledger=store.ledger)
    feed = written(tmp_path / "feed", base())
    at, struck = 500, 0
    while (error := Strike(at).on(lambda: import_feed(feed, into, clock=store.clock, chance=store.chance))) is not None:
        place.holds(error)
        at, struck = at * 5 // 4, struck + 1
    assert struck > 5
    kinds = [one.event.type for one in store.log.read().entries() if one.event.recorded_by.role == "feed"]
    assert kinds.count("CaseOpened") == kinds.count("ContactRecorded") == kinds.count("PackageEnded") == 1
    assert import_feed(feed, into, clock=store.clock, chance=store.chance).total.accepted == 0
