"""Marks: which entries are struck, given the marks known.

A mark that is not itself struck strikes its target; a struck mark strikes nothing, so its target stands again.
Resolved from the highest position down, because a mark's target always lies below it (contract 2.2).
"""

from collections.abc import Iterable

from earlystart_core.event import Event
from earlystart_core.words.correction import MarkedInError


def struck_by(marks: Iterable[tuple[int, int]]) -> set[int]:
    """The struck positions, from pairs (position of the mark, position of its target) in any order."""
    out: set[int] = set()
    for position, target in sorted(marks, reverse=True):
        if position not in out:
            out.add(target)
    return out


def struck(events: Iterable[tuple[int, Event]]) -> set[int]:
    """The struck positions among entries (position, event)."""
    return struck_by((position, event.target) for position, event in events if isinstance(event, MarkedInError))
