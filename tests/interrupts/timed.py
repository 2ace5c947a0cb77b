"""A process that is interrupted by real signals at random moments inside its calls, and goes on each time.

    python timed.py URL KEYS COUNT SEED

After each interrupt it sends the interrupted command again, and says what it found on one line of JSON at the end:
how many calls were interrupted, and what was wrong after any of them.
"""

import json
import random
import signal
import sys
from collections.abc import Callable
from datetime import date
from time import monotonic, perf_counter
from types import FrameType

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core import DecideTier, EarlyStartError, NamePointOfContact, OpenCase, Practitioner, Reader, Record

JO = "practitioner:" + "0" * 25 + "1"
BY = Practitioner(JO, "health_visitor", "org:lch")
READER = Reader(JO, "health_visitor", "org:lch", "direct_care", team="team:armley")
WITHIN_SECONDS = 5


class Alarm(KeyboardInterrupt):
    """The signal came."""

    rung = 0


def ring(_: int, __: FrameType | None) -> None:
    Alarm.rung += 1
    raise Alarm


def interrupted(call: Callable[[], object], after: float) -> BaseException | None:
    """Calls it and lets a signal come so many seconds later; gives what came out, if the signal came in time.

    A library that cannot pass an exception on swallows it and fails in another way, which is then an error of ours.
    """
    rung = Alarm.rung
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, after)
            call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Alarm as alarm:
        return alarm
    except EarlyStartError as error:
        if rung == Alarm.rung:
            raise
        return error
    return None


def open_case(record: Record, team: str = "team:armley") -> str:
    case, family = record.new_id("case"), record.new_id("family")
    order = OpenCase(case=case, family=family, team=team, reason="birth", born_on=date(2024, 2, 20))
    record.submit(order, by=BY)
    return case


def calls_on(record: Record, case: str, n: int) -> dict[str, Callable[[], object]]:
    """What a program does with a record all day."""
    order = DecideTier(case=case, tier="universal" if n % 2 else "universal_plus", reason="Cries at night.")
    return {
        "submit": lambda: record.submit(order, by=BY, command_id=f"c{n}"),
        "look": lambda: record.seen_by(READER).timeline(case),
        "list": lambda: record.seen_by(READER).view("case_status"),
        "ask": lambda: record.as_at(known=3).caseload(),
        "glass": lambda: record.glass.break_for(case, reason="emergency_care", text="Out of breath.", by=READER),
    }


def run(url: str, keys: str, count: int, seed: int) -> dict[str, object]:
    chance = random.Random(seed)
    struck, wrong, held, slowest = 0, [], None, 0.0
    with Record.open(url, keys=keys) as record:
        case = open_case(record)
        record.submit(NamePointOfContact(case=case, practitioner=JO), by=BY)
        took: dict[str, float] = {}
        for name, call in calls_on(record, case, 0).items():
            call()
            started = perf_counter()
            call()
            took[name] = perf_counter() - started
        n = 0
        while struck < count and n < 20 * count:
            n += 1
            if n % 50 == 0:
                case = open_case(record)
                record.submit(NamePointOfContact(case=case, practitioner=JO), by=BY)
            calls = calls_on(record, case, n)
            name = chance.choice([*calls, "submit", "submit"])
            held = interrupted(calls[name], chance.uniform(1e-6, 1.2 * took[name]))  # kept, as a console keeps it
            struck += held is not None
            started = monotonic()
            if name == "submit":
                calls[name]()
                again = calls[name]()
                of_case = record.store.log.read(DCBQuery([DCBQueryItem(tags=[case])])).entries()
                found = [one.position for one in of_case if one.event.command_id == f"c{n}"]
                if len(found) > 1 or found != list(again.positions):  # type: ignore[attr-defined]
                    wrong.append(f"{n} {name}: recorded as {found}, the answer is {again}")
            else:
                open_case(record, "team:beeston")
            slowest = max(slowest, monotonic() - started)
            if monotonic() - started > WITHIN_SECONDS:
                wrong.append(f"{n} {name}: the next write took {monotonic() - started:.1f} s")
        for proof in (record.proof, record.access_proof):
            wrong += [str(doubt) for doubt in proof.verify().doubts]
        wrong += [str(difference) for difference in record.store.views.check()[1]]
        entries = record.store.log.head()
    return {"struck": struck, "wrong": wrong, "entries": entries, "slowest_seconds": round(slowest, 3)}


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, ring)
    url, keys, count, seed = sys.argv[1:]
    sys.stdout.write(json.dumps(run(url, keys, int(count), int(seed))) + "\n")
