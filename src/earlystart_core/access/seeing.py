"""Seeing: the questions of a record as one reader may ask them. Each is judged, recorded, and only then answered.

Where the access cannot be recorded, nothing is shown. A refusal is recorded too. Ties are those of the moment asked,
also for a question at other clocks: who may see an old state is decided by who someone is now.
Rows that name a case are folded from the log's entries about it, as its ties are, and not read from the served views.
"""

from collections.abc import Callable, Container
from datetime import date, datetime
from typing import Protocol, Self

from earlystart_core.access.glass import glasses
from earlystart_core.access.judging import Judging
from earlystart_core.access.looked import rows_of
from earlystart_core.access.policy import AccessPolicy, Decision
from earlystart_core.access.reader import Reader
from earlystart_core.access.rings import ENTRY_RINGS, EVENT_RINGS, VIEW_RINGS
from earlystart_core.answer import Answer, Row
from earlystart_core.case_file import is_under, rows_about, with_counted
from earlystart_core.checking import check_id, plain
from earlystart_core.clocks import Clocks, Moment, begin_of, clocks_at
from earlystart_core.errors import Invalid, shown
from earlystart_core.event import shape_of
from earlystart_core.log import of_one_log
from earlystart_core.readable import readable
from earlystart_core.store import Store
from earlystart_core.words import EVENTS
from earlystart_core.words.correction import MarkedInError

WITHHELD = "(withheld)"
MARK = MarkedInError.__name__


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


class QuestionsThen(Questions, Protocol):
    """The same at two clocks."""

    clocks: Clocks


class Seeing:
    """The same questions, for one reader: `record.seen_by(reader)`."""

    def __init__(
        self,
        questions: Questions,
        store: Store,
        reader: Reader,
        policy: AccessPolicy,
        at: Callable[[Moment | None, Moment | None], "QuestionsThen"],
        clocks: Clocks | None = None,
    ) -> None:
        """at: what asks at two clocks. clocks: those that are asked at, of the log as it is now; None: the head."""
        self._questions = questions
        self._store = store
        self._judging = Judging(store, reader, policy)
        self._policy = policy
        self._at = at
        self._clocks = clocks
        self._history = None if clocks is None else store.log.history
        self.reader = reader

    @readable()
    def as_at(self, known: Moment | None = None, effective: Moment | None = None) -> Self:
        """The same reader's questions at two clocks, as `Record.as_at` has them.

        Raises:
            Invalid: either is malformed, or lies beyond the head.
        """
        then = self._at(known, effective)
        return type(self)(then, self._store, self.reader, self._policy, self._at, then.clocks)

    @readable()
    def may(self, action: str, case: str | None = None) -> Decision:
        """Whether the reader may do that (`read`, `list`, `count`, `audit`, `export`, `erase`, …). It is recorded.

        Of a review it does not know which glass, so not whether it is the reader's own: `record.glass.review` does.

        Raises:
            Invalid: `action` is not text, or `case` is not a case id.
            StoreUnavailable: it could not be recorded.
        """
        if not isinstance(action, str):
            raise Invalid("action", f"expected text such as read, got {type(action).__name__}")
        check_id("case", case)
        return self._judging.decide(plain(action), case)

    @readable()
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
        if not isinstance(name, str) or name not in VIEW_RINGS:
            raise Invalid("view", f"expected one of {', '.join(sorted(VIEW_RINGS))}, got {shown(name)}")
        check_id("team", team)
        check_id("case", case)
        with of_one_log(self._store.log, self._history):
            return self._rows(name, team, case)

    def _rows(self, name: str, team: str | None, case: str | None) -> Answer:
        placed = VIEW_RINGS[name]
        if case is None:
            return self._judging.listed(name, team, self._clocks, placed.ring, placed.seen)
        views = with_counted([name] if team is None else [name, "case_status"])
        decision, ties = self._judging.read(case, placed.ring, views)
        clocks = self._clocks or ties.clocks
        file = ties.file if self._clocks is None else rows_about(case, ties.events, clocks, views)
        rows = file[name] if is_under(file, team) else []
        return Answer([placed.seen(decision.rings, row) for row in rows], clocks)

    @readable()
    def caseload(self, team: str | None = None) -> Answer:
        """As `Record.caseload`: numbers that name no child.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `team` is not a team id.
        """
        check_id("team", team)
        self._judging.count(team)
        return self._questions.caseload(team)

    @readable()
    def tiers(self, team: str | None = None) -> Answer:
        """As `Record.tiers`: numbers that name no child.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `team` is not a team id.
        """
        check_id("team", team)
        self._judging.count(team)
        return self._questions.tiers(team)

    @readable()
    def timeline(self, case: str) -> Answer:
        """The case's story without what is out of the reader's reach; of several children only this one is named.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `case` is not a case id.
            StoreUnavailable: the access could not be recorded, so nothing is shown.
            Conflict: facts about the case kept being recorded, on each of three tries.
        """
        check_id("case", case, needed=True)
        decision, _ = self._judging.read(case, ENTRY_RINGS.ring)
        return in_reach(self._questions.timeline(case), case, decision)

    @readable()
    def disclosures(self, case: str | None = None) -> Answer:
        """As `Record.disclosures`: of one case for whoever reads it up to the team's ring, of all for an audit.

        Of all, those of the reader's own family are left out.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `case` is not a case id.
            StoreUnavailable: the access could not be recorded, so nothing is shown.
            Conflict: facts about the case kept being recorded, on each of three tries.
        """
        check_id("case", case)
        if case is not None:
            self._judging.read(case, EVENT_RINGS["InformationShared"].ring)
            return self._questions.disclosures(case)
        barred = self._judging.audit_all()
        answer = self._questions.disclosures()
        return Answer([row for row in answer if row["case"] not in barred], answer.clocks)

    @readable()
    def looked(self, case: str | None = None, since: date | datetime | str | None = None) -> Answer:
        """As `Record.looked`, for an audit; this asking stands in it too.

        Of all, those about the reader's own family are left out. No row tells of a glass for one of those cases.

        Raises:
            NotPermitted: the reader may not.
            Invalid: `case` is not a case id, or `since` is no date and no instant.
            StoreUnavailable: the access could not be recorded, so nothing is shown.
            Conflict: facts about the case kept being recorded, on each of three tries.
        """
        check_id("case", case)
        begin = None if since is None else begin_of("since", since)
        if case is None:
            barred = self._judging.audit_all()
        else:
            self._judging.audit(case)
            barred = frozenset(self.reader.own) - {case}
        rows = list(rows_of(self._store.access.about(case, begin)))  # before the glasses: none is newer than those
        hidden = {one.look.break_glass for own in barred for one in glasses(self._store, own)}
        shown = [row for row in rows if row["subject"] not in barred and not _tells_of(hidden, row)]
        return Answer([_without(hidden, row) for row in shown], clocks_at(self._store.log))


