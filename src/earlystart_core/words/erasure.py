"""Erasure: the tombstone of a subject whose keys were destroyed, and what stands in an erasure's way.

No command orders the event: only an erasure that has looked for the keys and not found them records it
(`earlystart_core.erasing.erasure`). A mark on it strikes the entry, and brings nothing back.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from earlystart_core.alike import skeleton
from earlystart_core.command import several
from earlystart_core.errors import Invalid, Refused
from earlystart_core.event import Event, tags_of
from earlystart_core.types import CaseId, Label, PersonId, clean_text
from earlystart_core.words.hold import Change, binding_holds, covers

Persons = Annotated[tuple[PersonId, ...], *several(0, 1_000)]
Names = Annotated[tuple[Label, ...], *several(1, 1_001)]
LONGEST = 200  # characters of an authority, as of any label


class SubjectErased(Event, frozen=True):
    """`occurred_at`: when the keys were destroyed. A case takes the persons along that are the child itself."""

    authority: Label
    second_authority: Label
    keys: Names  # the kids of the destroyed keys, one a tag, in their order; then others that sealed their text
    case: CaseId | None = None
    persons: Persons = ()


def subjects_of_tombstone(event: SubjectErased) -> tuple[str, ...]:
    """Who was erased: the case, if it was one, then the persons."""
    return tuple(tags_of(event))


def two_authorities(first: str, second: str) -> tuple[str, str]:
    """Both, cleaned. That two names which read differently are two people is the caller's word.

    Raises:
        Invalid: either is blank, over 200 characters, no plain text or not in the Latin alphabet, or both read the same
            (`alike.skeleton`).
    """
    found, read = [], []
    for field, text in (("authority", first), ("second_authority", second)):
        try:
            clean = " ".join(clean_text(text).split()) if isinstance(text, str) else ""
            read.append(skeleton(clean))
        except ValueError as error:
            raise Invalid(field, str(error)) from None
        if not read[-1] or len(clean) > LONGEST:
            raise Invalid(field, f"expected a role and a reference, 1 to {LONGEST} characters")
        found.append(clean)
    if read[0] == read[1]:
        raise Invalid("second_authority", "expected another person than the first authority, got the same")
    return found[0], found[1]


def expect_not_held(subject: str, beside: Iterable[str], changes: Iterable[Change], at: datetime) -> None:
    """Refuses where a hold covers the subject, or a case or person that shares an entry with it (`beside`).

    changes: in the order of their recording (`hold.binding_holds`).

    Raises:
        Refused: `erasure.held`, naming the hold and who ordered it.
    """
    ids = {subject, *beside}
    for placed in binding_holds(changes, at):
        if covers(placed, ids):
            whom = placed.case or placed.person or "everyone"
            raise Refused(
                "erasure.held",
                f"{subject} may not be erased: expected no legal hold, {placed.hold} stands over {whom}"
                f" by order of {placed.authority}",
            )
