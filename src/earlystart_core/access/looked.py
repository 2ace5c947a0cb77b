"""What the access log says: that someone looked, broke a glass, or reviewed one. No personal data stands in it.

Only ids, codes and the names of rules; the reasons of a glass are sealed for its case, like any other text.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, assert_never

import msgspec

from earlystart_core.access.keeping import AccessLog, Garbled
from earlystart_core.access.policy import Decision
from earlystart_core.access.reader import Reader
from earlystart_core.entry import Entry, Recorded
from earlystart_core.privacy.sealed import Sealed
from earlystart_core.proof.entries import Doubt

GlassReason = Literal["danger_of_harm", "emergency_care", "safeguarding_enquiry", "legal_proceedings", "complaint"]
Outcome = Literal["justified", "not_justified", "unclear"]
UNREADABLE = "unreadable"  # the action and the result of a row about an entry that cannot be read
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_encode = msgspec.json.Encoder(order="sorted").encode


class _Judged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    purpose: str
    rules: tuple[str, ...]
    policy: str
    known: int  # the log's position that the reader's ties were read at


class Looked(_Judged, frozen=True, kw_only=True):
    """Someone asked, and was shown it or refused.

    subject: a case or team, or a glass that nobody broke; None: everyone.
    """

    action: str
    subject: str | None
    rings: tuple[str, ...]  # that were shown
    result: Literal["permitted", "refused"]
    break_glass: str | None = None
    count: int | None = None  # of a list: how many cases were shown; each has an entry of its own


class GlassBroken(_Judged, frozen=True, kw_only=True):
    """Someone takes it on themselves to read one case, until then. text: why, in words, sealed for the case."""

    break_glass: str
    case: str
    reason: GlassReason
    text: Sealed
    until: Instant
    review_by: Instant


class GlassReviewed(_Judged, frozen=True, kw_only=True):
    """Someone else looked at why a glass was broken."""

    break_glass: str
    case: str
    outcome: Outcome


Look = Looked | GlassBroken | GlassReviewed
KINDS: dict[str, type[Look]] = {cls.__name__: cls for cls in (Looked, GlassBroken, GlassReviewed)}


def judged_by(reader: Reader, decision: Decision) -> dict[str, Any]:
    """The fields that all three have."""
    return {
        "purpose": reader.purpose,
        "rules": decision.rules,
        "policy": decision.policy,
        "known": decision.position,
    }


def looked(
    reader: Reader,
    decision: Decision,
    action: str,
    subject: str | None,
    count: int | None = None,
    *,
    glass: str | None = None,
) -> Entry:
    """The entry that says that a reader was shown something, or refused it, by that decision.

    glass: that it is about; where it is about none, the one that the reader came with.
    """
    look = Looked(
        action=action,
        subject=subject,
        rings=decision.rings,
        result="permitted" if decision.permitted else "refused",
        break_glass=glass or reader.break_glass,
        count=count,
        **judged_by(reader, decision),
    )
    return entry_of(look, reader, [subject, glass, reader.break_glass])


def entry_of(look: Look, reader: Reader, about: Iterable[str | None]) -> Entry:
    """The entry as it goes to the access log; its tags: what it is about, and who looked."""
    tags = dict.fromkeys(tag for tag in (*about, reader.practitioner) if tag is not None)
    return Entry(type(look).__name__, _encode(look), list(tags), recorded_by=reader.by)


def look_of(recorded: Recorded) -> Look | None:
    """What an entry says; None if it is not one of the three."""
    cls = KINDS.get(recorded.event.type)
    if cls is None or recorded.event.recorded_by is None:
        return None
    try:
        return msgspec.json.decode(recorded.event.data, type=cls)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def looks_in(recorded: Iterable[Recorded | Garbled]) -> Iterator[tuple[Recorded, Look]]:
    """The entries that can be read, each with what it says."""
    for one in recorded:
        if isinstance(one, Recorded) and (look := look_of(one)) is not None:
            yield one, look


def unreadable_in(recorded: Iterable[Recorded | Garbled]) -> Iterator[Doubt]:
    """A doubt for each entry that cannot be read."""
    for one in recorded:
        if isinstance(one, Garbled) or look_of(one) is None:
            yield Doubt(one.position, "the entry cannot be read: expected who looked, got something else")


def sealed_why(access: AccessLog, subjects: Iterable[str]) -> list[tuple[str, bytes]]:
    """Why glasses were broken for those cases, sealed: each case with an entry's data."""
    kind = GlassBroken.__name__
    return [
        (case, one.event.data)
        for case in subjects
        for one in access.about(case)
        if isinstance(one, Recorded) and one.event.type == kind
    ]


def rows_of(recorded: Iterable[Recorded | Garbled]) -> Iterator[dict[str, Any]]:
    """A row an entry: `at, practitioner, role, employer, purpose, subject, action, rings, result, rules` and the glass.

    `known`: the log's position that the reader's ties were read at.
    A glass that was broken, and its review, have rows too, of the actions `break_glass` and `review`.
    Of an entry that cannot be read `action` and `result` are `unreadable`, `rules` says which it is, and the rest is
    null but for what its frame still says.
    """
    for one in recorded:
        look = None if isinstance(one, Garbled) else look_of(one)
        if isinstance(one, Garbled) or look is None:
            yield _unreadable(one)
            continue
        by = one.event.recorded_by
        assert by is not None
        yield {
            "at": one.recorded_at,
            "practitioner": by.practitioner,
            "role": by.role,
            "employer": by.employer,
            "purpose": look.purpose,
            **_done(look),
            "rules": list(look.rules),
            "known": look.known,
            "break_glass": look.break_glass,
        }


def _unreadable(one: Recorded | Garbled) -> dict[str, Any]:
    recorded = None if isinstance(one, Garbled) else one
    by = recorded and recorded.event.recorded_by
    tags = recorded.event.tags if recorded else []
    return {
        "at": recorded and recorded.recorded_at,
        "practitioner": by and by.practitioner,
        "role": by and by.role,
        "employer": by and by.employer,
        "purpose": None,
        "subject": next((tag for tag in tags if tag.startswith("case:")), None),
        "action": UNREADABLE,
        "rings": [],
        "result": UNREADABLE,
        "rules": [f"entry {'?' if one.position is None else one.position} cannot be read"],
        "known": None,
        "break_glass": next((tag for tag in tags if tag.startswith("glass:")), None),
    }


def _done(look: Look) -> dict[str, Any]:
    match look:
        case Looked():
            return {"subject": look.subject, "action": look.action, "rings": list(look.rings), "result": look.result}
        case GlassBroken():
            action = "break_glass"
        case GlassReviewed():
            action = "review"
        case _:
            assert_never(look)
    return {"subject": look.case, "action": action, "rings": [], "result": "permitted"}
