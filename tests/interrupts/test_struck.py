"""Interrupted at any place inside any call, a store is as if it had not been asked, or as if it had answered."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from base_feed import base, written

from earlystart_core import DecideTier, Record
from earlystart_feeds import import_feed
from tests.interrupts.bench import BY, READER, TEXT, Bench, bench
from tests.interrupts.striking import Strike

STRIKES = 6  # of each call, in a plain run
Call = Callable[[], Any]
Make = Callable[[Bench, int], Call]

pytestmark = [
    # A connection that is lost on its way is closed when it is freed, and an interrupt in a finalizer is passed over.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Cancelled(BaseException):
    """What a framework raises in a thread that it cancels."""


@pytest.fixture
def place(sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with bench(sql_url, tmp_path) as made:
        yield made


def submit(at: Bench, n: int) -> Call:
    order = DecideTier(case=at.case, tier="universal" if n % 2 else "universal_plus", reason=TEXT)
    return lambda: at.record.submit(order, by=BY, command_id=f"c{n}")


def look(at: Bench, n: int) -> Call:
    return lambda: at.record.seen_by(READER).timeline(at.case)


def lists(at: Bench, n: int) -> Call:
    return lambda: at.record.seen_by(READER).view("case_status")


def past(at: Bench, n: int) -> Call:
    return lambda: at.record.as_at(known=3).caseload()


def rebuild(at: Bench, n: int) -> Call:
    return lambda: at.record.rebuild("segments" if n % 2 else "rows")


def break_glass(at: Bench, n: int) -> Call:
    return lambda: at.record.glass.break_for(at.case, reason="emergency_care", text="Out of breath.", by=READER)


def erase(at: Bench, n: int) -> Call:
    case = at.open_case()
    at.record.submit(DecideTier(case=case, tier="universal_plus", reason=TEXT), by=BY)
    return lambda: at.record.erase(case, authority="Guardian, IG-7", second_authority="Head of IG, IG-7", by=BY)


def open_anew(at: Bench, n: int) -> Call:
    def call() -> None:
        with Record.open(at.url, keys=at.keys) as record:
            record.timeline(at.case)

    return call


def half_read(at: Bench, n: int) -> Call:
    def call() -> None:
        entries = at.record.store.log.read().entries()
        next(entries)
        at.record.store.log.head()

    return call


CALLS: tuple[Make, ...] = (submit, look, lists, past, rebuild, break_glass, erase, open_anew, half_read)


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
