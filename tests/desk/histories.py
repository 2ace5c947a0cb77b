"""Records by seed for the oracle: any events, told late and marked in error, with looks, or a simulated city."""

import json
import random
from datetime import datetime, timedelta
from typing import Any

import msgspec

from earlystart_city import Scenario, city_clock, simulate
from earlystart_core import Answer, Practitioner, Record
from earlystart_core.entry import canonical_of
from earlystart_core.event import Event, shape_of, tags_of
from earlystart_core.words import EVENTS
from tests.projections.strategies import GAPS, STARTS, ids
from tests.record.any_history import HOURS, value

C = EVENTS.classes
MARK = C["MarkedInError"]
OFTEN = [  # those that the questions are about
    C[name]
    for name in (
        *["InformationShared", "SharingConsentRecorded"] * 5,
        *["SharingOverridden", "CaseOpened", "AgreementSigned"] * 2,
        *["AgreementReviewed", "CaseClosed", "ChildBorn", "TierDecided", "PointOfContactNamed", "ResponsibilityPassed"],
        *["PackageStarted", "PackageAllocated", "LegalHoldPlaced", "LegalHoldLifted", "ServiceAgreementRecorded"],
    )
]
WORDS = [*C.values(), *OFTEN, *OFTEN, *[MARK] * 18]
PRACTITIONERS = ids("practitioner", 3)
ORGS = ["org:a", "org:b", "org:lch"]
GROUND = tuple(C[name] for name in ("SharingConsentRecorded", "AgreementSigned", "SharingOverridden", "CaseOpened"))
PURPOSES = ["a", "a", "a", "a: b"]  # one looks like an id
NEAR = [timedelta(0), timedelta(0), timedelta(hours=1), timedelta(hours=50), timedelta(minutes=-4)]


class Watched(Record):
    """A record whose access log is given: rows as `looked` has them."""

    rows: list[dict[str, Any]]

    def looked(self, case: str | None = None, since: object = None) -> Answer:
        return Answer([row for row in self.rows if case in (None, row["subject"])], self._moment())


