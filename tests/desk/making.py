"""A record in memory that a test fills by commands, an hour between any two, and a clock that it turns."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from earlystart_core import (
    Answer,
    OpenCase,
    Practitioner,
    Record,
    RecordSharingConsent,
    ShareInformation,
    SignAgreement,
)
from earlystart_core.access.reader import Reader

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Desk:
    """A case that Ada opened on 2 March 2026 at 10:00, its parent, and whoever else a test needs."""

    def __init__(self) -> None:
        self.now = START
        self.record = Record.open("memory://", clock=lambda: self.now)
        self.ada = Practitioner(self.record.new_id("practitioner"), role="health_visitor", employer="org:lch")
        self.bob = Practitioner(self.record.new_id("practitioner"), role="health_visitor", employer="org:lch")
        self.parent = self.record.new_id("person")
        self.case = self.opened()

    def opened(self, team: str = "team:a") -> str:
        """One more case."""
        case = self.record.new_id("case")
        family = self.record.new_id("family")
        self.do(OpenCase(case=case, family=family, team=team, reason="birth", born_on=date(2026, 2, 20)))
        return case

    def do(self, command: Any, by: Practitioner | None = None, hours: float = 1) -> int:
        """The position of what a command orders, so many hours later."""
        self.now += timedelta(hours=hours)
        return int(self.record.submit(command, by=by or self.ada).positions[-1])

    def decide(self, decision: str, purpose: str = "p", **more: Any) -> int:
        """What the parent decides about telling org:b."""
        about = {"case": self.case, "person": self.parent, "capacity": "mother", "wording": "w-1"}
        about |= {"recipient": "org:b", "purpose": purpose}
        return self.do(RecordSharingConsent(**about | more, decision=decision))

    def share(self, basis: str = "consent", hours: float = 1, **more: Any) -> int:
        """Item x is told to org:b."""
        about = {"case": self.case, "recipient": "org:b", "purpose": "p", "items": ["x"], "basis": basis}
        return self.do(ShareInformation(**about | more), hours=hours)

    def agree(self, **more: Any) -> str:
        """An agreement of org:lch and org:b about item x."""
        pact = self.record.new_id("agreement")
        terms = {"parties": ["org:lch", "org:b"], "purposes": ["p"], "items": ["x"], "lawful_basis": "public_task"}
        self.do(SignAgreement(agreement=pact, **terms, starts_on=date(2026, 3, 1), wording="isa-1", **more))
        return pact

    def look(self, by: Practitioner | None = None, hours: float = 1) -> None:
        """Someone reads the case, through the policy."""
        self.now += timedelta(hours=hours)
        who = by or self.ada
        reader = Reader(who.practitioner, who.role, who.employer, "direct_care")
        self.record.seen_by(reader).timeline(self.case)

    def ask(self, question: str, **options: Any) -> Answer:
        """The record's answer."""
        return self.record.ask(question, **options)

    def recorded_at(self, position: int) -> datetime:
        """When an entry was recorded."""
        return next(self.record.store.log.read(after=position - 1, limit=1).entries()).recorded_at
