"""Calls that are interrupted: each is made for a bench and a number, and what it does can be done again."""

from collections.abc import Callable
from typing import Any

from earlystart_core import DecideTier, Record
from tests.interrupts.bench import BY, READER, TEXT, Bench

Call = Callable[[], Any]
Make = Callable[[Bench, int], Call]


class Cancelled(BaseException):
    """What a framework raises in a thread that it cancels."""


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
