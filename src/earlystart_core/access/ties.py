"""Ties: what the log says about a reader and cases. They are asked for at every question, and never remembered.

They come from the log's entries, each compared with its leaf, and from no table of a view: whoever writes there opens
nobody's record, and keeps it from nobody.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from earlystart_core.access.case_views import folded
from earlystart_core.access.policy import Relation
from earlystart_core.access.reader import Reader
from earlystart_core.access.roles import group_of
from earlystart_core.case_file import MARK, events_about, rows_about, types_of, with_counted
from earlystart_core.clocks import Clocks, clocks_at
from earlystart_core.event import Event
from earlystart_core.log import Log
from earlystart_core.marks import struck
from earlystart_core.projection import Projection, Row
from earlystart_core.store import Store
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS
from earlystart_core.words.allocation import PackageAllocated
from earlystart_core.words.case import CaseOpened, CaseReopened, PointOfContactNamed, ResponsibilityPassed
from earlystart_core.words.consent import SharingConsentRecorded, lack_of_consent

COLUMNS = {
    "case_status": ("team", "point_of_contact", "status"),
    "package_status": ("case", "practitioner", "ended_at"),
}
_VIEWS = with_counted(COLUMNS)
WORKED = sorted(  # the types that those columns are made of
    {MARK}
    | {VIEW[view].exists.__name__ for view in COLUMNS}
    | {
        source.event.__name__
        for view, names in COLUMNS.items()
        for name in names
        for source in VIEW[view].reducers[name].sources
    }
)
TOLD = sorted([MARK, SharingConsentRecorded.__name__])
_TEAM = (CaseOpened, CaseReopened, ResponsibilityPassed)
_ME = [cls.__name__ for cls in (PackageAllocated, PointOfContactNamed)]


class Ties(msgspec.Struct, frozen=True):
    """A reader's ties to cases, as the log had them at the clocks."""

    clocks: Clocks
    ties: Mapping[str, frozenset[str]] = {}  # by field of Relation, the cases
    events: Mapping[int, Event] = {}  # of the one case that was asked about: what was read of it, by position
    file: Mapping[str, list[Row]] = {}  # its rows of the views that were asked for, at the clocks

    @property
    def position(self) -> int:
        """Up to which the log was known."""
        return self.clocks.known

    @property
    def cases(self) -> frozenset[str]:
        """Every case to which there is a tie."""
        return frozenset[str]().union(*self.ties.values())

    def to(self, case: str | None, *, broke: bool = False) -> Relation:
        """The reader's relation to one case, none to None."""
        return Relation(broke=broke, **{tie: case in cases for tie, cases in self.ties.items()})


def ties_of(store: Store, reader: Reader, case: str | None = None, views: Sequence[Projection] = ()) -> Ties:
    """The reader's ties to that case, or to every case. views: whose rows of that case are read as well.

    Raises:
        Tampered: the bytes of an entry do not give its leaf.
        Unreadable: an entry cannot be read.
    """
    clocks = clocks_at(store.log)
    outside = group_of(reader.role) == "outside"
    at = _latest(store, clocks) if outside else None
    if case is not None:
        return _to_one(store.log, reader, case, clocks, at, views)
    found = _told(store.log, reader, clocks, at) if at is not None else _worked(store.log, reader, clocks)
    return Ties(clocks, {"own": frozenset(reader.own), **found})


def ties_then(store: Store, reader: Reader, case: str, clocks: Clocks, at: datetime) -> Ties:
    """The reader's ties to one case as the log was known at those clocks, at that instant."""
    return _to_one(store.log, reader, case, clocks, at if group_of(reader.role) == "outside" else None)


def _latest(store: Store, clocks: Clocks) -> datetime:
    """Instants of the logs never fall: what was taken back, or had run out, stays so when the clock is set back."""
    return max(one for one in (store.clock(), clocks.known_at, store.access.latest()) if one is not None)


