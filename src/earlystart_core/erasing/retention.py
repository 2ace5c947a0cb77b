"""Retention: until when each case and person is to be kept, which of them are due, and what holds them.

A child's health record is kept until the 25th birthday, or the 26th where care ended at 17 or later; a pregnancy
without a birth for 25 years after care ended, as maternity records are. Whoever appears in several cases is kept for
the longest of them (docs/decisions/0023-holds-and-retention.md). Nothing here erases.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.erasing.tombstones import holds, tombstones
from earlystart_core.event import shape_of
from earlystart_core.log import Log
from earlystart_core.proven import about
from earlystart_core.registry import Registry
from earlystart_core.words.case import CaseOpened
from earlystart_core.words.erasure import subjects_of_tombstone
from earlystart_core.words.hold import binding_holds, covers

CHILD, OLDER, MATERNITY = 25, 26, 25  # years
LATE = 17  # the age at the end of care from which on the older birthday counts


class Kept(msgspec.Struct, frozen=True):
    """Until when a record is kept: due from that day on. None: not to be said yet; `rule` says why."""

    until: date | None
    rule: str  # birthday_25, birthday_26, maternity_25; care_not_ended, case_unknown


UNKNOWN = Kept(None, "case_unknown")  # in no view: its opening was never told, or marked in error


def birthday(born_on: date, years: int) -> date:
    """The day on which someone comes to that age: for a child of 29 February 1 March in years without one."""
    try:
        return born_on.replace(year=born_on.year + years)
    except ValueError:
        return date(born_on.year + years, 3, 1)


def kept(born_on: date | None, closed_on: date | None) -> Kept:
    """Until when a case is kept. closed_on: None while care goes on, and then nobody can say."""
    if closed_on is None:
        return Kept(None, "care_not_ended")
    if born_on is None:
        return Kept(birthday(closed_on, MATERNITY), "maternity_25")
    if closed_on >= birthday(born_on, LATE):
        return Kept(max(birthday(born_on, OLDER), closed_on), "birthday_26")
    return Kept(birthday(born_on, CHILD), "birthday_25")


def longest(found: Iterable[Kept]) -> Kept:
    """The longest of them; none at all where one of them cannot be said yet, whatever their order.

    Of several reasons the first by name counts, so that care goes on is told before a case that nobody knows.
    """
    known = sorted(found, key=lambda one: (str(one.until or ""), one.rule))
    if not known:
        return UNKNOWN
    return known[0] if known[0].until is None else known[-1]


def kept_of(
    subject: str,
    log: Log,
    view: Callable[[str], Sequence[dict[str, Any]]],
    linked: Iterable[str],
    upto: int | None = None,
) -> Kept:
    """Until when a case or person is kept. view: a case's row of `case_status`. linked: cases that imports tell of.

    upto: the last position that counts; None: the head.

    Raises:
        Tampered: an entry about a person is not what was hashed when it was recorded, or does not name them.
    """
    found = {subject} if subject.startswith("case:") else {*linked}
    if subject.startswith("person:"):
        for recorded in about(subject, log.read(DCBQuery([DCBQueryItem(tags=[subject])])).entries()):
            if upto is None or recorded.position <= upto:
                found.update(tag for tag in recorded.event.tags if tag.startswith("case:"))
    rows = [next(iter(view(case)), None) for case in found]
    return longest(UNKNOWN if row is None else kept(row["born_on"], row["closed_on"]) for row in rows)


def people_in(log: Log, registry: Registry, upto: int | None = None) -> Iterator[tuple[str, str]]:
    """Every case with a person that an entry names beside it, struck entries too: their text is there all the same.

    upto: the last position that counts; None: the head.
    """
    for name, cls in registry.classes.items():
        ids = shape_of(cls).ids
        cases = [field for field, kind, _ in ids if kind == "case"]
        people = [field for field, kind, _ in ids if kind == "person"]
        if not cases or not people:
            continue
        for batch in log.batches([name], upto=upto):
            for raw in msgspec.json.decode(batch.data, type=list[msgspec.Raw]):
                data = registry.lift(name, batch.version, bytes(raw))
                for case in _ids(data, cases):
                    yield from ((case, person) for person in _ids(data, people))


def opened_in(log: Log, registry: Registry, upto: int | None = None) -> set[str]:
    """Every case that was opened up to that position, by mistake too: such a one has no row in `case_status`."""
    name = CaseOpened.__name__
    return {
        registry.lift(name, batch.version, bytes(raw))["case"]
        for batch in log.batches([name], upto=upto)
        for raw in msgspec.json.decode(batch.data, type=list[msgspec.Raw])
    }


def retention(
    log: Log,
    registry: Registry,
    cases: Iterable[dict[str, Any]],
    linked: Iterable[tuple[str, str]],
    now: datetime,
    on: date,
    upto: int | None = None,
    *,
    children: Iterable[tuple[str, str]],
) -> list[dict[str, Any]]:
    """Rows `subject, kept_until, rule, due, holds, erased` of every case and person, by subject.

    cases: rows of `case_status`. linked: cases with persons that imports tell of. children: those of them who go with
    the case. holds: those that stand at `now` and cover it, or one that it or who goes with it appears with. erased:
    the position of its tombstone. due: on that day kept long enough, not erased, and not held. upto: the last position
    that is known, of all but the holds; None: the head.
    """
    until = {row["case"]: kept(row["born_on"], row["closed_on"]) for row in cases}
    beside: dict[str, set[str]] = {case: set() for case in opened_in(log, registry, upto)}
    for case, person in {*people_in(log, registry, upto), *linked}:
        beside.setdefault(person, set()).add(case)
        beside.setdefault(case, set()).add(person)
    with_it: dict[str, set[str]] = {}
    for case, person in children:
        with_it.setdefault(case, set()).update(beside.get(person, ()))
    standing = binding_holds(holds(log)[0], now)
    erased = {
        subject: position
        for position, event in tombstones(log)
        if upto is None or position <= upto
        for subject in subjects_of_tombstone(event)
    }
    rows = []
    for subject in sorted(beside):
        if subject.startswith("case:"):
            how = until.get(subject, UNKNOWN)
        else:
            how = longest(until.get(case, UNKNOWN) for case in beside[subject])
        near = {subject, *beside[subject], *with_it.get(subject, ())}
        held = sorted({placed.hold for placed in standing if covers(placed, near)})
        due = how.until is not None and how.until <= on and not held and subject not in erased
        rows.append(
            {
                "subject": subject,
                "kept_until": how.until,
                "rule": how.rule,
                "due": due,
                "holds": held,
                "erased": erased.get(subject),
            }
        )
    return rows


def _ids(data: dict[str, Any], fields: Iterable[str]) -> Iterator[str]:
    for field in fields:
        value = data.get(field)
        if isinstance(value, str):
            yield value
        elif value is not None:
            yield from value
