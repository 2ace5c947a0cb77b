# ruff: noqa: D400  # a question ends in its own mark
"""Is a command, durably recorded and read back through a fresh view, as quick as the peer's with no view at all?

Ours: `submit(RecordContact)`, which decides, appends with tags, leaf and receipt and advances the views, then
`view("case_status", case=…)`. The peer: its `Application` gets the aggregate, triggers the event, saves, and gets it
again. Same cases, same contacts, both on SQLite files with `synchronous` FULL, one command each in turn. Each case
has its real history, and any case may be next, so neither side gains by the case being warm. A third side is the
peer's with every aggregate kept in memory and never copied: then its reading back reads no event of the history.
"""

import random
from collections.abc import Callable
from functools import partial
from statistics import mean
from time import perf_counter, process_time
from typing import Any

from benchmarks.application import KINDS, Cases, application, uuid_of
from benchmarks.city import City
from benchmarks.measure import Figure, Spread, fsync_seconds
from benchmarks.run import Run
from earlystart_core.entry import Practitioner
from earlystart_core.event import Event
from earlystart_core.record import Record
from earlystart_core.words.case import CaseOpened
from earlystart_core.words.contact import RecordContact
from earlystart_core.words.correction import MarkedInError

BY = Practitioner("practitioner:01HZ0000000000000000000000", "health_visitor", "org:lch")
MOST_CASES = 5_000


def histories(city: City) -> tuple[dict[str, list[Event]], float]:
    """What bears on each case's row, for cases that are open and hold no correction; and entries a case, in all."""
    found: dict[str, list[Event]] = {}
    entries: dict[str, int] = {}
    marked: set[str] = set()
    for recorded, event in city.facts():
        cases = [tag for tag in recorded.event.tags if tag.startswith("case:")]
        for case in cases:
            entries[case] = entries.get(case, 0) + 1
            if type(event).__name__ in KINDS:
                found.setdefault(case, []).append(event)
        if isinstance(event, MarkedInError):
            marked.update(cases)
    with city.record() as record:
        is_open = {row["case"] for row in record.view("case_status") if row["status"] == "open"}
    kept = {
        case: events
        for case, events in found.items()
        if case in is_open
        and case not in marked
        and isinstance(events[0], CaseOpened)
        and sum(isinstance(event, CaseOpened) for event in events) == 1
    }
    return dict(list(kept.items())[:MOST_CASES]), mean(entries.values())