def _to_one(
    log: Log, reader: Reader, case: str, clocks: Clocks, at: datetime | None, views: Sequence[Projection] = ()
) -> Ties:
    """at: when consent is asked for, of someone outside."""
    types = {*(WORKED if at is None else TOLD), *(types_of(views) if views else ())}
    events = events_about(log, EVENTS, sorted(types), case, clocks.known)
    known = Clocks(clocks.known, clocks.known_at)
    file = rows_about(case, events, known, views) if views else {}
    tied = {"own": case in reader.own}
    if at is not None:
        tied["consented"] = _is_told(reader, events, struck(events.items()), at)
    else:
        work = file if file.keys() >= COLUMNS.keys() else rows_about(case, events, known, _VIEWS)
        me, open_ = reader.practitioner, [row for row in work["case_status"] if row["status"] == "open"]
        running = [row["practitioner"] for row in work["package_status"] if row["ended_at"] is None]
        tied["allocated"] = me in running
        tied["point_of_contact"] = any(row["point_of_contact"] == me for row in open_)
        tied["team"] = reader.team is not None and any(row["team"] == reader.team for row in open_)
    return Ties(clocks, {tie: frozenset({case} if holds else ()) for tie, holds in tied.items()}, events, file)


def _worked(log: Log, reader: Reader, clocks: Clocks) -> dict[str, frozenset[str]]:
    """For someone who works with families: looks at every case that any entry may tie them to."""
    import polars as pl

    named = _events(log, _ME, [reader.practitioner], clocks)
    packages = {event.package for event in named.values() if isinstance(event, PackageAllocated)}
    cases = {event.case for event in named.values() if isinstance(event, PointOfContactNamed)}
    if reader.team is not None:
        cases |= under_team(log, reader.team, clocks)
    found = folded(log, COLUMNS, Clocks(clocks.known, clocks.known_at), [*cases, *packages])
    me = pl.lit(reader.practitioner)
    running = found.frame("package_status", COLUMNS["package_status"]).filter(
        (pl.col("practitioner") == me) & pl.col("ended_at").is_null()
    )
    open_ = found.frame("case_status", COLUMNS["case_status"]).filter(pl.col("status") == "open")
    open_ = open_.filter(pl.col("case").is_in(sorted(cases)))  # of others not all was read
    of_team = open_.filter(pl.col("team") == pl.lit(reader.team)) if reader.team is not None else open_.clear()
    return {
        "allocated": frozenset(running["case"]),
        "point_of_contact": frozenset(open_.filter(pl.col("point_of_contact") == me)["case"]),
        "team": frozenset(of_team["case"]),
    }


def under_team(log: Log, team: str, clocks: Clocks) -> set[str]:
    """The cases that any entry known then ever put under that team: there are no others that may be under it."""
    found = _events(log, [cls.__name__ for cls in _TEAM], [team], clocks).values()
    return {event.case for event in found if isinstance(event, _TEAM)}


def _told(log: Log, reader: Reader, clocks: Clocks, at: datetime) -> dict[str, frozenset[str]]:
    """For someone outside: the cases in which everyone who decided has given consent."""
    events = _events(log, TOLD, [reader.employer], clocks)
    out = struck(events.items())  # once for all cases: an organisation may have thousands, and as many marks
    of: dict[str, dict[int, Event]] = {}
    for position, event in events.items():
        if isinstance(event, SharingConsentRecorded):
            of.setdefault(event.case, {})[position] = event
    return {"consented": frozenset(case for case, one in of.items() if _is_told(reader, one, out, at))}


def _is_told(reader: Reader, events: Mapping[int, Event], out: Container[int], at: datetime) -> bool:
    """Whether everyone who decided about that organisation and purpose has given consent: the rule of a sharing.

    out: the positions of entries that are struck.
    """
    standing = sorted(
        (event.occurred_at, position, event)
        for position, event in events.items()
        if isinstance(event, SharingConsentRecorded)
        and position not in out
        and event.recipient == reader.employer
        and event.purpose == reader.purpose
    )
    return lack_of_consent([event for *_, event in standing], at) is None


def _events(log: Log, types: Sequence[str], tags: Iterable[str], clocks: Clocks) -> dict[int, Event]:
    return {one.position: EVENTS.event_of(one) for one in log.about(types, [*tags], upto=clocks.known)}
