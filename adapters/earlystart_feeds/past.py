"""The past: what the log already says of cases that earlier feeds brought.

The ledger keeps no values, so what later rows are judged by is read back from the log, once and only when asked for.
"""

from collections import defaultdict
from datetime import date, datetime
from functools import cached_property

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.event import Event
from earlystart_core.log import Log
from earlystart_core.marks import struck
from earlystart_core.types import london_midnight
from earlystart_core.words import EVENTS
from earlystart_core.words.case import CaseOpened, CaseReopened, ChildBorn, ResponsibilityPassed
from earlystart_core.words.correction import MarkedInError

READ = (CaseOpened, CaseReopened, ChildBorn, ResponsibilityPassed, MarkedInError)


class Responsible:
    """Which team answered for a case on a day."""

    def __init__(self) -> None:
        self._opened: tuple[datetime, str] | None = None
        self._by_mistake = ""  # the team of an opening that was marked in error
        self._since: list[tuple[datetime, str]] = []  # in the order of recording

    def add(self, event: Event) -> None:
        """Takes in one more event of the case."""
        if isinstance(event, CaseOpened):
            if self._opened is None or event.occurred_at < self._opened[0]:
                self._opened = (event.occurred_at, event.team)
            self._since.append((event.occurred_at, event.team))
        elif isinstance(event, ResponsibilityPassed):
            self._since.append((event.occurred_at, event.to_team))
        elif isinstance(event, CaseReopened):
            self._since.append((event.occurred_at, event.team))

    def add_struck(self, opening: CaseOpened) -> None:
        """Takes in an opening that was marked in error."""
        self._by_mistake = self._by_mistake or opening.team

    def on(self, day: date) -> str:
        """The team as that day begins, or the team that opened the case where that is later.

        Where none is left, since the opening was marked in error, it is that one's: a row still comes, and has a team.
        """
        moment, team = london_midnight(day), ""
        if self._opened is not None and moment < self._opened[0]:
            return self._opened[1]
        latest: datetime | None = None
        for since, each in self._since:
            if since <= moment and (latest is None or since >= latest):
                latest, team = since, each
        return team or self._by_mistake


class Past:
    """The log as it stood before an import; None: an empty one."""

    def __init__(self, log: Log | None) -> None:
        self._log = log

    @cached_property
    def _read(self) -> tuple[list[Event], list[Event]]:
        """In order of position, what stands and what was marked in error."""
        if self._log is None:
            return [], []
        query = DCBQuery(items=[DCBQueryItem(types=[cls.__name__ for cls in READ])])
        found = [(entry.position, EVENTS.event(entry)) for entry in self._log.read(query)]
        left_out = struck(found)
        standing = [event for position, event in found if position not in left_out]
        return standing, [event for position, event in found if position in left_out]

    @cached_property
    def births(self) -> dict[str, date]:
        """The birth date of each case that has one."""
        latest: dict[str, tuple[datetime, date]] = {}
        for event in self._read[0]:
            if not isinstance(event, CaseOpened | ChildBorn) or event.born_on is None:
                continue
            if event.case not in latest or event.occurred_at >= latest[event.case][0]:
                latest[event.case] = (event.occurred_at, event.born_on)
        return {case: born_on for case, (_, born_on) in latest.items()}

    @cached_property
    def families(self) -> dict[str, list[str]]:
        """The cases of each family; empty for any other."""
        found: dict[str, list[str]] = defaultdict(list)
        for event in self._read[0]:
            if isinstance(event, CaseOpened):
                found[event.family].append(event.case)
        return found

    @cached_property
    def responsible(self) -> dict[str, Responsible]:
        """Of each case."""
        found: dict[str, Responsible] = defaultdict(Responsible)
        standing, left_out = self._read
        for event in standing:
            if isinstance(event, CaseOpened | ResponsibilityPassed | CaseReopened):
                found[event.case].add(event)
        for event in left_out:
            if isinstance(event, CaseOpened):
                found[event.case].add_struck(event)
        return found
