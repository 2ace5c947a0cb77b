"""Who looked at a case, and what tied them to it: the reason that a caseload gives, or its absence."""

from datetime import datetime

from earlystart_core.clocks import clocks_at
from earlystart_core.desk.asked import Asked, Row
from earlystart_core.words.allocation import AllocationEnded, PackageAllocated
from earlystart_core.words.case import PointOfContactNamed
from earlystart_core.words.contact import ContactRecorded
from earlystart_core.words.package import PackageEnded


def accesses(asked: Asked, case: str | None = None) -> list[Row]:
    """The readings of identifiable records, of one case or of all, as the access log has them (`record.looked`).

    Rows `at, practitioner, role, employer, purpose, subject, action, rings, result, rules, break_glass`, cut at both
    clocks' instants.
    """
    latest = asked.latest
    return [row for row in asked.record.looked(case=case) if latest is None or row["at"] <= latest]


def readings(asked: Asked, case: str | None = None) -> list[Row]:
    """The accesses by which something was shown: none that was refused, nor the breaking of a glass by itself."""
    return [row for row in accesses(asked, case) if row["result"] == "permitted" and row["rings"]]


def looked(asked: Asked, *, case: str | None = None, practitioner: str | None = None) -> list[Row]:
    """Who looked, and what tied them to the case at that moment (`ties`).

    `reason`: whether anything did; null for a reading that was not of one case.
    """
    rows = [row for row in accesses(asked, case) if practitioner in (None, row["practitioner"])]
    found = []
    for row in rows:
        about = row["subject"] or ""
        one_case = about.startswith("case:")
        tied = ties(asked, about, row["practitioner"], row["at"]) if one_case else []
        found.append({**row, "ties": tied, "reason": bool(tied) if one_case else None})
    return found


def ties(asked: Asked, case: str, practitioner: str, at: datetime) -> list[str]:
    """What tied a practitioner to a case at an instant, as known then.

    `allocated`: holds one of its running packages. `point_of_contact`: the family can ring them. `contact`: was at a
    contact before. `recorded`: had recorded something about it.
    """
    then = asked.at(clocks_at(asked.log, at, at))
    facts = then.story(case)
    held: set[str] = set()
    named, met, recorded = None, False, False
    for one in facts.standing():
        who = one.entry.event.recorded_by
        recorded = recorded or (who is not None and who.practitioner == practitioner)
        match one.event:
            case PackageAllocated():
                held.discard(one.event.package)
                held |= {one.event.package} if one.event.practitioner == practitioner else set()
            case AllocationEnded() if one.event.practitioner == practitioner:
                held.discard(one.event.package)
            case PackageEnded():
                held.discard(one.event.package)
            case PointOfContactNamed():
                named = one.event.practitioner
            case ContactRecorded():
                met = met or practitioner in one.event.practitioners
    found = {
        "allocated": bool(held),
        "point_of_contact": named == practitioner,
        "contact": met,
        "recorded": recorded,
    }
    return [name for name, is_so in found.items() if is_so]
