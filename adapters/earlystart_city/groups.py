"""Groups: a weekly session in each team, run by two employers, that several families come to together."""

import msgspec

from earlystart_city.calendar import END, MINUTE, at_minute, moment, works
from earlystart_city.chance import Dice, Ids
from earlystart_city.diary import Diary, Draft
from earlystart_city.teams import Team
from earlystart_core.event import Event
from earlystart_core.words.contact import ContactRecorded

SEATS = 14  # cases a session takes


class Session(Draft, eq=False, kw_only=True):
    """One session: a contact with every case that came, complete when it is written."""

    team: Team
    at: int
    cases: list[str] = msgspec.field(default_factory=list)

    def final(self) -> Event:
        return msgspec.structs.replace(self.event, cases=tuple(self.cases))


class Groups:
    """The sessions planned so far."""

    def __init__(self, diary: Diary, dice: Dice, ids: Ids) -> None:
        self._diary = diary
        self._dice = dice
        self._ids = ids
        self._sessions: dict[tuple[str, int], Session] = {}

    def session(self, team: Team, day: int) -> Session | None:
        """The team's session in the week of that day; None on a bank holiday, past the end, or when it is full."""
        monday = day - (day + 3) % 7
        key = (team.id, monday)
        if key not in self._sessions:
            day = monday + team.group_weekday
            if not works(day) or at_minute(day, 1080) >= END:
                return None
            self._sessions[key] = self._plan(team, day)
        session = self._sessions[key]
        return session if len(session.cases) + 2 <= SEATS else None

    def _plan(self, team: Team, day: int) -> Session:
        at = at_minute(day, 630)
        typed = at + 90 * MINUTE + int(self._dice.unit() * 120 * MINUTE)
        posts = (self._dice.pick(team.council), self._dice.pick(team.visitors))
        event = ContactRecorded(
            occurred_at=moment(at),
            contact=self._ids.new("contact", typed),
            cases=("",),
            kind="group",
            attendance="5",
            mechanism="01",
            location="K01",
            practitioners=tuple(post.holder(day).practitioner for post in posts),
            employers=tuple(post.employer for post in posts),
            duration_min=75,
        )
        return Session(event, typed, posts[0].holder(day), self._ids.ulid(typed), team=team, at=at)

    def join(self, session: Session, cases: tuple[str, ...]) -> None:
        """Those cases come to that session; the first to come put it into the diary."""
        if not session.cases:
            self._diary.add(session)
        session.cases.extend(cases)