def _tells_of(glasses: Container[str], row: Row) -> bool:
    """Whether it is one of those glasses that a row was refused for: without the id too, that says there is one."""
    return row["break_glass"] in glasses and any("glass" in rule for rule in row["rules"])


def _without(glasses: Container[str], row: Row) -> Row:
    """The row as if its reader had come without any of those glasses."""
    return {**row, "break_glass": None} if row["break_glass"] in glasses else row


def in_reach(story: Answer, case: str, decision: Decision) -> Answer:
    """Of a case's story what a decision lets a reader see."""
    shown: set[int] = set()  # positions
    for row in sorted(story, key=lambda row: row["position"]):  # a mark is later than its target
        if _is_seen(row, decision, shown):
            shown.add(row["position"])
    return Answer([_told(row, case, decision) for row in story if row["position"] in shown], story.clocks)


def _is_seen(row: Row, decision: Decision, shown: Container[int]) -> bool:
    """Whether its ring is in reach; of a mark, whether what it marks is shown: it would tell that there is such."""
    placed = EVENT_RINGS.get(row["type"])
    if placed is None or placed.ring not in decision.rings:
        return False
    return row["type"] != MARK or row["fields"]["target"] in shown


def _told(row: Row, case: str, decision: Decision) -> Row:
    fields = EVENT_RINGS[row["type"]].seen(decision.rings, row["fields"])
    if "cases" in fields:
        fields["cases"] = (case,)
    if "text_withheld" in decision.obligations:
        texts = shape_of(EVENTS.classes[row["type"]]).sealed
        fields |= {name: WITHHELD for name in texts if name in fields}
    return ENTRY_RINGS.seen(decision.rings, {**row, "fields": fields})
