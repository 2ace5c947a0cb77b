"""Who looked at a case, and what tied them to it: the reason that a caseload gives, or its absence."""

from datetime import datetime

from msgspec.structs import replace

from earlystart_core.access.glass import Now
from earlystart_core.access.glass import glasses as broken_for
from earlystart_core.access.looked import UNREADABLE
from earlystart_core.access.policy import RULES
from earlystart_core.access.reader import Reader
from earlystart_core.access.ties import ties_then
from earlystart_core.clocks import Clocks, clocks_at
from earlystart_core.desk.asked import Asked, Row
from earlystart_core.words.contact import ContactRecorded

TIES = ("allocated", "point_of_contact", "team", "consented")  # of `access.policy.Relation`, those that permit
_BY_TEAM = {rule.id for rule in RULES if rule.relation == "team"}


def accesses(asked: Asked, case: str | None = None) -> list[Row]:
    """The readings of identifiable records, of one case or of all, as the access log has them (`record.looked`).

    Rows `at, practitioner, role, employer, purpose, subject, action, rings, result, rules, known, break_glass`, cut at
    both clocks' instants. One that cannot be read, and does not say when it was, is never cut.
    """
    latest = asked.latest
    return [row for row in asked.record.looked(case=case) if latest is None or row["at"] is None or row["at"] <= latest]


def readings(asked: Asked, case: str | None = None) -> list[Row]:
    """The accesses by which something was shown."""
    return [row for row in accesses(asked, case) if is_reading(row)]


def is_reading(row: Row) -> bool:
    """Whether something was shown by an access: it was not refused, nor the breaking of a glass by itself.

    One that cannot be read but for who it was and when may have been one, and counts as one.
    """
    if row["result"] == UNREADABLE:
        return row["at"] is not None and row["practitioner"] is not None
    return row["result"] == "permitted" and bool(row["rings"])


def looked(asked: Asked, *, case: str | None = None, practitioner: str | None = None) -> list[Row]:
    """Who looked, what tied them to the case at that moment (`ties`), and what else they had had to do with it.

    The log is read as it was known where the reader was judged (`known`), by the access policy's own reading of it.
    `ties`: `allocated`, `point_of_contact`, `consented`; and `team` where the recorded rules say so, since the access
    log does not keep in which team a reader works. `dealings`, which open nothing: as `dealings` gives them.
    `reason`: whether anything tied them; null for a reading that was not of one case, or that cannot be read.
    """
    found = []
    for row in accesses(asked, case):
        about = row["subject"] or ""
        if practitioner not in (None, row["practitioner"]):
            continue
        if row["result"] == UNREADABLE or not about.startswith("case:") or row["known"] > asked.log.head():
            found.append({**row, "ties": [], "dealings": [], "reason": None})
            continue
        reader = Reader(row["practitioner"], row["role"], row["employer"], row["purpose"])
        clocks = clocks_at(asked.log, row["known"])
        at = max(one for one in (row["at"], clocks.known_at) if one is not None)  # as the policy tells what time it is
        tied = ties(asked, reader, about, clocks, at, of_team=not _BY_TEAM.isdisjoint(row["rules"]))
        had = dealings(asked, reader.practitioner, about, clocks, row["at"])
        found.append({**row, "ties": tied, "dealings": had, "reason": bool(tied)})
    return found


def ties(asked: Asked, reader: Reader, case: str, clocks: Clocks, at: datetime, *, of_team: bool = False) -> list[str]:
    """What tied a reader to a case at an instant, as the log was known at those clocks (`access.ties.ties_then`).

    `allocated`: delivers one of its packages that has not ended. `point_of_contact`: of the open case. `team`: the open
    case is under the reader's team, or `of_team`: that is known otherwise. `consented`: of someone outside, and nothing
    else then: their organisation may be told, for exactly that purpose. An effective clock does not cut: the policy
    goes by all that is known.
    """
    known = Clocks(clocks.known, clocks.known_at)
    relation = ties_then(asked.record.store, reader, case, known, at).to(case)
    return [tie for tie in TIES if getattr(relation, tie) or (of_team and tie == "team")]


def glasses(asked: Asked, reader: Reader, case: str, at: datetime, *, any_role: bool = False) -> list[str]:
    """The glasses by which a reader might have read a case at an instant: broken by then, and not over.

    any_role: those that the practitioner broke in whatever role, for whichever employer.
    """
    found = []
    for one in broken_for(asked.record.store, case):
        if any_role and one.by.practitioner == reader.practitioner:
            reader = replace(reader, role=one.by.role, employer=one.by.employer)
        known = one.at <= at and (asked.latest is None or one.at <= asked.latest)
        if known and one.stands_for(reader, case, Now(at, at)):
            found.append(one.look.break_glass)
    return found


def dealings(asked: Asked, practitioner: str, case: str, clocks: Clocks, at: datetime) -> list[str]:
    """What a practitioner had had to do with a case by an instant, as the log was known at those clocks.

    `contact`: was at a contact before. `recorded`: had recorded something about it. Neither ties anybody to a case.
    """
    facts = asked.at(Clocks(clocks.known, clocks.known_at, at)).story(case).standing()
    authors = [one.entry.event.recorded_by for one in facts]
    met = [one.event.practitioners for one in facts if isinstance(one.event, ContactRecorded)]
    found = {
        "contact": any(practitioner in each for each in met),
        "recorded": any(who is not None and who.practitioner == practitioner for who in authors),
    }
    return [name for name, is_so in found.items() if is_so]
