"""What a question is asked of: a record at two clocks, and how its facts are read there."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.access.case_views import rows_of
from earlystart_core.access.ties import under_team
from earlystart_core.audit.hindsight import Told
from earlystart_core.case_file import case_file
from earlystart_core.clocks import Clocks, Moment, clocks_at, instant_of
from earlystart_core.entry import Recorded
from earlystart_core.event import Event
from earlystart_core.marks import struck
from earlystart_core.privacy.keys import Keys
from earlystart_core.registry import Registry
from earlystart_core.words import EVENTS
from earlystart_core.words.correction import MarkedInError

if TYPE_CHECKING:
    from earlystart_core.asked import Questions
    from earlystart_core.record import Record

Row = dict[str, Any]
MARK = MarkedInError.__name__
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
HOUR = timedelta(hours=1)


class Facts(NamedTuple):
    """Events of some classes, as they were recorded, and which positions are struck."""

    told: list[Told]
    struck: set[int]
    marks: Sequence[Told] = ()  # those that are known, whenever they are dated; of `Asked.facts` alone

    def standing(self) -> list[Told]:
        """Those that are not struck, in effective order."""
        left = (one for one in self.told if one.position not in self.struck)
        return sorted(left, key=lambda one: (one.event.occurred_at, one.position))


class Asked:
    """A record, and the two clocks that a question is asked for."""

    registry: Registry = EVENTS

    def __init__(self, record: "Record", clocks: Clocks, *, now: bool, latest: datetime | None = None) -> None:
        self.record = record
        self.clocks = clocks
        self.log = record.store.log
        self.latest = latest  # the last instant of what these clocks let in that stands beside the log; None: all
        self._now = now

    @classmethod
    def of(cls, record: "Record", known: Moment | None = None, effective: Moment | None = None) -> Self:
        """The record at the clocks that a caller means, as `Record.as_at` has them.

        What stands beside the log, such as who looked, is cut at the moment that is asked for: the end of the day for
        a date, and for a position the moment when it was recorded. So what was told of a position stays as it was.

        Raises:
            Invalid: either is malformed, or lies beyond the head.
        """
        clocks = clocks_at(record.store.log, known, effective)
        until = None if known is None else instant_of(known) or clocks.known_at or BEFORE_ALL
        latest = min((each for each in (until, clocks.effective) if each is not None), default=None)
        return cls(record, clocks, now=known is None and effective is None, latest=latest)

    @property
    def questions(self) -> "Questions":
        """The record's own questions, at these clocks."""
        return self.record if self._now else self.record.as_at(self.clocks.known, self.clocks.effective)

    def keys(self) -> Keys:
        """Those of sealed text. Raises StoreUnavailable without them."""
        return self._keys  # asking the store reads the log for new tombstones: once a question

    @cached_property
    def _keys(self) -> Keys:
        return self.record.store.keys

    def at(self, clocks: Clocks) -> "Asked":
        """The same record at other clocks, of its log."""
        return Asked(self.record, clocks, now=False, latest=self.latest)

    def facts(self, types: Iterable[type[Event]], *tags: str) -> Facts:
        """The events of those classes with all of those tags, by position, and what marks strike of them."""
        wanted = {cls.__name__ for cls in types}
        found = self.read([*sorted(wanted), MARK], [*tags])
        out = struck((one.position, one.event) for one in found)
        marks = [one for one in found if one.entry.event.type == MARK]
        return Facts([one for one in found if one.entry.event.type in wanted and self.happened(one)], out, marks)

    def story(self, tag: str) -> Facts:
        """Every entry with that tag, by position, and what marks strike of them."""
        found = self.read([], [tag])
        return Facts([*filter(self.happened, found)], struck((one.position, one.event) for one in found))

    def read(self, types: Sequence[str], tags: Sequence[str]) -> list[Told]:
        """The entries of those types with all of those tags, as known. No types: of any."""
        found = []
        for recorded in self.log.read(DCBQuery([DCBQueryItem([*types], [*tags])])).entries():
            if recorded.position > self.clocks.known:
                break
            found.append(Told(recorded, self.registry.event(recorded)))
        return found

    def recorded(self, *tags: str) -> Iterator[Recorded]:
        """The entries with all of those tags as they stand in the log, none of them decoded."""
        for recorded in self.log.read(DCBQuery([DCBQueryItem(tags=[*tags])]) if tags else None).entries():
            if recorded.position > self.clocks.known:
                return
            occurred, effective = recorded.event.occurred_at, self.clocks.effective
            if occurred is None or effective is None or occurred <= effective:
                yield recorded

    def rows(self, view: str, case: str | None = None, team: str | None = None) -> Sequence[Row]:
        """The rows of a view, folded from the log's entries: of one case, of one team, or of all."""
        if case is None:
            cases = None if team is None else under_team(self.log, team, self.clocks)
            return rows_of(self.log, view, self.clocks, cases, team)
        return case_file(self.log, self.registry, case, self.clocks)[view]

    def happened(self, told: Told) -> bool:
        """Whether it had happened by the effective clock."""
        return self.clocks.effective is None or told.event.occurred_at <= self.clocks.effective


def stamp(told: Told) -> Row:
    """Where and when an entry was recorded: `position, occurred_at, recorded_at`."""
    return {
        "position": told.position,
        "occurred_at": told.event.occurred_at,
        "recorded_at": told.entry.recorded_at,
    }


def by(told: Told) -> Row:
    """Who recorded an entry: `practitioner, role, employer`, null where nobody is named."""
    who = told.entry.event.recorded_by
    return {name: None if who is None else getattr(who, name) for name in ("practitioner", "role", "employer")}


def begun_hours(took: timedelta) -> int:
    """In hours that have begun: more than a limit of whole hours wherever it took longer than that."""
    return -(-took // HOUR)


def about(*tags: str | None) -> list[str]:
    """The tags that were given."""
    return [tag for tag in tags if tag is not None]
