"""Life: one birth as the service knows it: the case (two for twins), its family, and the times it was open, where.

Everything that is typed about a life is typed through it, never before its case was opened in the record,
and its case is closed only after all else was typed.
"""

from dataclasses import dataclass, field

from earlystart_city.calendar import END, day_of
from earlystart_city.chance import Dice, Ids, Weighted
from earlystart_city.diary import Diary, Draft
from earlystart_city.groups import Groups
from earlystart_city.habits import Delay, typed_after
from earlystart_city.scenario import Scenario
from earlystart_city.teams import Post, Team
from earlystart_core.entry import Practitioner
from earlystart_core.event import Event
from earlystart_core.types import CloseReason, ContactKind, Tier


@dataclass(slots=True)
class City:
    """What every part of the simulation shares."""

    scenario: Scenario
    dice: Dice
    ids: Ids
    diary: Diary
    groups: Groups
    teams: list[Team]


@dataclass(slots=True)
class Stay:
    """A time under one team, with the post that is the point of contact. `typed`: when the record learnt of it."""

    team: Team
    start: int
    end: int
    post: Post
    typed: int = 0


@dataclass(slots=True)
class Period:
    """A time in which the case is open. `closes`: why it ends, None where it is still open when the city ends."""

    start: int
    end: int
    closes: CloseReason | None
    stays: list[Stay]


@dataclass(slots=True)
class Decided:
    """A decision of one parent, as the record holds it. `struck`: when it was marked in error, None when never."""

    at: int
    typed: int
    person: str
    given: bool
    until: int | None
    draft: Draft
    struck: int | None = None


@dataclass(slots=True)
class Life:
    """`born`: the day of birth, None when there was none. `floor`: nothing more is typed before it.

    `latest`: the last typing so far. `born_typed`: when the record learnt of the birth.
    """

    city: City
    family: str
    mother: str
    other: str | None
    cases: tuple[str, ...]
    opened: int
    due: int
    born: int | None
    periods: list[Period]
    floor: int = 0
    latest: int = 0
    born_typed: int = 0
    agreements: list[Decided] = field(default_factory=list)
    consents: dict[tuple[str, str, str], list[Decided]] = field(default_factory=dict)
    supported: list[tuple[str, int, int, str | None]] = field(default_factory=list)  # case, from, to, meeting
    kept: set[tuple[tuple[str, ...], ContactKind]] = field(default_factory=set)  # universal contacts
    tiers: dict[str, Tier] = field(default_factory=dict)
    busy: list[tuple[int, int]] = field(default_factory=list)  # times with a package, as the record knows them

    def stay_at(self, at: int) -> Stay:
        """Where the case was at that instant, or last before it."""
        for period in reversed(self.periods):
            if period.start <= at:
                for stay in reversed(period.stays):
                    if stay.start <= at:
                        return stay
        return self.periods[0].stays[0]

    def open_at(self, at: int) -> Period | None:
        """The period that holds that instant, within the city's time."""
        if at < END:
            for period in self.periods:
                if period.start <= at < period.end:
                    return period
        return None

    def when(self, at: int, habit: Weighted[Delay], after: int = 0) -> int:
        """The instant of typing for what happened at `at`, by that habit, not before `after`."""
        return max(typed_after(self.city.dice, at, habit), after, self.floor)

    def signed(self, typed: int, post: Post | None = None) -> tuple[Practitioner, str]:
        """Who types at that instant (the holder of the post, else of the point of contact's), and a fresh command."""
        post = post or self.stay_at(typed).post
        return post.holder(day_of(typed)), self.city.ids.ulid(typed)

    def put(self, draft: Draft) -> Draft:
        """Lays the draft into the diary."""
        self.latest = max(self.latest, draft.typed)
        self.city.diary.add(draft)
        return draft

    def type(
        self, at: int, *events: Event, habit: Weighted[Delay], after: int = 0, post: Post | None = None
    ) -> list[Draft]:
        """Types what happened at `at` as one command: all of its entries in the same instant."""
        typed = self.when(at, habit, after)
        by, command_id = self.signed(typed, post)
        return [self.put(Draft(event, typed, by, command_id)) for event in events]

    def written(self, phrases: tuple[str, ...]) -> str | None:
        """Free text, where the practitioner wrote any."""
        dice = self.city.dice
        return dice.pick(phrases) if dice.yes(self.city.scenario.written) else None
