"""The four contract views folded by hand, fact by fact, into plain dicts: what both replays of the peer end in.

Written for speed as someone would who knows that facts come in rising position: a later line wins a tie, so no
position is kept. The city's warts (late entries, two keys in one contact) are heeded, since the views must be equal.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from earlystart_core.marks import struck_by
from earlystart_core.types import london_date

Row = dict[str, Any]
Step = Callable[[int, Any], None]  # position and event


class Case:
    __slots__ = (
        "attended", "born", "born_at", "closed_at", "contact_at", "family", "family_at", "opened_at", "point",
        "point_at", "status", "status_at", "team", "team_at", "tier", "tier_at",
    )  # fmt: skip

    def __init__(self, never: Any, ever: Any) -> None:
        self.family: str | None = None
        self.status: str | None = None
        self.team: Any = None
        self.point: Any = None
        self.born: Any = None
        self.tier = "universal"
        self.attended = 0
        self.family_at = self.opened_at = ever
        self.team_at = self.point_at = self.born_at = self.status_at = self.tier_at = never
        self.contact_at = self.closed_at = never


class Request:
    __slots__ = (
        "case",
        "decided_at",
        "deferrals",
        "meeting",
        "meeting_at",
        "outcome",
        "requested_at",
        "source",
        "team",
    )

    def __init__(self, never: Any, ever: Any) -> None:
        self.case: str | None = None
        self.source = self.meeting = self.team = self.case
        self.outcome = "waiting"
        self.requested_at = ever
        self.decided_at = self.meeting_at = never
        self.deferrals = 0


class Package:
    __slots__ = (
        "case", "duration", "ended_at", "ends", "every", "every_at", "holder", "holder_at", "outcome", "pathway",
        "planned", "planned_at", "review", "review_at", "started_at", "team",
    )  # fmt: skip

    def __init__(self, never: Any, ever: Any) -> None:
        self.case: str | None = None
        self.pathway = self.duration = self.planned = self.review = self.outcome = self.holder = self.team = self.case
        self.every: int | None = None
        self.started_at = self.every_at = ever
        self.planned_at = self.review_at = self.ended_at = never
        self.holder_at: tuple[Any, int] = (never, 0)
        self.ends: dict[str, tuple[Any, int]] = {}


class ByHand:
    """The state of the four views. `never` and `ever` bound the instants in use: datetimes, or whole microseconds."""

    def __init__(self, never: Any, ever: Any, instant: Callable[[Any], datetime]) -> None:
        self._never, self._ever, self._instant = never, ever, instant
        self.cases: dict[str, Case] = {}
        self.requests: dict[str, Request] = {}
        self.packages: dict[str, Package] = {}
        self.consents: dict[tuple[str, str, str], tuple[Any, int, Any]] = {}

    def steps(self) -> dict[str, Step]:
        """What to call for an event, by the name of its class."""
        return {
            "CaseOpened": self.case_opened,
            "ChildBorn": self.child_born,
            "ResponsibilityPassed": self.responsibility_passed,
            "PointOfContactNamed": self.point_of_contact_named,
            "CaseClosed": self.case_closed,
            "CaseReopened": self.case_reopened,
            "TierDecided": self.tier_decided,
            "ContactRecorded": self.contact_recorded,
            "SupportRequested": self.support_requested,
            "RequestDecided": self.request_decided,
            "RequestWithdrawn": self.request_withdrawn,
            "PackageStarted": self.package_started,
            "PackageReviewed": self.package_reviewed,
            "PackageEnded": self.package_ended,
            "PackageAllocated": self.package_allocated,
            "AllocationEnded": self.allocation_ended,
            "SharingConsentRecorded": self.consent_recorded,
        }

    # --- the case ---------------------------------------------------------------------------------------------------

    def _case(self, key: str) -> Case:
        case = self.cases[key] = Case(self._never, self._ever)
        return case

    def case_opened(self, _: int, event: Any) -> None:
        case = self.cases.get(event.case) or self._case(event.case)
        at = event.timestamp
        if at < case.family_at:
            case.family, case.family_at, case.opened_at = event.family, at, at
        if at >= case.team_at:
            case.team, case.team_at = event.team, at
        if at >= case.status_at:
            case.status, case.status_at = "open", at
        if event.born_on is not None and at >= case.born_at:
            case.born, case.born_at = event.born_on, at

    def child_born(self, _: int, event: Any) -> None:
        case = self.cases.get(event.case) or self._case(event.case)
        if event.timestamp >= case.born_at:
            case.born, case.born_at = event.born_on, event.timestamp

    def responsibility_passed(self, _: int, event: Any) -> None:
        case = self.cases.get(event.case) or self._case(event.case)
        if event.timestamp >= case.team_at:
            case.team, case.team_at = event.to_team, event.timestamp

    def point_of_contact_named(self, _: int, event: Any) -> None:
        case = self.cases.get(event.case) or self._case(event.case)
        if event.timestamp >= case.point_at:
            case.point, case.point_at = event.practitioner, event.timestamp

    def case_closed(self, _: int, event: Any) -> None:
        case = self.cases.get(event.case) or self._case(event.case)
        at = event.timestamp
        if at >= case.status_at:
            case.status, case.status_at = "closed", at
        if at > case.closed_at:  # noqa: PLR1730  # max() would cost a call
            case.closed_at = at

    def case_reopened(self, _: int, event: Any) -> None:
        case = self.cases.get(event.case) or self._case(event.case)
        at = event.timestamp
        if at >= case.status_at:
            case.status, case.status_at = "open", at
        if at >= case.team_at:
            case.team, case.team_at = event.team, at

    def tier_decided(self, _: int, event: Any) -> None:
        case = self.cases.get(event.case) or self._case(event.case)
        if event.timestamp >= case.tier_at:
            case.tier, case.tier_at = event.tier, event.timestamp

    def contact_recorded(self, _: int, event: Any) -> None:
        if event.attendance not in ("5", "6"):
            return
        at = event.timestamp
        keys = event.cases
        for key in keys if len(keys) == 1 else dict.fromkeys(keys):
            case = self.cases.get(key) or self._case(key)
            case.attended += 1
            if at > case.contact_at:  # noqa: PLR1730  # the same
                case.contact_at = at

    # --- requests, packages, consents -------------------------------------------------------------------------------

    def _request(self, key: str) -> Request:
        request = self.requests[key] = Request(self._never, self._ever)
        return request

    def support_requested(self, _: int, event: Any) -> None:
        request = self.requests.get(event.request) or self._request(event.request)
        if event.timestamp < request.requested_at:
            request.case, request.source, request.requested_at = event.case, event.source, event.timestamp

    def request_decided(self, _: int, event: Any) -> None:
        request = self.requests.get(event.request) or self._request(event.request)
        at = event.timestamp
        if at >= request.decided_at:
            request.outcome, request.decided_at = event.outcome, at
        if at >= request.meeting_at:
            request.meeting, request.team, request.meeting_at = event.meeting, event.team, at
        if event.outcome == "deferred":
            request.deferrals += 1

    def request_withdrawn(self, _: int, event: Any) -> None:
        request = self.requests.get(event.request) or self._request(event.request)
        if event.timestamp >= request.decided_at:
            request.outcome, request.decided_at = "withdrawn", event.timestamp

    def _package(self, key: str) -> Package:
        package = self.packages[key] = Package(self._never, self._ever)
        return package

    def package_started(self, _: int, event: Any) -> None:
        package = self.packages.get(event.package) or self._package(event.package)
        at = event.timestamp
        if at < package.started_at:
            package.case, package.pathway, package.duration = event.case, event.pathway, event.duration
            package.started_at = at
        if event.review_every_days is not None and at < package.every_at:
            package.every, package.every_at = event.review_every_days, at
        if event.planned_end_on is not None and at >= package.planned_at:
            package.planned, package.planned_at = event.planned_end_on, at

    def package_reviewed(self, _: int, event: Any) -> None:
        package = self.packages.get(event.package) or self._package(event.package)
        at = event.timestamp
        if event.planned_end_on is not None and at >= package.planned_at:
            package.planned, package.planned_at = event.planned_end_on, at
        if event.next_review_on is not None and at >= package.review_at:
            package.review, package.review_at = event.next_review_on, at

    def package_ended(self, _: int, event: Any) -> None:
        package = self.packages.get(event.package) or self._package(event.package)
        if event.timestamp >= package.ended_at:
            package.outcome, package.ended_at = event.outcome, event.timestamp

    def package_allocated(self, position: int, event: Any) -> None:
        package = self.packages.get(event.package) or self._package(event.package)
        at = (event.timestamp, position)
        if at > package.holder_at:
            package.holder, package.team, package.holder_at = event.practitioner, event.team, at

    def allocation_ended(self, position: int, event: Any) -> None:
        package = self.packages.get(event.package) or self._package(event.package)
        at = (event.timestamp, position)
        ended = package.ends.get(event.practitioner)
        if ended is None or at > ended:
            package.ends[event.practitioner] = at

    def consent_recorded(self, position: int, event: Any) -> None:
        key = (event.case, event.recipient, event.purpose)
        held = self.consents.get(key)
        if held is None or event.timestamp >= held[0]:
            self.consents[key] = (event.timestamp, position, event)

    # --- the finished views -----------------------------------------------------------------------------------------

    def views(self) -> dict[str, list[Row]]:
        """The four views as rows by key."""
        active: dict[str, int] = {}
        for package in self.packages.values():
            if package.ended_at == self._never and package.case is not None:
                active[package.case] = active.get(package.case, 0) + 1
        return {
            "case_status": [self._case_row(*one, active) for one in sorted(self.cases.items()) if one[1].family],
            "request_queue": [self._request_row(*one) for one in sorted(self.requests.items()) if one[1].case],
            "package_status": [self._package_row(*one) for one in sorted(self.packages.items()) if one[1].case],
            "consent_status": [self._consent_row(*one) for one in sorted(self.consents.items())],
        }

    def _when(self, at: Any) -> datetime | None:
        return None if at == self._never else self._instant(at)

    def _case_row(self, key: str, case: Case, active: dict[str, int]) -> Row:
        closed = case.status == "closed"
        return {
            "case": key,
            "family": case.family,
            "team": case.team,
            "point_of_contact": case.point,
            "tier": case.tier,
            "tier_since": self._when(case.tier_at),
            "opened_on": london_date(self._instant(case.opened_at)),
            "closed_on": london_date(self._instant(case.closed_at)) if closed else None,
            "status": case.status,
            "born_on": _day(case.born),
            "contacts_attended": case.attended,
            "last_contact_at": self._when(case.contact_at),
            "active_packages": active.get(key, 0),
        }

    def _request_row(self, key: str, request: Request) -> Row:
        return {
            "request": key,
            "case": request.case,
            "source": request.source,
            "requested_at": self._when(request.requested_at),
            "outcome": request.outcome,
            "decided_at": self._when(request.decided_at),
            "meeting": request.meeting,
            "team": request.team,
            "deferrals": request.deferrals,
        }

    def _package_row(self, key: str, package: Package) -> Row:
        started_at = self._instant(package.started_at)
        review = _day(package.review)
        if review is None and package.every is not None:
            review = london_date(started_at) + timedelta(days=package.every)
        ended = package.ends.get(package.holder) if package.holder is not None else None
        return {
            "package": key,
            "case": package.case,
            "pathway": package.pathway,
            "duration": package.duration,
            "started_at": started_at,
            "planned_end_on": _day(package.planned),
            "next_review_on": review,
            "ended_at": self._when(package.ended_at),
            "outcome": package.outcome,
            "practitioner": None if ended is not None and ended > package.holder_at else package.holder,
            "team": package.team,
        }

    def _consent_row(self, key: tuple[str, str, str], held: tuple[Any, int, Any]) -> Row:
        at, position, event = held
        return {
            "case": key[0],
            "recipient": key[1],
            "purpose": key[2],
            "decision": event.decision,
            "decided_at": self._when(at),
            "until": _day(event.until),
            "person": event.person,
            "wording": event.wording,
            "position": position,
        }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def struck(marks: Iterable[tuple[int, int]]) -> set[int]:
    """The struck positions, by the library's own twelve lines: they are not what is measured."""
    return struck_by(marks)
