"""Breaking a glass and reviewing it, judged by the policy like anything else: `record.glass`."""

from contextlib import suppress
from typing import get_args

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.access.glass import (
    Glass,
    broken,
    glass_of,
    glass_rows,
    glass_with,
    now_of,
    read_of,
    reviewed,
    unheard_of,
)
from earlystart_core.access.judging import TRIES, refusal
from earlystart_core.access.keeping import Moved
from earlystart_core.access.looked import GlassReason, Outcome, looked
from earlystart_core.access.policy import POLICY, Asked, Decision, Relation, denied, judged
from earlystart_core.access.reader import Reader, check_glass, check_reader
from earlystart_core.answer import Answer
from earlystart_core.checking import check_id
from earlystart_core.clocks import clocks_at
from earlystart_core.errors import Conflict, Invalid, Refused, shown
from earlystart_core.readable import readable
from earlystart_core.store import Store
from earlystart_core.types import clean_text

HOURS = 8  # a glass lasts at most
LONGEST = 2_000  # characters of why


class BreakGlass:
    """The glasses of one record."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @readable()
    def break_for(self, case: str, *, reason: GlassReason, text: str, by: Reader, hours: int = 4) -> Glass:
        """Lets a reader read one case to which nothing ties them, for some hours; someone else reviews it.

        reason: `danger_of_harm`, `emergency_care`, `safeguarding_enquiry`, `legal_proceedings` or `complaint`. text:
        why, in words; sealed for the case. hours: 1 to 8. The glass's `id` goes into `Reader.break_glass`.

        Raises:
            Invalid: anything is malformed, or no such case is on record. The latter is recorded as refused.
            NotPermitted: the policy does not let this reader, be there such a case or not. That too is recorded.
            Refused: `keys.erased`, the case was erased: there is no text left to see. Likewise.
            StoreUnavailable: it could not be recorded: no glass was broken.
        """
        check_id("case", case, needed=True)
        check_reader(by)
        clean = _check_breaking(reason, text, hours)
        decision = self._judged("break_glass", by, Relation(own=case in by.own))
        if not decision.permitted:
            self._store.access.append([looked(by, decision, "break_glass", case)])
            raise refusal(by, decision, "break_glass", case)
        about = DCBQuery([DCBQueryItem(tags=[case])])  # one that was opened in error is in no view
        if next(self._store.log.read(about, limit=1), None) is None:
            self._in_vain("case.unknown", "break_glass", by, case)
            raise Invalid("case", f"expected a case on record, {case} is none")
        try:
            return broken(self._store, by, decision, case, reason, clean, hours)
        except Refused as no:
            self._in_vain(no.code, "break_glass", by, case)
            raise

    @readable()
    def review(self, glass: str, *, outcome: Outcome, by: Reader) -> None:
        """Records what a review of a broken glass came to: `justified`, `not_justified` or `unclear`.

        Raises:
            Invalid: anything is malformed, or nobody broke that glass. The latter is recorded as refused.
            NotPermitted: whoever broke it reviews it, or the policy does not let this reader, be there such a glass or
                not. That too is recorded.
            Refused: `glass.reviewed`, it was reviewed before. Likewise.
            Conflict: it kept being used, on each of three tries. Likewise.
            StoreUnavailable: it could not be recorded.
        """
        check_reader(by)
        _check_outcome(outcome)
        check_glass(glass)
        for _ in range(TRIES):
            with suppress(Moved):
                return self._review(glass, outcome, by)
        one = glass_of(self._store, glass)
        self._in_vain("ties.moved", "review", by, glass if one is None else one.look.case, glass)
        raise Conflict(f"{glass} kept being used: {TRIES} tries were made")

    def _review(self, glass: str, outcome: Outcome, by: Reader) -> None:
        read = read_of(self._store, glass)  # before the glass: whatever comes later was not read
        one = glass_of(self._store, glass)
        subject, relation = glass, Relation()
        if one is not None:
            subject = one.look.case
            relation = Relation(own=subject in by.own, broke=one.by.practitioner == by.practitioner)
        decision = self._judged("review", by, relation)
        if not decision.permitted:
            self._store.access.append([looked(by, decision, "review", subject, glass=glass)])
            raise refusal(by, decision, "review", glass)
        if one is None:
            self._in_vain("glass.unknown", "review", by, glass, glass)
            raise unheard_of("break_glass", glass)
        try:
            reviewed(self._store, by, decision, one, outcome, read)
        except Refused as no:
            self._in_vain(no.code, "review", by, subject, glass)
            raise

    @readable()
    def rows(self, case: str | None = None) -> Answer:
        """Every broken glass, of one case or all, and what became of its review (`access.glass.glass_rows`).

        Raises:
            Invalid: `case` is not a case id.
        """
        check_id("case", case)
        return Answer(glass_rows(self._store, case, now_of(self._store)), clocks_at(self._store.log))

    def _judged(self, action: str, by: Reader, relation: Relation) -> Decision:
        head = self._store.log.head()
        if by.break_glass is not None and glass_with(self._store, by) is None:
            return denied(POLICY, "glass.unknown", head)
        return judged(POLICY, Asked(by.role, by.purpose, action, relation, by.break_glass is not None), head)

    def _in_vain(self, rule: str, action: str, by: Reader, subject: str, glass: str | None = None) -> None:
        """Records that someone whom the policy lets was refused all the same, and why."""
        decision = denied(POLICY, rule, self._store.log.head())
        self._store.access.append([looked(by, decision, action, subject, glass=glass)])


def _check_breaking(reason: str, text: str, hours: int) -> str:
    """The text, cleaned.

    Raises:
        Invalid: the reason is no code, the text is blank or too long, or the hours are out of bounds.
    """
    if not isinstance(reason, str) or reason not in get_args(GlassReason):
        raise Invalid("reason", f"expected one of {', '.join(get_args(GlassReason))}, got {shown(reason)}")
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= HOURS:
        raise Invalid("hours", f"expected a whole number from 1 to {HOURS}, got {shown(hours, 20)}")
    try:
        clean = clean_text(text).strip() if isinstance(text, str) else ""
    except ValueError as error:
        raise Invalid("text", str(error)) from None
    if not 1 <= len(clean) <= LONGEST:
        raise Invalid("text", f"expected why in words, 1 to {LONGEST:,} characters")
    return clean


def _check_outcome(outcome: str) -> None:
    """Raises Invalid unless it is one of a review."""
    if not isinstance(outcome, str) or outcome not in get_args(Outcome):
        raise Invalid("outcome", f"expected one of {', '.join(get_args(Outcome))}, got {shown(outcome)}")
