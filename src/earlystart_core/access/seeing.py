"""Seeing: the questions of a record as one reader may ask them. Each is judged, recorded, and only then answered.

Where the access cannot be recorded, nothing is shown. A refusal is recorded too. Ties are those of the moment asked,
also for a question at other clocks: who may see an old state is decided by who someone is now.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Protocol, Self, TypeVar

from earlystart_core.access.glass import glass_of
from earlystart_core.access.keeping import Moved
from earlystart_core.access.looked import looked, rows_of
from earlystart_core.access.policy import ACTIONS, AccessPolicy, Asked, Decision, judged
from earlystart_core.access.reader import Reader
from earlystart_core.access.rings import ENTRY_RINGS, EVENT_RINGS, VIEW_RINGS, Ring
from earlystart_core.access.ties import Ties, ties_of
from earlystart_core.answer import Answer, Row
from earlystart_core.checking import check_id
from earlystart_core.clocks import Moment, begin_of, clocks_at
from earlystart_core.errors import Conflict, Invalid, NotPermitted
from earlystart_core.event import shape_of
from earlystart_core.store import Store
from earlystart_core.words import EVENTS

WITHHELD = "(withheld)"
TRIES = 3
T = TypeVar("T")


class Questions(Protocol):
    """What a record answers, now or at two clocks."""

    def view(self, name: str, team: str | None = None, case: str | None = None) -> Answer:
        """The rows of a view."""

    def caseload(self, team: str | None = None) -> Answer:
        """Cases and packages of teams."""

    def tiers(self, team: str | None = None) -> Answer:
        """Cases of teams by tier."""

    def timeline(self, case: str) -> Answer:
        """The story of a case."""

    def disclosures(self, case: str | None = None) -> Answer:
        """Every sharing of information."""


class Seeing:
    """The same questions, for one reader: `record.seen_by(reader)`."""

    def __init__(
        self,
        questions: Questions,
        store: Store,
        reader: Reader,
        policy: AccessPolicy,
        at: "Callable[[Moment | None, Moment | None], Questions]",
    ) -> None:
        self._questions = questions
        self._store = store
        self._policy = policy
        self._at = at
        self.reader = reader

    def as_at(self, known: Moment | None = None, effective: Moment | None = None) -> Self:
        """The same reader's questions at two clocks, as `Record.as_at` has them.

        Raises:
            Invalid: either is malformed, or lies beyond the head.
        """
        return type(self)(self._at(known, effective), self._store, self.reader, self._policy, self._at)

    def may(self, action: str, case: str | None = None) -> Decision:
        """Whether the reader may do that (`read`, `list`, `count`, `audit`, `export`, `erase`, …). It is recorded.

        Raises:
            Invalid: `case` is not a case id.
            StoreUnavailable: it could not be recorded.
        """
        check_id("case", case)
        return self._judged(action, case)

    def view(self, name: str, team: str | None = None, case: str | None = None) -> Answer:
        """Rows of a view that the reader may see, with the columns that they may see.

        With a case it is read, or refused. Without one the cases are listed: those that the reader may not read are
        left out, and of each that is shown an entry is recorded.

        Raises:
            NotPermitted: the reader may not. That too is recorded.
            Invalid: no view has that name, or `team` or `case` is not an id of its kind.
            StoreUnavailable: the access could not be recorded, so nothing is shown.
            Conflict: facts about the case kept being recorded, on each of three tries.
        """
        if name not in VIEW_RINGS:
            raise Invalid("view", f"expected one of {', '.join(sorted(VIEW_RINGS))}, got {str(name)[:40]!r}")
        check_id("team", team)
        check_id("case", case)
        placed = VIEW_RINGS[name]
        if case is not None:
            decision = self._read(case, placed.ring)
            answer = self._questions.view(name, team, case)
            return Answer([placed.seen(decision.rings, row) for row in answer], answer.clocks)
        return self._list(lambda: self._questions.view(name, team), team, placed.ring, placed.seen)

    def caseload(self, team: str | None = None) -> Answer:
        """As `Record.caseload`: numbers that name no child.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `team` is not a team id.
        """
        check_id("team", team)
        self._once("count", team)
        return self._questions.caseload(team)

    def tiers(self, team: str | None = None) -> Answer:
        """As `Record.tiers`: numbers that name no child.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `team` is not a team id.
        """
        check_id("team", team)
        self._once("count", team)
        return self._questions.tiers(team)

    def timeline(self, case: str) -> Answer:
        """The case's story without what is out of the reader's reach; of several children only this one is named.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `case` is not a case id.
            StoreUnavailable: the access could not be recorded, so nothing is shown.
            Conflict: facts about the case kept being recorded, on each of three tries.
        """
        check_id("case", case or "")
        decision = self._read(case, ENTRY_RINGS.ring)
        answer = self._questions.timeline(case)
        return Answer([_told(row, case, decision) for row in answer if _is_seen(row, decision)], answer.clocks)

    def disclosures(self, case: str | None = None) -> Answer:
        """As `Record.disclosures`: of one case for whoever reads it up to the team's ring, of all for an audit.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `case` is not a case id.
            StoreUnavailable: the access could not be recorded, so nothing is shown.
            Conflict: facts about the case kept being recorded, on each of three tries.
        """
        check_id("case", case)
        if case is None:
            self._once("audit", None)
        else:
            self._read(case, EVENT_RINGS["InformationShared"].ring)
        return self._questions.disclosures(case)

    def looked(self, case: str | None = None, since: date | datetime | str | None = None) -> Answer:
        """As `Record.looked`, for an audit; this asking stands in it too.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `case` is not a case id, or `since` is no date and no instant.
        """
        check_id("case", case)
        begin = None if since is None else begin_of("since", since)
        self._once("audit", case)
        return Answer(list(rows_of(self._store.access.about(case, begin))), clocks_at(self._store.log))

    def _read(self, case: str, ring: Ring) -> Decision:
        """Judges and records the reading of one case."""
        decision = self._judged("read", case, ring)
        self._expect(decision, "read", case)
        return decision

    def _judged(self, action: str, case: str | None, ring: Ring | None = None) -> Decision:
        """The decision about one case, recorded, by ties that still hold when it is."""

        def attempt() -> Decision:
            ties = ties_of(self._store, self.reader, case)
            decision = self._judge(action, case, ties, ring)
            known = action if action in ACTIONS else "unknown"  # a caller's own words are not for the access log
            entry = looked(self.reader, decision, known, case)
            self._store.access.append([entry], cases=() if case is None else (case,), known=ties.position)
            return decision

        return _settled(attempt)

    def _once(self, action: str, subject: str | None) -> None:
        """Judges and records what opens no case: no tie bears on it."""
        decision = self._judge(action, None, Ties(self._store.log.head(), {}))
        self._store.access.append([looked(self.reader, decision, action, subject)])
        self._expect(decision, action, subject)

    def _list(
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

        return _settled(attempt)

    def _judge(self, action: str, case: str | None, ties: Ties, ring: Ring | None = None) -> Decision:
        reader = self.reader
        glass = reader.break_glass is not None
        if glass and action == "read":
            one = glass_of(self._store, reader.break_glass or "", field="reader.break_glass")
            glass = one.stands_for(reader, case, self._store.clock())
        asked = Asked(reader.role, reader.purpose, action, ties.to(case), glass, ring)
        return judged(self._policy, asked, ties.position)

    def _expect(self, decision: Decision, action: str, subject: str | None) -> None:
        if not decision.permitted:
            raise refusal(self.reader, decision, action, subject)


def _settled(attempt: Callable[[], T]) -> T:
    """What an attempt gives whose ties still hold when it is recorded; it is made again where they moved."""
    for _ in range(TRIES):
        with suppress(Moved):
            return attempt()
    raise Conflict(f"facts about what is read kept arriving: {TRIES} tries were made")


def refusal(reader: Reader, decision: Decision, action: str, subject: str | None) -> NotPermitted:
    """The sentence for a reader who may not."""
    why = ", ".join(decision.rules)
    return NotPermitted(
        f"{reader.practitioner} as {reader.role} for {reader.purpose} may not {action.replace('_', ' ')}"
        f" {subject or 'all cases'}: {why} ({decision.policy})"
    )


def _is_seen(row: Row, decision: Decision) -> bool:
    placed = EVENT_RINGS.get(row["type"])
    return placed is not None and placed.ring in decision.rings


def _told(row: Row, case: str, decision: Decision) -> Row:
    fields = EVENT_RINGS[row["type"]].seen(decision.rings, row["fields"])
    if "cases" in fields:
        fields["cases"] = (case,)
    if "text_withheld" in decision.obligations:
        texts = shape_of(EVENTS.classes[row["type"]]).sealed
        fields |= {name: WITHHELD for name in texts if name in fields}
    return ENTRY_RINGS.seen(decision.rings, {**row, "fields": fields})
