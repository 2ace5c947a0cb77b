"""Break-glass: someone reads a case to which nothing ties them, says why, and someone else looks at it afterwards.

A glass is for one practitioner and one case, some hours long, for reading alone. It stands in the access log, not in
the record: it is about who saw the child's record, and nothing that happened to the child.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from earlystart_core.access.keeping import Garbled
from earlystart_core.access.looked import (
    GlassBroken,
    GlassReason,
    GlassReviewed,
    Look,
    Outcome,
    entry_of,
    judged_by,
    looks_in,
)
from earlystart_core.access.policy import Decision
from earlystart_core.access.reader import Reader
from earlystart_core.audit.timeline import SEALED
from earlystart_core.decide import AHEAD
from earlystart_core.entry import EPOCH, Practitioner, Recorded
from earlystart_core.errors import Invalid, Refused, StoreUnavailable
from earlystart_core.privacy.keys import Keys, Shredded
from earlystart_core.privacy.sealed import open_sealed, seal
from earlystart_core.store import Store
from earlystart_core.ulid import new_id

REVIEW_DAYS = 7  # by when someone else has reviewed it


class Glass(msgspec.Struct, frozen=True):
    """A broken glass: its id, for which case, from when until when, and by when it is to be reviewed."""

    id: str
    case: str
    at: datetime
    until: datetime
    review_by: datetime


class Now(msgspec.Struct, frozen=True):
    """The moment at which a glass is judged, by both that can tell: the store's clock, and the access log's last."""

    clock: datetime
    log: datetime | None  # whose instants never fall, whatever the clock does; None: it has none


class Broken(msgspec.Struct, frozen=True):
    """A glass as the access log has it: who broke it, and the review, where there is one."""

    at: datetime
    by: Practitioner
    look: GlassBroken
    review: tuple[datetime, Practitioner, GlassReviewed] | None = None

    def stands_for(self, reader: Reader, case: str | None, now: Now) -> bool:
        """Whether that reader may read that case by it at that moment."""
        return self.by == reader.by and self.look.case == case and self._runs(self.look.until, now)

    def state(self, now: Now) -> str:
        """`reviewed`, `open` while there is time to review it, then `overdue`."""
        return "reviewed" if self.review else "open" if self._runs(self.look.review_by, now) else "overdue"

    def _runs(self, until: datetime, now: Now) -> bool:
        """Whether an instant that was set at the breaking is still to come.

        It is over as soon as the clock or the log is past it, and where the clock was set back to before the breaking.
        A log that some clock had carried past that instant before the breaking tells nothing of it.
        """
        begun = self.look.review_by - timedelta(days=REVIEW_DAYS)  # by the clock of then; `at` is the log's
        is_past = now.log is not None and self.at < until <= now.log
        return begun - AHEAD <= now.clock < until and not is_past


def now_of(store: Store) -> Now:
    """The moment it is."""
    return Now(store.clock(), store.access.latest())


def broken(
    store: Store, reader: Reader, decision: Decision, case: str, reason: GlassReason, text: str, hours: int
) -> Glass:
    """Records that the glass is broken, and returns it. text: cleaned.

    Raises:
        Refused: `keys.erased`, the case was erased: there is nothing to read.
        StoreUnavailable: it could not be recorded; no glass was broken.
    """
    now = store.clock()
    glass = new_id("glass", now, store.chance)
    key = store.keys.for_subjects([case])[case]
    look = GlassBroken(
        break_glass=glass,
        case=case,
        reason=reason,
        text=seal(text, [key], _place(glass, case), store.chance),
        until=now + timedelta(hours=hours),
        review_by=now + timedelta(days=REVIEW_DAYS),
        **judged_by(reader, decision),
    )
    store.access.append([entry_of(look, reader, [case, glass])])
    return Glass(glass, case, now, look.until, look.review_by)


def reviewed(store: Store, reader: Reader, decision: Decision, one: Broken, outcome: Outcome, read: int) -> None:
    """Records the review of a glass. read: the position up to which the access log was read about it.

    Raises:
        Refused: `glass.reviewed`, it was reviewed before.
        Moved: something was recorded about it since.
        StoreUnavailable: it could not be recorded.
    """
    glass, case = one.look.break_glass, one.look.case
    if one.review is not None:
        raise Refused("glass.reviewed", f"{glass} was reviewed before: expected one that awaits its review")
    look = GlassReviewed(break_glass=glass, case=case, outcome=outcome, **judged_by(reader, decision))
    store.access.append([entry_of(look, reader, [case, glass])], glass=glass, read=read)


def glass_of(store: Store, glass: str) -> Broken | None:
    """The glass of that id; None where nobody broke it."""
    return next(iter(glasses(store, glass)), None)


def read_of(store: Store, glass: str) -> int:
    """The position of the last entry of the access log about a glass; 0 where there is none."""
    return max((one.position or 0 for one in store.access.about(glass)), default=0)


def glass_with(store: Store, reader: Reader) -> Broken | None:
    """The glass that a reader came with; None where there is none or someone else broke it: that is not told apart."""
    one = None if reader.break_glass is None else glass_of(store, reader.break_glass)
    return one if one is not None and one.by == reader.by else None


def unheard_of(field: str, glass: str) -> Invalid:
    """The sentence for a glass that nobody broke."""
    return Invalid(field, f"expected a glass that someone broke, {glass} is none")


def glasses(store: Store, tag: str | None = None) -> list[Broken]:
    """The glasses that the entries of that tag tell of, of all where there is none, in the order of their breaking."""
    found: dict[str, Broken] = {}
    for recorded, look in _told(store, tag):
        by = recorded.event.recorded_by
        assert by is not None
        if isinstance(look, GlassBroken):
            found[look.break_glass] = Broken(recorded.recorded_at, by, look)
        elif isinstance(look, GlassReviewed) and look.break_glass in found:
            one = found[look.break_glass]
            if one.review is None:
                review = (recorded.recorded_at, by, look)
                found[look.break_glass] = msgspec.structs.replace(one, review=review)
    return list(found.values())


def glass_rows(store: Store, case: str | None, now: Now) -> list[dict[str, Any]]:
    """A row a glass, of one case or all, in the order of their breaking.

    A row: `break_glass, at, practitioner, role, employer, purpose, case, reason, text, until, review_by, state` (open,
    overdue, reviewed)`, reviewed_at, reviewed_by, outcome`. Text reads `(erased)` where its key was destroyed,
    `(sealed)` where this reader has none.
    """
    rows = []
    keys = cache(lambda: store.keys)
    for one in glasses(store, case):
        reviewed_at, reviewer, review = one.review or (None, None, None)
        rows.append(
            {
                "break_glass": one.look.break_glass,
                "at": one.at,
                "practitioner": one.by.practitioner,
                "role": one.by.role,
                "employer": one.by.employer,
                "purpose": one.look.purpose,
                "case": one.look.case,
                "reason": one.look.reason,
                "text": _text(one.look, keys),
                "until": one.look.until,
                "review_by": one.look.review_by,
                "state": one.state(now),
                "reviewed_at": reviewed_at,
                "reviewed_by": reviewer and reviewer.practitioner,
                "outcome": review and review.outcome,
            }
        )
    return rows


def _told(store: Store, tag: str | None) -> Iterator[tuple[Recorded, Look]]:
    """What can be read of broken glasses: one that cannot be opens nothing; one without a review awaits it."""
    return looks_in(one for one in store.access.about(tag) if isinstance(one, Garbled) or one.event.type != "Looked")


def _text(look: GlassBroken, keys: Any) -> str:
    try:
        found: Keys = keys()
        text = open_sealed(look.text, _place(look.break_glass, look.case), found)
    except StoreUnavailable:
        return SEALED
    return "(erased)" if isinstance(text, Shredded) else text


def _place(glass: str, case: str) -> dict[str, Any]:
    """What the text is bound to: the glass that it is the reason of."""
    return {
        "command_id": glass,
        "field": "text",
        "occurred_at": EPOCH,
        "tags": [case, glass],
        "type": GlassBroken.__name__,
        "version": 1,
    }
