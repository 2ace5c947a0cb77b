"""Requests: an ask for support, put to the weekly meeting of the team, deferred, declined, redirected or allocated."""

from earlystart_city import corrections
from earlystart_city.agreement import agreed
from earlystart_city.calendar import DAY, END, MINUTE, day_of, moment
from earlystart_city.chance import Weighted
from earlystart_city.frame import office_hour, within
from earlystart_city.habits import PROMPT, SAME_DAY, SLOW, USUAL
from earlystart_city.life import Life, Period
from earlystart_city.packages import package
from earlystart_city.teams import RECORDED_BY, Meeting, Team
from earlystart_city.texts import RATIONALE, WITHDRAWN
from earlystart_core.types import Need, RequestOutcome
from earlystart_core.words.request import RequestDecided, RequestWithdrawn, SupportRequested

SOURCES = Weighted(
    {"family": 0.3, "health_visitor": 0.3, "midwife": 0.1, "nursery": 0.12, "gp": 0.08, "childrens_centre": 0.1}
)
NEEDS: Weighted[Need] = Weighted(
    {
        "parenting": 0.2,
        "maternal_mood": 0.16,
        "sleep": 0.12,
        "behaviour": 0.12,
        "breastfeeding": 0.1,
        "speech_and_language": 0.1,
        "housing_or_money": 0.08,
        "domestic_abuse": 0.04,
        "disability": 0.04,
        "substance_use": 0.02,
        "other": 0.02,
    }
)


def support(life: Life, period: Period) -> None:
    """Requests for each case through the period, more of them early, and packages that nobody had to ask for."""
    dice, rates = life.city.dice, life.city.scenario
    until = min(period.end, END)
    for case in life.cases:
        expected = rates.requests_a_year * (until - period.start) / (365 * DAY)
        count = int(expected * 2 * dice.unit() + dice.unit())
        for at in sorted(_moment(life, period.start, until) for _ in range(count)):
            request(life, period, case, at)
        if dice.yes(rates.package_without_request):
            at = within(life.city, period.start + 20 * DAY, min(until, period.start + 200 * DAY))
            if agreed(life, at):
                package(life, period, case, at, need=dice.of(NEEDS))


def _moment(life: Life, start: int, until: int) -> int:
    found = office_hour(life.city, day_of(start + int((until - start) * life.city.dice.unit() ** 1.6)))
    return found if start < found < until else start


def request(life: Life, period: Period, case: str, at: int) -> None:
    """One request until it is decided, withdrawn, or the city ends while it waits."""
    dice, rates = life.city.dice, life.city.scenario
    needs = tuple(dict.fromkeys(dice.of(NEEDS) for _ in range(dice.pick((1, 1, 1, 2, 2, 3)))))
    name = life.city.ids.new("request", at)
    asked = SupportRequested(
        occurred_at=moment(at),
        request=name,
        case=case,
        source=dice.of(SOURCES),
        needs=needs,
        urgency="urgent" if dice.yes(0.08) else "routine",
    )
    draft = life.type(at, asked, habit=USUAL, after=life.stay_at(at).typed)[0]
    if dice.yes(rates.wrong_entry):
        corrections.mark(life, draft)
        return
    if dice.yes(rates.request_withdrawn):
        _withdrawn(life, period, case, name, draft.typed + dice.between(1, 3) * DAY, draft.typed)
        return
    _to_meeting(life, period, case, name, needs[0], draft.typed)


def _to_meeting(life: Life, period: Period, case: str, name: str, need: Need, typed: int) -> None:
    after = typed
    for deferrals in range(5):
        team, meeting = _meeting(life, after + MINUTE)
        if meeting is None or meeting.at >= min(period.end, END):
            _withdrawn(life, period, case, name, period.end, typed)
            return
        outcome = _outcome(life, meeting.at, deferrals)
        typed = _decided(life, case, name, team, meeting, outcome, typed)
        if outcome == "allocated":
            start = (
                meeting.at
                if life.city.dice.yes(0.7)
                else office_hour(life.city, meeting.day + life.city.dice.between(1, 9))
            )
            package(life, period, case, start, need=need, request=name, meeting=meeting, after=typed)
        if outcome != "deferred":
            return
        after = max(meeting.at, typed)


def _meeting(life: Life, after: int) -> tuple[Team, Meeting | None]:
    """The next meeting of the team that is responsible on its day."""
    team = life.stay_at(after).team
    meeting = team.meeting_after(after)
    if meeting is not None and life.stay_at(meeting.at).team is not team:
        team = life.stay_at(meeting.at).team
        meeting = team.meeting_after(meeting.at)
    return team, meeting


def _outcome(life: Life, at: int, deferrals: int) -> RequestOutcome:
    rates, chance = life.city.scenario, life.city.dice.unit()
    if agreed(life, at) is None:
        return "declined"
    if chance < rates.declined:
        return "declined"
    if chance < rates.declined + rates.redirected:
        return "redirected"
    if deferrals < 3 and chance > 1 - rates.deferred * (1 + deferrals):
        return "deferred"
    return "allocated"


def _decided(
    life: Life, case: str, name: str, team: Team, meeting: Meeting, outcome: RequestOutcome, after: int
) -> int:
    stay = life.stay_at(meeting.at)
    draft = life.type(
        meeting.at,
        RequestDecided(
            occurred_at=moment(meeting.at),
            request=name,
            case=case,
            team=team.id,
            meeting=meeting.id,
            outcome=outcome,
            rationale=life.written(RATIONALE),
        ),
        habit=SAME_DAY if life.city.dice.yes(0.9) else SLOW,
        after=max(after, stay.typed, meeting.at + RECORDED_BY),
        post=team.lead,
    )[0]
    return draft.typed


def _withdrawn(life: Life, period: Period, case: str, name: str, at: int, after: int) -> None:
    at = min(at, period.end)
    if at < END:
        event = RequestWithdrawn(occurred_at=moment(at), request=name, case=case, reason=life.written(WITHDRAWN))
        life.type(at, event, habit=PROMPT, after=after)