def measure(run: Run) -> None:
    run.say("telling the cases to eventsourcing's Application")
    known, entries = histories(run.city)
    stock = application(run.city.folder / "application.db", cached=False)
    stock.write(known.items())
    cached = application(run.city.folder / "cached.db", cached=True)
    cached.write(known.items())
    commands = 150 if run.short else 1_000
    chance = random.Random(run.city.seed)
    with run.city.record() as record:
        record.rebuild()
        _expect_full(record, stock)
        sides: dict[str, Callable[[str, RecordContact], Any]] = {
            "ours": lambda case, command: _ours(record, case, command),
            "stock": lambda case, command: _peer(stock, case, command),
            "cached": lambda case, command: _peer(cached, case, command),
        }
        for case in known:
            cached.repository.get(uuid_of(case))
        found: dict[str, list[float]] = {name: [] for name in sides}
        busy: dict[str, list[float]] = {name: [] for name in sides}
        run.say("commanding")
        cases = list(known)
        for turn in range(commands + 20):
            case = chance.choice(cases)
            command = _contact(record, case)
            answers = {}
            for name in list(sides)[turn % 3 :] + list(sides)[: turn % 3]:
                seconds, processor, answers[name] = _quick(partial(sides[name], case, command))
                if turn >= 20:
                    found[name].append(seconds)
                    busy[name].append(processor)
            if answers["ours"] != answers["stock"] or answers["ours"] != answers["cached"]:
                raise SystemExit(f"the answers about {case} differ")
        parts = _parts(record, cases, chance, commands // 3)
    stock.close()
    cached.close()
    _report(run, found, busy, parts, entries, mean(len(events) for events in known.values()), len(known))


def _report(
    run: Run,
    found: dict[str, list[float]],
    busy: dict[str, list[float]],
    parts: dict[str, Spread],
    entries: float,
    bearing: float,
    cases: int,
) -> None:
    disk = fsync_seconds(run.city.folder).middle * 1000
    spread = {name: Spread(tuple(values)) for name, values in found.items()}
    in_ms = {name: f"{one.middle * 1000:.2f} ms" for name, one in spread.items()}
    for name, side, target in (("command", "stock", 0.8), ("command_cached", "cached", None)):
        blocks = _blocks(found[side], found["ours"])
        what = "a command and its reading back, against eventsourcing's Application"
        if side == "cached":
            what += " with every aggregate in memory"
        run.results.figures.append(
            Figure(name, what, in_ms["ours"], in_ms[side], blocks, _blocks(busy[side], busy["ours"]), target)
        )
    processor = {name: f"{Spread(tuple(values)).middle * 1000:.2f} ms" for name, values in busy.items()}
    run.results.notes.append(
        f"Of the processor's time a command takes {processor['ours']}; Application {processor['stock']}, and"
        f" {processor['cached']} with every aggregate in memory."
    )
    run.results.notes.append(
        f"Commands went to any of {cases:,} open cases, with {entries:.0f} entries a case of which {bearing:.0f} bear"
        f" on its row. Ours: {parts['submit'].middle * 1000:.2f} ms to submit and"
        f" {parts['view'].middle * 1000:.2f} ms to read back. One fsync of this disk: {disk:.2f} ms."
    )


def _blocks(theirs: list[float], ours: list[float], size: int = 50) -> Spread:
    """The ratio of medians in runs of so many commands: one command's ratio is mostly the disk's mood."""
    cuts = range(0, len(ours) - size + 1, size)
    return Spread(
        tuple(Spread(tuple(theirs[n : n + size])).middle / Spread(tuple(ours[n : n + size])).middle for n in cuts)
    )


def _quick(side: Callable[[], Any]) -> tuple[float, float, Any]:
    busy, started = process_time(), perf_counter()
    given = side()
    return perf_counter() - started, process_time() - busy, given


def _contact(record: Record, case: str) -> RecordContact:
    return RecordContact(
        occurred_at=record.store.clock(),
        contact=record.new_id("contact"),
        cases=(case,),
        kind="targeted",
        attendance="5",
        mechanism="01",
        location="A01",
        practitioners=(BY.practitioner,),
        employers=(BY.employer,),
        duration_min=40,
    )


def _ours(record: Record, case: str, command: RecordContact) -> dict[str, Any]:
    record.submit(command, BY)
    return record.view("case_status", case=case)[0]


def _peer(cases: Cases, case: str, command: RecordContact) -> dict[str, Any]:
    return cases.record_contact(
        case,
        command.at,
        {
            "contact": command.contact,
            "cases": list(command.cases),
            "kind": command.kind,
            "attendance": command.attendance,
            "mechanism": command.mechanism,
            "location": command.location,
            "practitioners": list(command.practitioners),
            "employers": list(command.employers),
            "duration_min": command.duration_min,
        },
    )


def _parts(record: Record, cases: list[str], chance: random.Random, count: int) -> dict[str, Spread]:
    found: dict[str, list[float]] = {"submit": [], "view": []}
    for _ in range(count):
        case = chance.choice(cases)
        command = _contact(record, case)
        found["submit"].append(_quick(lambda: record.submit(command, BY))[0])  # noqa: B023  # called at once
        found["view"].append(_quick(lambda: record.view("case_status", case=case))[0])  # noqa: B023
    return {name: Spread(tuple(values)) for name, values in found.items()}


def _expect_full(record: Record, peer: Cases) -> None:
    with record.store.database.engine.connect() as connection:  # type: ignore[attr-defined]  # it is an SqlStore
        ours = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    if min(ours, peer.synchronous()) < 2:
        raise SystemExit("expected both sides to keep a commit on the disk (synchronous FULL)")
