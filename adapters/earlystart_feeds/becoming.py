"""Becoming: the events that one accepted row stands for, one method a file, as section 4 of the contract says.

Days happen at 00:00 in Leeds. What a feed does not carry is `unrecorded`, and a request's urgency `routine`.
"""

from datetime import date, datetime, time
from typing import Any, TypeVar

import msgspec

from earlystart_core.event import Event
from earlystart_core.types import london_midnight
from earlystart_core.words.allocation import AllocationEnded, PackageAllocated
from earlystart_core.words.case import CaseClosed, CaseOpened, ChildBorn, ResponsibilityPassed
from earlystart_core.words.consent import SharingConsentRecorded
from earlystart_core.words.contact import ContactRecorded
from earlystart_core.words.meeting import MeetingHeld
from earlystart_core.words.package import PackageEnded, PackageStarted
from earlystart_core.words.request import RequestDecided, SupportRequested
from earlystart_core.words.tier import TierDecided
from earlystart_feeds import values
from earlystart_feeds.contacts import kind_of
from earlystart_feeds.reading import Row
from earlystart_feeds.tables import COUNCIL, LCH

UNRECORDED = "unrecorded"
UNKNOWN_PRACTITIONER = "practitioner:unknown"
MOST_PRACTITIONERS = 20  # of one contact
E = TypeVar("E", bound=Event)


def made(cls: type[E], occurred_at: datetime, **fields: Any) -> E:
    """The event, checked as the log's reader will check it: an import can store nothing that cannot be read."""
    return msgspec.convert({"occurred_at": occurred_at, **fields}, cls)


def day_of(row: Row, column: str) -> date:
    """The date in a column that is known to hold one."""
    found = values.day(row[column])
    assert found is not None, f"{row.table.file} line {row.line}: {column} was checked to be a date"
    return found


def start_of(row: Row, column: str) -> datetime:
    """00:00 in Leeds on that date."""
    return london_midnight(day_of(row, column))


def opened(row: Row, case: str, family: str) -> list[Event]:
    """A case: opened for a pregnancy where the birth comes later or is not known, else for a birth."""
    born_on = values.day(row["born_on"])
    expected = born_on is None or born_on > day_of(row, "opened_on")
    opening = made(
        CaseOpened,
        start_of(row, "opened_on"),
        case=case,
        family=family,
        team=f"team:{row['team']}",
        reason="pregnancy" if expected else "birth",
        born_on=None if expected else born_on,
    )
    return [opening, *born(row, case)] if expected and born_on is not None else [opening]


def born(row: Row, case: str) -> list[Event]:
    """The child of a pregnancy is born."""
    return [made(ChildBorn, start_of(row, "born_on"), case=case, born_on=day_of(row, "born_on"))]


def closed(row: Row, case: str) -> list[Event]:
    """The case is closed."""
    return [made(CaseClosed, start_of(row, "closed_on"), case=case, reason=row["close_reason"])]


def moved(row: Row, case: str) -> list[Event]:
    """Another team takes the case over."""
    reason = values.free_text(row["reason"]) or None
    return [
        made(
            ResponsibilityPassed, start_of(row, "moved_on"), case=case, to_team=f"team:{row['to_team']}", reason=reason
        )
    ]


def tier_decided(row: Row, case: str) -> list[Event]:
    """A level of need is decided."""
    reason = values.free_text(row["reason"]) or None
    return [made(TierDecided, start_of(row, "decided_on"), case=case, tier=row["tier"], reason=reason)]


def requested(row: Row, request: str, case: str) -> list[Event]:
    """Support is asked for."""
    return [
        made(
            SupportRequested,
            start_of(row, "received_on"),
            request=request,
            case=case,
            source=values.label(row["source"]),
            needs=tuple(dict.fromkeys(row["needs"].split(";"))),
            urgency="routine",
        )
    ]


def decided(row: Row, request: str, case: str, meeting: str) -> list[Event]:
    """A meeting decides the request."""
    return [
        made(
            RequestDecided,
            start_of(row, "decided_on"),
            request=request,
            case=case,
            team=f"team:{row['team']}",
            meeting=meeting,
            outcome=row["outcome"],
        )
    ]


def held(row: Row, meeting: str) -> list[Event]:
    """The meeting itself, once a team and date."""
    on = day_of(row, "meeting_on")
    return [made(MeetingHeld, london_midnight(on), meeting=meeting, team=f"team:{row['team']}", held_on=on)]


def started(row: Row, package: str, case: str, request: str | None, practitioner: str, team: str) -> list[Event]:
    """A package starts, allocated to its practitioner."""
    at = start_of(row, "started_on")
    return [
        made(
            PackageStarted,
            at,
            package=package,
            case=case,
            request=request,
            pathway=row["pathway"],
            duration=row["duration"],
            planned_end_on=values.day(row["planned_end_on"]),
        ),
        made(PackageAllocated, at, package=package, case=case, practitioner=practitioner, team=team),
    ]


def ended(row: Row, package: str, case: str, practitioner: str) -> list[Event]:
    """The package ends, and its allocation with it."""
    at, outcome = start_of(row, "ended_on"), row["outcome"]
    reason = "completed" if outcome == "completed" else "other"
    return [
        made(PackageEnded, at, package=package, case=case, outcome=outcome),
        made(AllocationEnded, at, package=package, case=case, practitioner=practitioner, reason=reason),
    ]


def consented(row: Row, case: str, person: str) -> list[Event]:
    """A family's decision on sharing."""
    return [
        made(
            SharingConsentRecorded,
            start_of(row, "decided_on"),
            case=case,
            person=person,
            capacity=UNRECORDED,
            recipient=row["recipient"],
            purpose=values.label(row["purpose"]),
            decision=row["decision"],
            wording=UNRECORDED,
            until=values.day(row["until"]),
        )
    ]


def contacted(row: Row, contact: str, case: str, activities: list[Row], practitioners: list[str]) -> list[Event]:
    """A contact, with its activities in order and who carried them out."""
    at = values.instant(day_of(row, "Contact_Date"), values.clock_time(row["Contact_Time"]) or time())
    assert at is not None, f"{row.table.file} line {row.line}: Contact_Time was checked to be a time"
    return [
        made(
            ContactRecorded,
            at,
            contact=contact,
            cases=(case,),
            kind=kind_of(activities),
            attendance=row["AttendanceStatus"],
            mechanism=row["ConsMechanism"],
            location=row["Activity_LocationType"],
            practitioners=tuple(dict.fromkeys(practitioners))[:MOST_PRACTITIONERS] or (UNKNOWN_PRACTITIONER,),
            employers=(EMPLOYERS[LCH],),
            duration_min=values.minutes(row["CareContact_Duration"]),
        )
    ]


EMPLOYERS = {COUNCIL: "org:council", LCH: "org:lch"}  # the systems, as those who recorded
