"""eventsourcing's own Application: a case as an aggregate on SQLite, recording a contact, with no view at all.

The aggregate holds what a row of `case_status` holds, from the events that bear on it, and nothing else: requests,
consents and allocations would be aggregates of their own, so their events are not read. Event classes are written
out with an `apply` each, which measured faster than the decorated form; ids of originators are the stock UUIDs; the
mapper is the stock one. `synchronous` is checked to be FULL, as ours is: the driver's default, which eventsourcing
leaves alone.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, AggregateCreated, AggregateEvent

from benchmarks.by_hand import Row
from benchmarks.stock import plain, plain_fields
from earlystart_core.event import Event
from earlystart_core.types import london_date

if TYPE_CHECKING:
    from eventsourcing.persistence import StoredEvent

NEVER = datetime.min.replace(tzinfo=UTC)
_DIGITS = {digit: number for number, digit in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}


class CaseRecord(Aggregate):
    """A case, where it stands."""

    class CaseOpened(AggregateCreated):
        case: str
        family: str
        team: str
        reason: str
        due_on: str | None
        born_on: str | None

    class ChildBorn(AggregateEvent):
        case: str
        born_on: str

        def apply(self, aggregate: Any) -> None:
            if self.timestamp >= aggregate.born_at:
                aggregate.born_on, aggregate.born_at = self.born_on, self.timestamp

    class ResponsibilityPassed(AggregateEvent):
        case: str
        to_team: str

        def apply(self, aggregate: Any) -> None:
            if self.timestamp >= aggregate.team_at:
                aggregate.team, aggregate.team_at = self.to_team, self.timestamp

    class PointOfContactNamed(AggregateEvent):
        case: str
        practitioner: str

        def apply(self, aggregate: Any) -> None:
            if self.timestamp >= aggregate.point_at:
                aggregate.point_of_contact, aggregate.point_at = self.practitioner, self.timestamp

    class CaseClosed(AggregateEvent):
        case: str
        reason: str

        def apply(self, aggregate: Any) -> None:
            if self.timestamp >= aggregate.status_at:
                aggregate.status, aggregate.status_at = "closed", self.timestamp
            aggregate.closed_at = max(aggregate.closed_at, self.timestamp)

    class CaseReopened(AggregateEvent):
        case: str
        team: str

        def apply(self, aggregate: Any) -> None:
            if self.timestamp >= aggregate.status_at:
                aggregate.status, aggregate.status_at = "open", self.timestamp
            if self.timestamp >= aggregate.team_at:
                aggregate.team, aggregate.team_at = self.team, self.timestamp

    class TierDecided(AggregateEvent):
        case: str
        tier: str
        meeting: str | None

        def apply(self, aggregate: Any) -> None:
            if self.timestamp >= aggregate.tier_at:
                aggregate.tier, aggregate.tier_at = self.tier, self.timestamp

    class ContactRecorded(AggregateEvent):
        contact: str
        cases: list[str]
        kind: str
        attendance: str
        mechanism: str
        location: str
        practitioners: list[str]
        employers: list[str]
        duration_min: int | None

        def apply(self, aggregate: Any) -> None:
            aggregate.contacts.add(self.contact)
            if self.attendance in ("5", "6"):
                aggregate.contacts_attended += 1
                aggregate.last_contact_at = max(aggregate.last_contact_at, self.timestamp)

    class PackageStarted(AggregateEvent):
        package: str
        case: str
        request: str | None
        pathway: str
        duration: str
        planned_end_on: str | None
        review_every_days: int | None

        def apply(self, aggregate: Any) -> None:
            aggregate.packages.add(self.package)

    class PackageEnded(AggregateEvent):
        package: str
        case: str
        outcome: str

        def apply(self, aggregate: Any) -> None:
            aggregate.ended.add(self.package)

    def __init__(
        self,
        case: str,
        family: str,
        team: str,
        reason: str,
        due_on: str | None,
        born_on: str | None,
        *,
        timestamp: Any = None,
    ) -> None:
        self.case, self.family, self.team, self.born_on = case, family, team, born_on
        self.status, self.tier, self.point_of_contact = "open", "universal", None
        self.contacts_attended = 0
        self.contacts: set[str] = set()
        self.packages: set[str] = set()
        self.ended: set[str] = set()
        self.tier_at = self.point_at = self.last_contact_at = self.closed_at = NEVER
        self.born_at = self.team_at = self.status_at = NEVER

    def record_contact(self, at: datetime, contact: str, **fields: Any) -> None:
        """The same rule as ours: an open case, and no other contact under that id."""
        if self.status != "open":
            raise ValueError("the case is not open")
        if contact in self.contacts:
            raise ValueError("the contact was recorded before")
        self.trigger_event(CaseRecord.ContactRecorded, timestamp=at, contact=contact, **fields)

    def row(self) -> Row:
        """What `case_status` says of it."""
        closed = self.status == "closed"
        return {
            "case": self.case,
            "family": self.family,
            "team": self.team,
            "point_of_contact": self.point_of_contact,
            "tier": self.tier,
            "tier_since": None if self.tier_at == NEVER else self.tier_at,
            "opened_on": london_date(self.created_on),
            "closed_on": london_date(self.closed_at) if closed else None,
            "status": self.status,
            "born_on": None if self.born_on is None else date.fromisoformat(self.born_on),
            "contacts_attended": self.contacts_attended,
            "last_contact_at": None if self.last_contact_at == NEVER else self.last_contact_at,
            "active_packages": len(self.packages - self.ended),
        }


KINDS = tuple(
    name for name, one in vars(CaseRecord).items() if isinstance(one, type) and issubclass(one, AggregateEvent)
)


def uuid_of(case: str) -> UUID:
    """The UUID that the ULID in an id is."""
    number = 0
    for digit in case.partition(":")[2]:
        number = number * 32 + _DIGITS[digit]
    return UUID(int=number)


class Cases(Application[UUID]):
    """The stock application over those aggregates."""

    def write(self, histories: Iterable[tuple[str, list[Event]]]) -> None:
        """Whole histories at once, in order."""
        stored: list[StoredEvent] = []
        for case, events in histories:
            originator = uuid_of(case)
            for version, event in enumerate(events, 1):
                name = type(event).__name__
                fields = {one: plain(getattr(event, one)) for one in plain_fields(type(event))}
                if version == 1:
                    fields["originator_topic"] = f"{CaseRecord.__module__}:{CaseRecord.__qualname__}"
                made = getattr(CaseRecord, name)(
                    originator_id=originator, originator_version=version, timestamp=event.occurred_at, **fields
                )
                stored.append(self.mapper.to_stored_event(made))
        self.recorder.insert_events(stored)

    def record_contact(self, case: str, at: datetime, fields: dict[str, Any]) -> Row:
        """The command, decided, durably appended and read back."""
        key = uuid_of(case)
        record: CaseRecord = self.repository.get(key)
        record.record_contact(at, **fields)
        self.save(record)
        again: CaseRecord = self.repository.get(key)
        return again.row()

    def synchronous(self) -> int:
        """SQLite's setting on the connections in use: 2 is FULL."""
        with self.recorder.datastore.transaction(commit=True) as cursor:  # type: ignore[attr-defined]
            cursor.execute("PRAGMA synchronous")
            return int(cursor.fetchone()[0])


def application(path: Path, *, cached: bool) -> Cases:
    """The application on a file. cached: every aggregate stays in memory and is never copied."""
    env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    if cached:
        env |= {"AGGREGATE_CACHE_MAXSIZE": "0", "DEEPCOPY_FROM_AGGREGATE_CACHE": "n"}
    return Cases(env)
