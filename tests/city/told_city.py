"""What a simulated log tells: its entries and events, with a naive reading of its marks."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from earlystart_city import Summary, in_memory
from earlystart_core.entry import Recorded
from earlystart_core.event import Event
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.words import EVENTS
from earlystart_core.words.correction import MarkedInError

AnyEvent = TypeVar("AnyEvent", bound=Event)


@dataclass
class Told:
    """Every entry and its event, index = position - 1."""

    entries: list[Recorded]
    events: list[Event]
    keys: MemoryKeys
    summary: Summary

    @cached_property
    def struck(self) -> set[int]:
        """Positions struck at the head."""
        return {target for target in self._marks if self.is_struck(target, len(self.entries))}

    def is_struck(self, position: int, known: int) -> bool:
        """Whether a position is struck as known at another, by the plainest reading of the rule."""
        return any(mark <= known and not self.is_struck(mark, known) for mark in self._marks.get(position, []))

    def known_at(self, at: datetime) -> int:
        """The last position recorded at or before that instant."""
        return bisect_right(self._recorded, at)

    @cached_property
    def _marks(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for position, mark in self.all(MarkedInError):
            found.setdefault(mark.target, []).append(position)
        return found

    @cached_property
    def _recorded(self) -> list[datetime]:
        return [entry.recorded_at for entry in self.entries]

    def all(self, cls: type[AnyEvent]) -> Iterator[tuple[int, AnyEvent]]:
        """Positions and events of a kind, struck or not."""
        return ((n, event) for n, event in enumerate(self.events, 1) if isinstance(event, cls))

    def standing(self, cls: type[AnyEvent]) -> Iterator[tuple[int, AnyEvent]]:
        """Positions and events of a kind that stand."""
        return ((n, event) for n, event in self.all(cls) if n not in self.struck)

    def standing_of(self, *kinds: type[Event]) -> Iterator[tuple[int, Any]]:
        """As `standing`, for several kinds, one after the other."""
        return ((n, event) for cls in kinds for n, event in self.standing(cls))


def tell(cases: int, seed: int = 2026) -> Told:
    """A city of that many cases over six years."""
    log, keys, summary = in_memory(cases=cases, years=6, seed=seed)
    entries = [*log.read()]
    return Told(entries, [EVENTS.event(entry) for entry in entries], keys, summary)
