"""Opening and closing: a case comes into the record, the child is born, the case passes to other teams, and ends."""

from earlystart_city import corrections
from earlystart_city.calendar import DAY, END, MINUTE, at_minute, date_of, day_of, moment
from earlystart_city.frame import office_hour, periods, within
from earlystart_city.habits import AT_ONCE, PROMPT, SAME_DAY, USUAL, WEEKS_LATE
from earlystart_city.life import City, Life, Period
from earlystart_city.plan import LAST_OPENING
from earlystart_city.teams import NEVER, Team
from earlystart_city.texts import PASSED, REOPENED
from earlystart_core.types import OpenReason
from earlystart_core.words.case import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    ChildBorn,
    PointOfContactNamed,
    ResponsibilityPassed,
)


def opened(
    city: City, family: str, people: tuple[str, str | None], team: Team, day: int, reason: OpenReason, twins: bool
) -> Life:
    """A new life whose case opens that day, typed into the record."""
    dice = city.dice
    day = min(day, LAST_OPENING)
    at = min(office_hour(city, day), at_minute(LAST_OPENING + 2, 600))
    due, born = _birth(city, day_of(at), reason)
    life = Life(
        city=city,
        family=family,
        mother=people[0],
        other=people[1],
        cases=tuple(city.ids.new("case", at) for _ in range(2 if twins else 1)),
        opened=at,
        due=due,
        born=born,
        periods=periods(city, team, at, born),
    )
    drafts = life.type(
        at,
        *(
            CaseOpened(
                occurred_at=moment(at),
                case=case,
                family=family,
                team=team.id,
                reason=reason,
                due_on=date_of(due) if reason == "pregnancy" else None,
                born_on=date_of(born) if born is not None and reason in ("birth", "move_in") else None,
            )
            for case in life.cases
        ),
        habit=SAME_DAY if dice.yes(0.8) else PROMPT,
    )
    life.floor = life.periods[0].stays[0].typed = drafts[0].typed
    return life


def _birth(city: City, day: int, reason: OpenReason) -> tuple[int, int | None]:
    """The day the child is due, and the day it is born (None when the pregnancy does not end in a birth)."""
    dice = city.dice
    if reason == "pregnancy":
        due = day + dice.between(50, 150)
        return due, None if dice.yes(0.006) else due + dice.between(-14, 10)
    age = {"birth": (0, 6), "move_in": (30, 1500), "late_notification": (20, 150)}[reason]
    born = day - dice.between(*age)
    return born, born


def births(life: Life, reason: OpenReason) -> None:
    """`ChildBorn`, unless the case was opened with the day of birth; now and then first with a wrong day."""
    if life.born is None or reason in ("birth", "move_in"):
        return
    dice = life.city.dice
    at = max(at_minute(life.born, dice.between(180, 1380)), life.opened)
    period = life.open_at(at)
    if period is None:
        return
    when, after = moment(at), life.stay_at(at).typed
    if dice.yes(life.city.scenario.wrong_entry):
        wrong = (ChildBorn(occurred_at=when, case=case, born_on=date_of(life.born - 1)) for case in life.cases)
        marks = [corrections.mark(life, draft, soon=True) for draft in life.type(at, *wrong, habit=PROMPT)]
        after = max(mark.typed for mark in marks)
    right = (ChildBorn(occurred_at=when, case=case, born_on=date_of(life.born)) for case in life.cases)
    late = dice.yes(0.04)
    life.born_typed = life.type(at, *right, habit=WEEKS_LATE if late else PROMPT, after=after)[0].typed


def stays(life: Life, period: Period) -> None:
    """The passing between teams, and who the family's point of contact is, as one leaves and the next comes."""
    before = None
    for stay in period.stays:
        if stay.start >= END:
            return
        if before is not None:
            _passed(life, stay.start, before.typed, stay.team)
            stay.typed = life.latest
        stay.typed = max(stay.typed, life.floor)
        at = min(stay.start + life.city.dice.between(0, 5) * DAY, stay.end - 1)
        after = stay.typed
        while at < min(stay.end, END):
            holder = stay.post.holder(day_of(at)).practitioner
            named = (PointOfContactNamed(occurred_at=moment(at), case=case, practitioner=holder) for case in life.cases)
            after = life.type(at, *named, habit=USUAL, after=after)[0].typed
            leaves = stay.post.leaves(day_of(at))
            if leaves == NEVER:
                break
            at = at_minute(leaves, 540)
        before = stay


def _passed(life: Life, at: int, after: int, team: Team) -> None:
    habit = WEEKS_LATE if life.city.dice.yes(0.08) else PROMPT
    reason = life.written(PASSED)
    life.type(
        at,
        *(
            ResponsibilityPassed(occurred_at=moment(at), case=case, to_team=team.id, reason=reason)
            for case in life.cases
        ),
        habit=habit,
        after=after,
    )


def reopened(life: Life, period: Period) -> None:
    """The case is open again; from here on nothing is typed before that."""
    stay = period.stays[0]
    again = (
        CaseReopened(occurred_at=moment(period.start), case=case, team=stay.team.id, reason=life.written(REOPENED))
        for case in life.cases
    )
    life.floor = stay.typed = life.type(period.start, *again, habit=SAME_DAY, after=life.latest)[0].typed


def closed(life: Life, period: Period) -> None:
    """The case ends, once all else about it was typed."""
    if period.closes is None:
        return
    ended = (CaseClosed(occurred_at=moment(period.end), case=case, reason=period.closes) for case in life.cases)
    life.type(period.end, *ended, habit=USUAL, after=life.latest + MINUTE)


def closed_by_mistake(life: Life, period: Period) -> None:
    """Another family's closing, entered on this case while no package ran, and marked within the hour."""
    if not life.city.dice.yes(life.city.scenario.wrong_entry):
        return
    at = within(life.city, period.start + 30 * DAY, min(period.end, END) - 30 * DAY)
    free = all(to < at or at + DAY < start for start, to in life.busy)
    if at <= max(period.start, life.floor) or not free:
        return
    case = life.cases[0]
    draft = life.type(at, CaseClosed(occurred_at=moment(at), case=case, reason="moved_out"), habit=AT_ONCE)[0]
    corrections.mark(life, draft, soon=True)
