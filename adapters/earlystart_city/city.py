"""The city: its teams with their meetings, and its families, each lived through from plan to the last entry."""

from collections.abc import Iterator

from earlystart_city import opening
from earlystart_city.agreement import agreements
from earlystart_city.calendar import END, END_DAY, MINUTE, at_minute, date_of, moment
from earlystart_city.chance import Dice, Ids
from earlystart_city.consents import consents
from earlystart_city.diary import Diary, Draft
from earlystart_city.groups import Groups
from earlystart_city.life import City, Life
from earlystart_city.packages import started_by_mistake
from earlystart_city.pathway import Universal, others, universal, universal_contacts
from earlystart_city.plan import Planned, plan
from earlystart_city.requests import support
from earlystart_city.scenario import Scenario
from earlystart_city.teams import Team, team_names
from earlystart_city.texts import CANCELLED
from earlystart_city.tiers import tiers
from earlystart_core.types import OpenReason
from earlystart_core.words.meeting import MeetingCancelled, MeetingHeld


def weeks(scenario: Scenario, cases: int, years: int, teams: int, seed: int) -> Iterator[list[Draft]]:
    """Everything typed in the city, week by week, in the order of typing."""
    first = END_DAY - int(years * 365.25)
    city = _founded(scenario, first, teams, seed)
    contacts = universal_contacts(scenario)
    coming = plan(scenario, cases, first, teams, seed)[::-1]
    for week, ends in city.diary.weeks():
        while coming and at_minute(coming[-1].day, 720) < ends + 720 * MINUTE:
            _lived(city, coming.pop(), contacts)
        yield city.diary.take(week)


def _founded(scenario: Scenario, first: int, teams: int, seed: int) -> City:
    dice, ids = Dice(seed), Ids(seed)
    diary = Diary(at_minute(first, 0) - 60 * MINUTE)
    city = City(scenario, dice, ids, diary, Groups(diary, dice, ids), [])
    for name in team_names(teams):
        team = Team(name, first, dice, ids)
        team.plan_meetings(first, scenario.meeting_cancelled, scenario.meeting_every_weeks, dice, ids)
        city.teams.append(team)
        for draft in _meetings(city, team):
            diary.add(draft)
    return city


def _meetings(city: City, team: Team) -> Iterator[Draft]:
    """Each meeting as it is typed: held ones while they begin, cancelled ones up to three days before."""
    dice = city.dice
    for meeting in team.meetings:
        by = team.lead.holder(meeting.day)
        if meeting.held:
            typed = meeting.at + int((1 + dice.unit() * 9) * MINUTE)
            yield Draft(
                MeetingHeld(
                    occurred_at=moment(meeting.at),
                    meeting=meeting.id,
                    team=team.id,
                    held_on=date_of(meeting.day),
                    attendees=team.attendees(meeting.day),
                ),
                typed,
                by,
                city.ids.ulid(typed),
            )
        else:
            at = at_minute(meeting.day - dice.between(0, 3), dice.between(510, 565))
            typed = at + int(dice.unit() * 60 * MINUTE)
            yield Draft(
                MeetingCancelled(
                    occurred_at=moment(at),
                    meeting=meeting.id,
                    team=team.id,
                    planned_on=date_of(meeting.day),
                    reason=dice.pick(CANCELLED) if dice.yes(0.4) else None,
                ),
                typed,
                by,
                city.ids.ulid(typed),
            )


def _lived(city: City, planned: Planned, contacts: tuple[Universal, ...]) -> None:
    """A family: its first birth, and perhaps a later one."""
    at = at_minute(planned.day, 540)
    family = city.ids.new("family", at)
    other = city.ids.new("person", at) if city.dice.yes(city.scenario.second_parent) else None
    people = (city.ids.new("person", at), other)
    team = city.teams[planned.team]
    life = opening.opened(city, family, people, team, planned.day, planned.reason, planned.twins)
    _through(life, planned.reason, contacts)
    if planned.sibling_day:
        later = life.stay_at(min(at_minute(planned.sibling_day, 540), END)).team
        _through(
            opening.opened(city, family, people, later, planned.sibling_day, "pregnancy", False), "pregnancy", contacts
        )


def _through(life: Life, reason: OpenReason, contacts: tuple[Universal, ...]) -> None:
    """One life, period by period; closing comes last in each, after all that was typed in it."""
    for period in life.periods:
        if period is life.periods[0]:
            opening.births(life, reason)
        else:
            opening.reopened(life, period)
        opening.stays(life, period)
        agreements(life, period)
        universal(life, period, contacts)
        others(life, period)
        support(life, period)
        tiers(life, period)
        consents(life, period)
        started_by_mistake(life, period)
        opening.closed_by_mistake(life, period)
        opening.closed(life, period)
