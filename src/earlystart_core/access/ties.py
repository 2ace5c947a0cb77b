"""Ties: what the log says about a reader and cases. They are asked anew for every question, and never kept."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.access.policy import Relation
from earlystart_core.access.reader import Reader
from earlystart_core.access.roles import group_of
from earlystart_core.case_file import case_file
from earlystart_core.clocks import Clocks
from earlystart_core.log import Log
from earlystart_core.marks import struck
from earlystart_core.store import Frames, Store
from earlystart_core.words import EVENTS
from earlystart_core.words.consent import SharingConsentRecorded, lack_of_consent
from earlystart_core.words.correction import MarkedInError

_NAMED = [SharingConsentRecorded.__name__, MarkedInError.__name__]


class Ties(msgspec.Struct, frozen=True):
    """A reader's ties to cases, as the log had them at a position."""

    position: int
    ties: Mapping[str, frozenset[str]]  # by field of Relation, the cases

    def to(self, case: str | None, *, broke: bool = False) -> Relation:
        """The reader's relation to one case, none to None."""
        return Relation(broke=broke, **{tie: case in cases for tie, cases in self.ties.items()})


def ties_of(store: Store, reader: Reader, case: str | None = None) -> Ties:
    """The reader's ties to that case, or to every case."""
    with store.views.reading() as frames:
        found = {"own": frozenset(reader.own)}
        if group_of(reader.role) == "outside":
            wanted = _told(frames, reader, case)
        else:
            wanted = set()
            found |= _worked(frames, reader, case)
        position, known_at = frames.clocks.known, frames.clocks.known_at
    if wanted:
        # Instants of the logs never fall: what was taken back, or had run out, stays so when the clock is set back.
        now = max(one for one in (store.clock(), known_at, store.access.latest()) if one is not None)
        wanted = {one for one in wanted if _consented(store.log, reader, one, now, position)}
    found["consented"] = frozenset(wanted)
    return Ties(position, found)


def ties_then(store: Store, reader: Reader, case: str, clocks: Clocks, at: datetime) -> Ties:
    """The reader's ties to one case as the log was known at those clocks, at that instant."""
    file = case_file(store.log, EVENTS, case, clocks)
    found = {"own": case in reader.own}
    if group_of(reader.role) == "outside":
        found["consented"] = _consented(store.log, reader, case, at, clocks.known)
    else:
        me, open_ = reader.practitioner, [row for row in file["case_status"] if row["status"] == "open"]
        held = [row["practitioner"] for row in file["package_status"] if row["ended_at"] is None]
        found["allocated"] = me in held
        found["point_of_contact"] = any(row["point_of_contact"] == me for row in open_)
        found["team"] = reader.team is not None and any(row["team"] == reader.team for row in open_)
    return Ties(clocks.known, {tie: frozenset({case} if holds else ()) for tie, holds in found.items()})


def _worked(frames: Frames, reader: Reader, case: str | None) -> dict[str, frozenset[str]]:
    import polars as pl

    me = pl.lit(reader.practitioner)
    held = frames.frame("package_status", ["case", "practitioner", "ended_at"], case=case)
    held = held.filter((pl.col("practitioner") == me) & pl.col("ended_at").is_null())
    cases = frames.frame("case_status", ["team", "point_of_contact", "status"], case=case)
    cases = cases.filter(pl.col("status") == "open")
    return {
        "allocated": frozenset(held["case"]),
        "point_of_contact": frozenset(cases.filter(pl.col("point_of_contact") == me)["case"]),
        "team": frozenset(cases.filter(pl.col("team") == pl.lit(reader.team))["case"]) if reader.team else frozenset(),
    }


def _told(frames: Frames, reader: Reader, case: str | None) -> set[str]:
    """Cases of which someone decided about exactly that organisation and purpose."""
    import polars as pl

    rows = frames.frame("consent_status", ["case", "recipient", "purpose"], case=case)
    mine = (pl.col("recipient") == pl.lit(reader.employer)) & (pl.col("purpose") == pl.lit(reader.purpose))
    return set(rows.filter(mine)["case"])


def _consented(log: Log, reader: Reader, case: str, now: datetime, known: int) -> bool:
    """Whether everyone who decided has given consent: the same rule as that of a sharing."""
    read = log.read(DCBQuery([DCBQueryItem(_NAMED, [case, reader.employer])])).entries()
    facts = [(one.position, EVENTS.event(one)) for one in read if one.position <= known]
    out = struck(facts)
    standing = sorted(
        (
            (event.occurred_at, position, event)
            for position, event in facts
            if isinstance(event, SharingConsentRecorded)
            and position not in out
            and event.recipient == reader.employer
            and event.purpose == reader.purpose
        ),
        key=lambda one: one[:2],
    )
    return lack_of_consent([event for *_, event in standing], now) is None
