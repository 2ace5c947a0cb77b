"""Judging one reader: each decision is recorded before anything comes of it, by ties that still hold then."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from earlystart_core.access.glass import Now, glass_of, glass_with, now_of, unheard_of
from earlystart_core.access.keeping import Moved
from earlystart_core.access.looked import looked
from earlystart_core.access.policy import ACTIONS, AccessPolicy, Asked, Decision, denied, judged
from earlystart_core.access.reader import Reader
from earlystart_core.access.rings import ENTRY_RINGS, Ring
from earlystart_core.access.ties import Ties, ties_of, ties_then
from earlystart_core.answer import Answer
from earlystart_core.clocks import Clocks
from earlystart_core.errors import Conflict, NotPermitted
from earlystart_core.store import Store

TRIES = 3
T = TypeVar("T")


def could(store: Store, reader: Reader, policy: AccessPolicy, case: str, clocks: Clocks, at: datetime) -> Decision:
    """Whether that reader could have read that case then, by the ties of then. Nobody reads, so nothing is recorded."""
    ties = ties_then(store, reader, case, clocks, at)
    glass = False
    if reader.break_glass is not None:
        one = glass_of(store, reader.break_glass)
        if one is None:
            raise unheard_of("reader.break_glass", reader.break_glass)
        if one.by != reader.by or one.at > at:
            return denied(policy, "glass.unknown", ties.position)  # as whoever asked with it then was answered
        glass = one.stands_for(reader, case, Now(at, at))
    asked = Asked(reader.role, reader.purpose, "read", ties.to(case), glass, ENTRY_RINGS.ring)
    return judged(policy, asked, ties.position)


class Judging:
    """What a policy says of one reader, recorded."""

    def __init__(self, store: Store, reader: Reader, policy: AccessPolicy) -> None:
        self._store = store
        self._policy = policy
        self.reader = reader

    def read(self, case: str, ring: Ring) -> Decision:
        """Judges and records the reading of one case."""
        decision = self.decide("read", case, ring)
        self._expect(decision, "read", case)
        return decision

    def decide(self, action: str, case: str | None, ring: Ring | None = None) -> Decision:
        """The decision about one case, recorded, by ties that still hold when it is."""

        def attempt() -> Decision:
            ties = ties_of(self._store, self.reader, case)
            decision = self._judge(action, case, ties, ring)
            known = action if action in ACTIONS else "unknown"  # a caller's own words are not for the access log
            entry = looked(self.reader, decision, known, case)
            self._store.access.append([entry], cases=() if case is None else (case,), known=ties.position)
            return decision

        return self._settled(attempt, action if action in ACTIONS else "unknown", case)

    def count(self, team: str | None) -> None:
        """Judges and records a counting. It opens no case, so no tie bears on it."""
        decision = self._judge("count", None, Ties(self._store.log.head(), {}))
        self._store.access.append([looked(self.reader, decision, "count", team)])
        self._expect(decision, "count", team)

    def audit(self, case: str) -> None:
        """Judges and records an audit of one case."""
        self._expect(self.decide("audit", case), "audit", case)

    def audit_all(self) -> frozenset[str]:
        """Judges and records an audit of everyone; returns the cases that must be left out of it.

        Those are cases of the reader's own family that they may not audit; of each the refusal is recorded.
        """
        own = dict.fromkeys(self.reader.own)
        ties = Ties(self._store.log.head(), {"own": frozenset(own)})
        whole = self._judge("audit", None, ties)
        each = {case: self._judge("audit", case, ties) for case in own} if whole.permitted else {}
        barred = {case: decision for case, decision in each.items() if not decision.permitted}
        entries = [looked(self.reader, decision, "audit", case) for case, decision in barred.items()]
        self._store.access.append([looked(self.reader, whole, "audit", None), *entries])
        self._expect(whole, "audit", None)
        return frozenset(barred)

    def listed(
        self, ask: Callable[[], Answer], team: str | None, ring: Ring, seen: Callable[..., dict[str, Any]]
    ) -> Answer:
        """Judges the listing, then each case as if it were read; records both before anything is shown."""

        def attempt() -> Answer:
            ties = ties_of(self._store, self.reader)
            listing = self._judge("list", None, ties)
            if not listing.permitted:
                self._store.access.append([looked(self.reader, listing, "list", team)])
                self._expect(listing, "list", team)
            answer = ask()
            cases = dict.fromkeys(row["case"] for row in answer)
            every = {case: self._judge("read", case, ties, ring) for case in cases}
            shown = {case: decision for case, decision in every.items() if decision.permitted}
            entries = [looked(self.reader, listing, "list", team, len(shown))]
            entries += [looked(self.reader, decision, "read", case) for case, decision in shown.items()]
            self._store.access.append(entries, cases=shown, known=ties.position)
            rows = [seen(shown[row["case"]].rings, row) for row in answer if row["case"] in shown]
            return Answer(rows, answer.clocks)

        return self._settled(attempt, "list", team)

    def _judge(self, action: str, case: str | None, ties: Ties, ring: Ring | None = None) -> Decision:
        reader, glass = self.reader, False
        if reader.break_glass is not None:
            one = glass_with(self._store, reader)
            if one is None:
                return denied(self._policy, "glass.unknown", ties.position)
            glass = action != "read" or one.stands_for(reader, case, now_of(self._store))
        asked = Asked(reader.role, reader.purpose, action, ties.to(case), glass, ring)
        return judged(self._policy, asked, ties.position)

    def _settled(self, attempt: Callable[[], T], action: str, subject: str | None) -> T:
        """What an attempt gives whose ties still hold when it is recorded; it is made again where they moved."""
        for _ in range(TRIES):
            with suppress(Moved):
                return attempt()
        decision = denied(self._policy, "ties.moved", self._store.log.head())
        self._store.access.append([looked(self.reader, decision, action, subject)])
        raise Conflict(f"facts about what is read kept arriving: {TRIES} tries were made")

    def _expect(self, decision: Decision, action: str, subject: str | None) -> None:
        if not decision.permitted:
            raise refusal(self.reader, decision, action, subject)


def refusal(reader: Reader, decision: Decision, action: str, subject: str | None) -> NotPermitted:
    """The sentence for a reader who may not."""
    why = ", ".join(decision.rules)
    return NotPermitted(
        f"{reader.practitioner} as {reader.role} for {reader.purpose} may not {action.replace('_', ' ')}"
        f" {subject or 'all cases'}: {why} ({decision.policy})"
    )
