"""Marks: which entries are struck, given the marks known.

A mark that is not itself struck strikes its target; a struck mark strikes nothing, so its target stands again.
Resolved from the highest position down, because a mark's target always lies below it (contract 2.2).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

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


class Marks:
    """Marks by what they strike: to ask of few positions, at many moments."""

    def __init__(self, marks: Iterable[tuple[int, int]]) -> None:
        self._on: dict[int, list[int]] = defaultdict(list)
        for position, target in marks:
            self._on[target].append(position)

    def struck(self, positions: Iterable[int], knew: Callable[[int], bool]) -> set[int]:
        """Which are struck of the positions, and of the marks on them, by the marks at positions that were known."""
        pairs, todo = [], [*positions]
        while todo:  # the marks on them, the marks on those, and so on
            target = todo.pop()
            found = [mark for mark in self._on.get(target, ()) if knew(mark)]
            pairs += [(mark, target) for mark in found]
            todo += found
        return struck_by(pairs)
