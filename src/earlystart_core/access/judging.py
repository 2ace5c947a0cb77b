"""Judging one reader: each decision is recorded before anything comes of it, by ties that still hold then."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from earlystart_core.access.case_views import rows_of
from earlystart_core.access.glass import Now, glass_of, glass_with, now_of, unheard_of
from earlystart_core.access.keeping import Moved
from earlystart_core.access.looked import looked
from earlystart_core.access.policy import ACTIONS, AccessPolicy, Asked, Decision, denied, judged
from earlystart_core.access.reader import Reader
from earlystart_core.access.rings import ENTRY_RINGS, Ring
from earlystart_core.access.ties import Ties, ties_of, ties_then, under_team
from earlystart_core.answer import Answer
from earlystart_core.clocks import Clocks, clocks_at
from earlystart_core.errors import Conflict, NotPermitted
from earlystart_core.log import of_one_log
from earlystart_core.projection import Projection
from earlystart_core.store import Store

TRIES = 3
T = TypeVar("T")
Judge = Callable[[str | None], Decision]  # of a case, None of none


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

    def read(self, case: str, ring: Ring, views: Sequence[Projection] = ()) -> tuple[Decision, Ties]:
        """Judges and records the reading of one case; gives the ties too, with its rows of those views."""
        decision, ties = self._decide("read", case, ring, views)
        self._expect(decision, "read", case)
        return decision, ties

    def decide(self, action: str, case: str | None, ring: Ring | None = None) -> Decision:
        """The decision about one case, recorded, by ties that still hold when it is."""
        return self._decide(action, case, ring)[0]

    def _decide(
        self, action: str, case: str | None, ring: Ring | None = None, views: Sequence[Projection] = ()
    ) -> tuple[Decision, Ties]:
        def attempt() -> tuple[Decision, Ties]:
            ties = self._no_ties() if case is None else ties_of(self._store, self.reader, case, views)
            decision = self._judge(action, case, ties, ring)
            known = action if action in ACTIONS else "unknown"  # a caller's own words are not for the access log
            entry = looked(self.reader, decision, known, case)
            self._store.access.append([entry], cases=() if case is None else (case,), known=ties.position)
            return decision, ties

        return self._settled(attempt, action if action in ACTIONS else "unknown", case)

    def count(self, team: str | None) -> None:
        """Judges and records a counting. It opens no case, so no tie bears on it."""
        decision = self._judge("count", None, self._no_ties())
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
        ties = self._no_ties(own)
        whole = self._judge("audit", None, ties)
        each = {case: self._judge("audit", case, ties) for case in own} if whole.permitted else {}
        barred = {case: decision for case, decision in each.items() if not decision.permitted}
        entries = [looked(self.reader, decision, "audit", case) for case, decision in barred.items()]
        self._store.access.append([looked(self.reader, whole, "audit", None), *entries])
        self._expect(whole, "audit", None)
        return frozenset(barred)

    def listed(
        self, view: str, team: str | None, clocks: Clocks | None, ring: Ring, seen: Callable[..., dict[str, Any]]
    ) -> Answer:
        """Judges the listing, then each case as if it were read; records both before anything is shown.

        clocks: at which the rows are asked for; None: at the head.
        """

        def attempt() -> Answer:
            listing = self._judge("list", None, self._no_ties())
            if not listing.permitted:
                self._store.access.append([looked(self.reader, listing, "list", team)])
                self._expect(listing, "list", team)
            ties = ties_of(self._store, self.reader)
            then = clocks or ties.clocks
            judge = self._judge_each("read", ties, ring)
            rows = rows_of(self._store.log, view, then, self._to_list(judge, ties, team, then), team)
            every = {case: judge(case) for case in dict.fromkeys(row["case"] for row in rows)}
            shown = {case: decision for case, decision in every.items() if decision.permitted}
            entries = [looked(self.reader, listing, "list", team, len(shown))]
            entries += [looked(self.reader, decision, "read", case) for case, decision in shown.items()]
            self._store.access.append(entries, cases=shown, known=ties.position)
            return Answer([seen(shown[row["case"]].rings, row) for row in rows if row["case"] in shown], then)

        return self._settled(attempt, "list", team)

    def _to_list(self, judge: Judge, ties: Ties, team: str | None, clocks: Clocks) -> Collection[str] | None:
        """The cases whose rows are read for a list, None for all: those that may be read, and no more than need be."""
        if judge(None).permitted:  # also without a tie, as an officer may
            return None if team is None else under_team(self._store.log, team, clocks)
        glass = glass_with(self._store, self.reader)
        return {case for case in {*ties.cases, *([glass.look.case] if glass else [])} if judge(case).permitted}

    def _no_ties(self, own: Iterable[str] = ()) -> Ties:
        return Ties(clocks_at(self._store.log), {"own": frozenset(own)})

    def _judge(self, action: str, case: str | None, ties: Ties, ring: Ring | None = None) -> Decision:
        return self._judge_each(action, ties, ring)(case)

    def _judge_each(self, action: str, ties: Ties, ring: Ring | None) -> Judge:
        """What judges one case after the other; it asks the policy, which is pure, once of all whose ties are alike."""
        reader, glass = self.reader, glass_with(self._store, self.reader)
        known: dict[Asked, Decision] = {}

        def judge(case: str | None) -> Decision:
            if reader.break_glass is not None and glass is None:
                return denied(self._policy, "glass.unknown", ties.position)
            through = glass is not None and (action != "read" or glass.stands_for(reader, case, now_of(self._store)))
            asked = Asked(reader.role, reader.purpose, action, ties.to(case), through, ring)
            if asked not in known:
                known[asked] = judged(self._policy, asked, ties.position)
            return known[asked]

        return judge

    def _settled(self, attempt: Callable[[], T], action: str, subject: str | None) -> T:
        """What an attempt gives whose ties still hold when it is recorded; it is made again where they moved."""
        for _ in range(TRIES):
            self._store.log.head()  # a log that was put back before this call is no reason to refuse it
            with suppress(Moved), of_one_log(self._store.log):
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
