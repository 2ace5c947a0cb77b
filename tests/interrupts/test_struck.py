"""Interrupted at any place inside any call, a store is as if it had not been asked, or as if it had answered."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from earlystart_core import DecideTier, Record
from tests.interrupts.bench import BY, READER, TEXT, Bench, bench
from tests.interrupts.striking import Strike

STRIKES = 9  # of each call, in the quick part
Call = Callable[[], Any]


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


CALLS = (submit, look, lists, past, rebuild, break_glass, erase, open_anew, half_read)


def strikes(at: Bench, make: Callable[[Bench, int], Call], count: int, error: type[BaseException]) -> None:
    """Strikes a call at so many places, spread over all that it passes."""
    make(at, 0)()  # what is done once a process, such as reading a library in
    counting = Strike(0)
    assert counting.on(make(at, 0)) is None
    for n in range(1, count + 1):
        call = make(at, n)
        at.holds(Strike(1 + (2 * n - 1) * counting.passed // (2 * count), error).on(call))


@pytest.mark.parametrize("make", CALLS, ids=lambda make: make.__name__)
def test_a_call_that_is_interrupted_anywhere_leaves_nothing_open(
    place: Bench, make: Callable[[Bench, int], Call]
) -> None:
    strikes(place, make, STRIKES, KeyboardInterrupt)
