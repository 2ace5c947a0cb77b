"""Diary: what will be typed into the record, and when; read week by week, in the order of typing.

A draft is an entry before the log has it. Its position is known only once it is written, so an entry that names
another one's position (a mark, a disclosure) is finished at the moment of writing.
"""

from collections.abc import Iterator
from operator import attrgetter

import msgspec

from earlystart_city.calendar import DAY, END
from earlystart_core.entry import Practitioner
from earlystart_core.event import Event, tags_of

WEEK = 7 * DAY
_by_typing = attrgetter("typed")


class Draft(msgspec.Struct, eq=False, gc=False):
    """An event, when it is typed (microseconds), by whom, under which command. `position`: 0 until written."""

    event: Event
    typed: int
    by: Practitioner
    command_id: str
    position: int = 0

    def final(self) -> Event:
        """The event as it goes to the log."""
        return self.event

    def tags(self) -> list[str] | None:
        """Its tags where they cannot be read off the event itself."""
        return None


class Mark(Draft, eq=False, gc=False, kw_only=True):
    """A mark on an earlier draft; carries all tags of its target."""

    target: Draft

    def final(self) -> Event:
        return msgspec.structs.replace(self.event, target=self.target.position)

    def tags(self) -> list[str] | None:
        return self.target.tags() or tags_of(self.target.final())


class Reliant(Draft, eq=False, gc=False, kw_only=True):
    """A disclosure that relies on an earlier draft."""

    basis: Draft

    def final(self) -> Event:
        return msgspec.structs.replace(self.event, basis_position=self.basis.position)


class Diary:
    """All drafts still to be written, by week of typing."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._weeks: list[list[Draft]] = [[] for _ in range((END - start) // WEEK + 1)]

    def add(self, draft: Draft) -> None:
        """Keeps the draft, unless the city has ended when it would be typed."""
        if draft.typed < END:
            self._weeks[(draft.typed - self._start) // WEEK].append(draft)

    def weeks(self) -> Iterator[tuple[int, int]]:
        """Each week as its number and the instant at which it ends."""
        for week in range(len(self._weeks)):
            yield week, self._start + (week + 1) * WEEK

    def take(self, week: int) -> list[Draft]:
        """That week's drafts in the order of typing, equal instants in the order they were added; then forgotten."""
        drafts = sorted(self._weeks[week], key=_by_typing)
        self._weeks[week] = []
        return drafts
