"""Diff: what the record learnt between two positions, and what had been decided meanwhile.

Applied to the views as known at the first, `changed` gives the views as known at the second.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.audit.changes import changes, of_all, of_case
from earlystart_core.audit.hindsight import DECISIONS, Told, decisions_about, marks_near, relied_on, unknown_to
from earlystart_core.clocks import Clocks
from earlystart_core.errors import Unreadable
from earlystart_core.log import Log
from earlystart_core.marks import Marks, struck_by
from earlystart_core.projection import Row
from earlystart_core.registry import Registry
from earlystart_core.store import Store
from earlystart_core.words.correction import MarkedInError

_encode = msgspec.json.Encoder(order="sorted").encode


class Diff(msgspec.Struct, frozen=True):
    """What was learnt between two pairs of clocks. Instants are aware and in UTC."""

    before: Clocks
    after: Clocks
    since: datetime | None  # what had happened by then is late: the first moment where one was given, else known_at
    changed: list[Row]  # view, key, columns (that differ), before, after (the whole rows, None where there was none)
    entries: list[Row]  # recorded between: position, recorded_at, occurred_at, type, tags, late, struck
    marks: list[Row]  # recorded between: position, target, type (the target's), tags, standing
    decisions: list[Row]  # taken meanwhile: position, recorded_at, occurred_at, type, case, struck, unknown
    relied_on_struck: list[Row]  # the same, with relied_on in place of unknown: positions struck between

    def json(self) -> bytes:
        """One object: UTF-8, no spaces, keys sorted."""
        return _encode(self)


def diff(
    store: Store,
    registry: Registry,
    before: Clocks,
    after: Clocks,
    *,
    since: datetime | None,
    team: str | None = None,
    case: str | None = None,
) -> Diff:
    """The difference between two pairs of clocks, the earlier known first; of one case it is read by tag.

    since: what had happened by that instant and is learnt only now is late; None: nothing is.
    team: only what is about cases under that team at either of them, and of views the rows under it at each.

    Raises:
        Unreadable: an entry is of an unknown type or version, malformed, or marked where there is none.
    """
    log = store.log
    cases: set[str] | None
    if case is not None:
        differing, cases = of_case(log, registry, (before, after), team, case), {case}
    else:
        differing, cases = of_all(store, registry, (before, after), team)
    learnt = [told for told in _entries(log, registry, before.known, after, case) if _about(told, cases)]
    pairs = _marks(log, registry, after.known) if case is None else marks_near(log, registry, case, after.known)
    out = struck_by(pairs)
    fresh = sorted(out - struck_by(pair for pair in pairs if pair[0] <= before.known))
    struck = [_at(log, registry, position) for position in fresh]  # an agreement is of no case, and is relied on too
    relied = relied_on(log, registry, struck, Marks(pairs), after.known)
    return Diff(
        before,
        after,
        since,
        changed=changes(differing),
        entries=[_entry(told, since, out) for told in learnt],
        marks=[
            _mark(told, told.event.target, log, registry, out)
            for told in learnt
            if isinstance(told.event, MarkedInError)
        ],
        decisions=[
            _decision(told, out) | {"unknown": facts}
            for told, facts in _meanwhile(log, registry, learnt, before.known, since, out)
            if _happened(told, after) and _about(told, cases)
        ],
        relied_on_struck=[
            _decision(told, out) | {"relied_on": facts}
            for told, facts in relied
            if _happened(told, after) and _about(told, cases)
        ],
    )


def _entries(log: Log, registry: Registry, known: int, after: Clocks, case: str | None) -> Iterator[Told]:
    query = None if case is None else DCBQuery([DCBQueryItem(tags=[case])])
    for recorded in log.read(query, after=known).entries():
        if recorded.position > after.known:
            return
        told = Told(recorded, registry.event(recorded))
        if _happened(told, after):
            yield told


def _marks(log: Log, registry: Registry, known: int) -> list[tuple[int, int]]:
    read = log.read(DCBQuery([DCBQueryItem([MarkedInError.__name__])])).entries()
    events = ((recorded.position, registry.event(recorded)) for recorded in read if recorded.position <= known)
    return [(position, event.target) for position, event in events if isinstance(event, MarkedInError)]


def _meanwhile(
    log: Log, registry: Registry, learnt: list[Told], known: int, since: datetime | None, out: set[int]
) -> list[tuple[Told, list[int]]]:
    """Every decision recorded between, and each earlier one that was taken after something that was learnt late."""
    facts = [told for told in learnt if told.position not in out]
    late = [told for told in facts if _late(told, since)]
    about = decisions_about(log, registry, (case for told in late for case in told.cases), known)
    earlier = {told.position: told for each in about.values() for told in each}
    unaware = [found for found in unknown_to(earlier.values(), late) if found[1]]
    taken = [told for told in learnt if isinstance(told.event, DECISIONS)]
    return sorted([*unaware, *unknown_to(taken, facts)], key=lambda found: found[0].position)


def _at(log: Log, registry: Registry, position: int) -> Told:
    recorded = next(log.read(after=position - 1, limit=1).entries(), None)
    if recorded is None or recorded.position != position:
        raise Unreadable(f"entry {position} is marked in error: expected an entry there, found none")
    return Told(recorded, registry.event(recorded))


def _about(told: Told, cases: Collection[str] | None) -> bool:
    return cases is None or any(case in cases for case in told.cases)


def _happened(told: Told, after: Clocks) -> bool:
    return after.effective is None or told.event.occurred_at <= after.effective


def _late(told: Told, since: datetime | None) -> bool:
    return since is not None and told.event.occurred_at <= since


def _stamp(told: Told) -> Row:
    return {
        "position": told.position,
        "recorded_at": told.entry.recorded_at,
        "occurred_at": told.event.occurred_at,
        "type": told.entry.event.type,
    }


def _entry(told: Told, since: datetime | None, out: set[int]) -> Row:
    more = {"tags": told.entry.event.tags, "late": _late(told, since), "struck": told.position in out}
    return _stamp(told) | more


def _mark(told: Told, position: int, log: Log, registry: Registry, out: set[int]) -> Row:
    target = _at(log, registry, position)
    return {
        "position": told.position,
        "target": target.position,
        "type": target.entry.event.type,
        "tags": told.entry.event.tags,
        "standing": told.position not in out,
    }


def _decision(told: Told, out: set[int]) -> Row:
    return _stamp(told) | {"case": next(iter(told.cases), None), "struck": told.position in out}
