"""Teams: the early start teams, their posts and who holds each over the years, and the weekly allocation meeting.

Health visitors and nursery nurses work for org:lch, family outreach and early years practitioners for the council.
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from earlystart_city.calendar import END_DAY, MINUTE, at_minute, next_working, works
from earlystart_city.chance import Dice, Ids
from earlystart_core.entry import Practitioner

LCH = "org:lch"
COUNCIL = "org:leeds-city-council"
NAMES = (
    "aireborough", "armley", "beeston", "bramley", "burley", "chapel-allerton", "chapeltown", "cottingley",
    "cross-gates", "farnley", "garforth", "gipton", "harehills", "holbeck", "horsforth", "hunslet", "kippax",
    "meanwood", "middleton", "morley", "otley", "pudsey", "rothwell", "seacroft", "temple-newsam", "wetherby",
)  # fmt: skip
POSTS = (
    ("team_lead", LCH, 1),
    ("health_visitor", LCH, 5),
    ("nursery_nurse", LCH, 2),
    ("family_outreach_worker", COUNCIL, 3),
    ("early_years_practitioner", COUNCIL, 2),
)
NEVER = 10**6  # a day after every other
RECORDED_BY = 15 * MINUTE  # after its beginning a meeting is in the record


class Post:
    """One post and its holders, one after the other."""

    def __init__(self, role: str, employer: str, first: int, dice: Dice, ids: Ids) -> None:
        self.employer = employer
        self._starts: list[int] = []
        self._holders: list[Practitioner] = []
        day = first
        while day <= END_DAY:
            self._starts.append(day)
            self._holders.append(Practitioner(ids.new("practitioner", at_minute(day, 540)), role, employer))
            day = next_working(day + dice.between(120, 2400))

    def holder(self, day: int) -> Practitioner:
        """Who holds it that day."""
        return self._holders[max(bisect_right(self._starts, day) - 1, 0)]

    def leaves(self, day: int) -> int:
        """The first day on which that day's holder has left."""
        index = bisect_right(self._starts, day)
        return self._starts[index] if index < len(self._starts) else NEVER


class Meeting(NamedTuple):
    """A weekly allocation meeting; `at`: when it begins, or was to begin."""

    id: str
    at: int
    day: int
    held: bool


class Team:
    """A team: its posts, its meetings, its weekly group."""

    def __init__(self, name: str, first: int, dice: Dice, ids: Ids) -> None:
        self.id = f"team:{name}"
        posts = [Post(role, org, first, dice, ids) for role, org, count in POSTS for _ in range(count)]
        self.lead, self.visitors, self.council = posts[0], posts[1:6], posts[8:]
        self.posts = posts
        self.weekday = dice.between(0, 4)  # of the meeting, Monday is 0
        self.group_weekday = dice.between(0, 4)
        self.meetings: list[Meeting] = []
        self._held: list[Meeting] = []
        self._times: list[int] = []

    def plan_meetings(self, first: int, cancelled: float, every_weeks: int, dice: Dice, ids: Ids) -> None:
        """Every meeting from the first day on; those of bank holidays are cancelled."""
        monday = first - (first + 3) % 7  # 1970-01-01 was a Thursday
        for day in range(monday + 7 + self.weekday, END_DAY, 7 * every_weeks):
            at = at_minute(day, 570)
            self.meetings.append(Meeting(ids.new("meeting", at), at, day, works(day) and not dice.yes(cancelled)))
        self._held = [meeting for meeting in self.meetings if meeting.held]
        self._times = [meeting.at for meeting in self._held]

    def meeting_after(self, at: int) -> Meeting | None:
        """The first meeting held at or after that instant, None when the city ends before."""
        index = bisect_left(self._times, at)
        return self._held[index] if index < len(self._held) else None

    def attendees(self, day: int) -> tuple[str, ...]:
        """Who comes to a meeting that day: one of each two posts, the lead always."""
        posts = [*self.posts[day % 2 :: 2], self.lead]
        return tuple(dict.fromkeys(post.holder(day).practitioner for post in posts))


def team_names(count: int) -> list[str]:
    """That many names; past the city's 26, names with a number."""
    return [NAMES[n % 26] if n < 26 else f"{NAMES[n % 26]}-{n // 26 + 1}" for n in range(count)]
