"""Frame: from when to when a case is open, why it closes, whether it comes back, and between which teams it moves."""

from earlystart_city.calendar import DAY, END, anniversary, at_minute, day_of, next_working
from earlystart_city.life import City, Period, Stay
from earlystart_city.teams import Team
from earlystart_core.types import CloseReason

OFFICE = 510, 1020  # minutes of the day between which things happen


def office_hour(city: City, day: int) -> int:
    """A whole minute of that day, or of the next working day, in office hours."""
    return at_minute(next_working(day), city.dice.between(*OFFICE))


def within(city: City, start: int, end: int) -> int:
    """An office hour between two instants; `start` itself where there is none."""
    found = office_hour(city, city.dice.between(day_of(start), max(day_of(start), day_of(end) - 1)))
    return found if start < found < end else start


def periods(city: City, team: Team, opened: int, born: int | None) -> list[Period]:
    """The times a case that opened then, in that team, is open. Without a birth the case closes before one was due."""
    if born is None:
        end = office_hour(city, day_of(opened) + city.dice.between(10, 60))
        return [_period(city, team, opened, end, "died")]
    birthday = at_minute(next_working(anniversary(born, 5) + city.dice.between(0, 6)), 600)
    if birthday <= opened + 30 * DAY:
        birthday = office_hour(city, day_of(opened) + 60)
    end, reason = _ending(city, opened, birthday)
    found = [_period(city, team, opened, end, reason)]
    back = office_hour(city, day_of(end) + city.dice.between(20, 400))
    if (
        reason in ("moved_out", "declined_all")
        and city.dice.yes(city.scenario.comes_back)
        and back < birthday - 30 * DAY
    ):
        found.append(_period(city, city.dice.pick(city.teams), back, birthday, "fifth_birthday"))
    return [period for period in found if period.start < END]


def _ending(city: City, opened: int, birthday: int) -> tuple[int, CloseReason]:
    rates, at = city.scenario, city.dice.unit()
    for share, reason in _endings(rates.moved_out, rates.died, rates.declined_all, rates.opened_in_error):
        at -= share
        if at < 0:
            latest = birthday if reason in ("moved_out", "died") else min(birthday, opened + 90 * DAY)
            end = within(city, opened + (2 if reason == "record_error" else 14) * DAY, latest)
            return end, reason
    return birthday, "fifth_birthday"


def _endings(moved: float, died: float, declined: float, error: float) -> tuple[tuple[float, CloseReason], ...]:
    return (moved, "moved_out"), (died, "died"), (declined, "declined_all"), (error, "record_error")


def _period(city: City, team: Team, start: int, end: int, reason: CloseReason) -> Period:
    """A period with its stays: the first team's, then those of the teams it moves to."""
    dice = city.dice
    moves = []
    if len(city.teams) > 1 and dice.yes(city.scenario.moves_between_teams):
        moves = sorted({within(city, start + 20 * DAY, end - 20 * DAY) for _ in range(dice.pick((1, 1, 1, 2)))})
    stays: list[Stay] = []
    at = start
    for until in [*(move for move in moves if start + 20 * DAY < move < end - 20 * DAY), end]:
        stays.append(Stay(team, at, until, dice.pick(team.visitors if dice.yes(0.75) else team.council)))
        team = dice.pick([other for other in city.teams if other is not team] or [team])
        at = until
    return Period(start, end, reason if end < END else None, stays)