class History:
    """A record, its export, who looked at it, and moments to ask about."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.cases, self.people, self.teams = ids("case"), ids("person"), ids("team")
        self.practitioners = PRACTITIONERS
        self.fill(seed)
        recorded = [*self.record.store.log.read().entries()]
        self.entries: list[dict[str, Any]] = [json.loads(canonical_of(one)) for one in recorded]
        self.record.rows = sorted(self.looking([one.recorded_at for one in recorded]), key=lambda row: row["at"])
        self.looks: list[dict[str, Any]] = json.loads(msgspec.json.encode(self.record.rows))

    def fill(self, seed: int, size: int = 48) -> None:
        """Entries without the rules of any word: what an import may have told."""
        self.now = self.chance.choice(STARTS)
        self.record = Watched.open("memory://", clock=lambda: self.now)
        store, tags = self.record.store, list[list[str]]()
        hours = self.chance.sample(HOURS, 8)
        self.told: list[Event] = []
        for position in range(1, size + 1):
            event = self.event(position, hours)
            self.now += self.chance.choice([*GAPS, timedelta(hours=1), timedelta(hours=-2)])
            tags.append(tags[event.target - 1] if isinstance(event, MARK) else tags_of(event))  # type: ignore[attr-defined]
            by = Practitioner(self.chance.choice(PRACTITIONERS), "health_visitor", self.chance.choice(ORGS))
            sealed = {"by": by, "command_id": None, "keys": store.keys, "chance": store.chance, "tags": tags[-1]}
            store.log.append([EVENTS.entry(event, **sealed)])

    def event(self, position: int, hours: list[datetime]) -> Event:
        """Any event: what belongs together names one case, and it may be about a few of the same things."""
        chance = self.chance
        cls = chance.choice(WORDS)
        while position == 1 and cls is MARK:
            cls = chance.choice(OFTEN)
        change: dict[str, Any] = {}
        if chance.random() < 0.8:
            near = [self.now - by for by in NEAR]
            change["occurred_at"] = chance.choice(near if chance.random() < 0.6 else hours)
        event = cls(**{field.name: value(field.type, chance) for field in msgspec.structs.fields(cls)} | change)
        change = {name: f"text {position} {name}" for name in shape_of(cls).sealed if getattr(event, name) is not None}
        if cls is MARK:
            ground = [at for at, told in enumerate(self.told, 1) if isinstance(told, GROUND)]
            often = ground if ground and chance.random() < 0.5 else range(1, position)
            change["target"] = chance.choice(often if chance.random() < 0.6 else often[-4:])
        if hasattr(event, "parties"):
            first = event.agreement == ids("agreement")[0]  # type: ignore[attr-defined]
            change["parties"] = ("org:a", "org:b") if first else ("org:b", "org:lch")
        things = [name for name in ("package", "request") if getattr(event, name, None) is not None]
        if things and hasattr(event, "case"):  # a package and a request are of one case each
            number = ids(things[0]).index(getattr(event, things[0]))
            change |= {"case": self.cases[number], **{name: ids(name)[number] for name in things}}
        if getattr(event, "basis_position", None) is not None:
            change["basis_position"] = chance.randint(1, position)
        change |= {"purpose": chance.choice(PURPOSES)} if hasattr(event, "purpose") else {}
        change |= {
            name: chance.choice(["org:a", "org:b", "org:b"])
            for name in ("recipient", "requester")
            if hasattr(event, name)
        }
        self.told.append(msgspec.structs.replace(event, **change))
        return self.told[-1]

    def looking(self, moments: list[datetime]) -> list[dict[str, Any]]:
        """A look after some of the entries, permitted or refused, of a case or of none."""
        chance = self.chance
        return [
            {
                "at": at + timedelta(minutes=1),
                "practitioner": chance.choice(self.practitioners),
                "role": "health_visitor",
                "employer": chance.choice(ORGS),
                "purpose": "direct_care",
                "subject": chance.choice([*self.cases, None]),
                "action": "read",
                "rings": chance.choice([[], ["outside"], ["outside", "team"]]),
                "result": chance.choice(["permitted", "permitted", "refused"]),
                "rules": ["r"],
                "known": position,
                "break_glass": None,
            }
            for position, at in enumerate(moments, 1)
            if chance.random() < 0.3
        ]

    def clocks(self) -> tuple[int | str | None, str | None]:
        """What to ask for as known and as effective: a position, an instant, a day, or nothing."""
        one, other = self.chance.choice(self.entries), self.chance.choice(self.entries)
        position = self.chance.randint(0, len(self.entries))
        known = self.chance.choice([None, None, position, one["recorded_at"], one["recorded_at"][:10]])
        return known, self.chance.choice([None, other["occurred_at"], other["occurred_at"][:10]])

    def moment(self) -> int | str:
        """A moment to ask about."""
        one, name = self.chance.choice(self.entries), self.chance.choice(["recorded_at", "occurred_at"])
        position = self.chance.randint(0, len(self.entries))
        moment: int | str = self.chance.choice([position, one[name], one[name][:10]])
        return moment


class City(History):
    """A simulated city with many errors, late entries and moves."""

    def fill(self, seed: int, size: int = 8) -> None:
        clock = city_clock()
        often = Scenario(wrong_entry=0.06, mark_was_wrong=0.3, consent_withdrawn=0.4, moves_between_teams=0.4)
        self.record = Watched.open("memory://", clock=clock)
        store = self.record.store
        simulate(store.log, store.keys, clock, cases=size, years=3, seed=seed, teams=2, scenario=often)
        entries = [*store.log.read().entries()]
        self.now = entries[-1].recorded_at
        named = {tag for one in entries for tag in one.event.tags}
        self.cases, self.people, self.teams, self.practitioners = (
            sorted(tag for tag in named if tag.startswith(kind))
            for kind in ("case:", "person:", "team:", "practitioner:")
        )
