"""What the log says of erasures and legal holds: the tombstones, and the holds with what became of them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.entry import Recorded
from earlystart_core.event import Event
from earlystart_core.log import Log
from earlystart_core.marks import struck
from earlystart_core.privacy.keys import Evidence
from earlystart_core.words import EVENTS
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.erasure import SubjectErased, subjects_of_tombstone
from earlystart_core.words.hold import CHANGES, Change, LegalHoldLifted, LegalHoldPlaced, binding_holds

MARK = MarkedInError.__name__
HOLDS = [cls.__name__ for cls in CHANGES]


def tombstones(log: Log, subject: str | None = None, *, after: int = 0) -> Iterator[tuple[int, SubjectErased]]:
    """The tombstones in the log, of one subject or of all, each with its position; marked ones too: nothing came back.

    after: only those at a later position.

    Raises:
        Unreadable: one of them is malformed.
    """
    query = DCBQuery([DCBQueryItem(types=[SubjectErased.__name__], tags=[] if subject is None else [subject])])
    for recorded, event in _events(log, query, after):
        if isinstance(event, SubjectErased):
            yield recorded.position, event


def evidence_of(event: SubjectErased) -> Evidence:
    """What a tombstone in the log says, as the key store keeps it."""
    subjects = subjects_of_tombstone(event)
    return Evidence(event.occurred_at, event.authority, event.second_authority, subjects, event.keys)


def tombstone_of(evidence: Evidence) -> SubjectErased:
    """What the log is to say of keys that were destroyed."""
    cases = [one for one in evidence.subjects if one.startswith("case:")]
    return SubjectErased(
        occurred_at=evidence.at,
        authority=evidence.authority,
        second_authority=evidence.second_authority,
        keys=evidence.keys,
        case=next(iter(cases), None),
        persons=tuple(one for one in evidence.subjects if one not in cases),
    )


def is_whole(evidence: Evidence, subject: str) -> bool:
    """Whether the log could say that evidence of that subject: in an altered key store it may be anything."""
    try:
        told = msgspec.convert(msgspec.to_builtins(tombstone_of(evidence)), SubjectErased)
    except msgspec.MsgspecError:
        return False
    named = subjects_of_tombstone(told)
    return subject in named and named == evidence.subjects and len(named) <= len(told.keys)


def evidence_by_subject(log: Log, *, after: int = 0) -> tuple[dict[str, Evidence], int]:
    """What the tombstones after that position say, by erased subject; and the position of the last of them."""
    told: dict[str, Evidence] = {}
    for position, event in tombstones(log, after=after):
        told |= dict.fromkeys(subjects_of_tombstone(event), evidence_of(event))
        after = position
    return told, after


def erasure_rows(log: Log) -> list[dict[str, Any]]:
    """Rows `subject, position, erased_at, authority, second_authority, key`, one an erased subject, by position."""
    return [
        {
            "subject": subject,
            "position": position,
            "erased_at": event.occurred_at,
            "authority": event.authority,
            "second_authority": event.second_authority,
            "key": key,
        }
        for position, event in tombstones(log)
        for subject, key in zip(subjects_of_tombstone(event), event.keys, strict=False)
    ]


def holds(log: Log) -> tuple[list[Change], list[DCBQueryItem]]:
    """What is recorded of legal holds, in that order, without what is struck; and the query of marks on it."""
    found = [(one.position, event) for one, event in _events(log, DCBQuery([DCBQueryItem(types=HOLDS)]))]
    named = dict.fromkeys(event.hold for _, event in found if isinstance(event, LegalHoldPlaced | LegalHoldLifted))
    marks = [DCBQueryItem(types=[MARK], tags=[hold]) for hold in named]
    if marks:
        found += [(one.position, event) for one, event in _events(log, DCBQuery(marks))]
    out = struck(found)
    found.sort(key=lambda fact: fact[0])
    changes = [
        event
        for position, event in found
        if position not in out and isinstance(event, LegalHoldPlaced | LegalHoldLifted)
    ]
    return changes, marks


def hold_rows(log: Log, at: datetime) -> list[dict[str, Any]]:
    """Rows `hold, case, person, since, authority` of the legal holds that stand in an erasure's way at that instant."""
    standing = sorted(binding_holds(holds(log)[0], at), key=lambda placed: placed.occurred_at)
    latest = {(placed.hold, placed.case, placed.person): placed for placed in standing}
    rows = [
        {
            "hold": one.hold,
            "case": one.case,
            "person": one.person,
            "since": one.occurred_at,
            "authority": one.authority,
        }
        for one in latest.values()
    ]
    return sorted(rows, key=lambda row: (row["hold"], row["case"] or "", row["person"] or ""))


def _events(log: Log, query: DCBQuery, after: int = 0) -> Iterator[tuple[Recorded, Event]]:
    return ((recorded, EVENTS.event(recorded)) for recorded in log.read(query, after=after).entries())
