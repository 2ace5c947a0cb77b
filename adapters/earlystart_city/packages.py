"""Packages: support under one pathway, from its start through reviews and allocations to its end.

A package ends with its case, and one allocation ends before the next starts.
"""

from earlystart_city import corrections
from earlystart_city.agreement import agreed, agreement_ends
from earlystart_city.allocations import Package, allocated, allocations, fitting_post
from earlystart_city.calendar import DAY, END, MINUTE, at_minute, date_of, day_of, moment, works
from earlystart_city.contacts import KEPT, MISSED, MOSTLY_IN_PERSON, record
from earlystart_city.frame import office_hour
from earlystart_city.habits import AT_ONCE, USUAL
from earlystart_city.life import Life, Period
from earlystart_city.teams import Meeting, Post
from earlystart_core.types import Need, PackageOutcome, ReviewOutcome
from earlystart_core.words.package import PackageEnded, PackageReviewed, PackageStarted

OUTCOME_OF: dict[str, PackageOutcome] = {
    "moved_out": "moved",
    "died": "died",
    "declined_all": "family_declined",
    "fifth_birthday": "completed",
    "record_error": "other",
}


def package(
    life: Life,
    period: Period,
    case: str,
    start: int,
    *,
    need: Need,
    request: str | None = None,
    meeting: Meeting | None = None,
    after: int = 0,
) -> None:
    """One package from start to end; nothing where the agreement or the case has ended by then."""
    agreement = agreed(life, start)
    if agreement is None or not period.start <= start < min(period.end, END):
        return
    dice = life.city.dice
    limited = dice.yes(0.72)
    planned = start + dice.between(6, 20) * 7 * DAY
    every = dice.pick((28, 42, 56, 84)) if limited else dice.pick((84, 91, 120))
    natural = planned + dice.pick((-14, 0, 0, 7, 28, 56)) * DAY if limited else start + dice.between(150, 1000) * DAY
    end, outcome = _ending(life, period, start, office_hour(life.city, day_of(natural)))
    after = max(after, agreement.typed, life.stay_at(start).typed)
    made = Package(life, life.city.ids.new("package", start), case, need, start, end, outcome, after)
    started = PackageStarted(
        occurred_at=moment(start),
        package=made.id,
        case=case,
        pathway=need,
        duration="time_limited" if limited else "ongoing",
        request=request,
        planned_end_on=date_of(day_of(planned)) if limited else None,
        review_every_days=every if dice.yes(0.9) else None,
    )
    post = fitting_post(made)
    made.link(start, started, allocated(made, start, post, meeting), post=post)
    first = made.typed
    allocations(made, post)
    _reviews(made, every, limited, first)
    _contacts(made, post, first)
    _ended(made)
    life.busy.append((min(start, first), max(end, made.typed)))
    life.supported.append((case, start, end, meeting.id if meeting and meeting.at == start else None))


def _ending(life: Life, period: Period, start: int, natural: int) -> tuple[int, PackageOutcome]:
    """When it ends: by itself, with the agreement, or with the case; whichever comes first."""
    dice = life.city.dice
    end = max(natural, start + 7 * DAY)
    outcome: PackageOutcome = dice.pick(("completed",) * 8 + ("family_declined", "other"))
    withdrawn = agreement_ends(life, start)
    if withdrawn is not None and withdrawn.at < end:
        end, outcome = withdrawn.at, "consent_withdrawn"
    if period.end <= end and period.closes:
        end, outcome = period.end, OUTCOME_OF[period.closes]
    return end, outcome


def _reviews(made: Package, every: int, limited: bool, after: int) -> None:
    life, dice = made.life, made.life.city.dice
    day = day_of(made.start) + every
    while day < day_of(min(made.end, END)) - 7:
        at = office_hour(life.city, day + dice.between(-3, 14))
        if at >= min(made.end, END):
            return
        kind: ReviewOutcome = dice.pick(("continue", "continue", "continue", "extend", "step_up", "step_down"))
        if at + 21 * DAY > made.end and made.outcome == "completed":
            kind = "end"
        event = PackageReviewed(
            occurred_at=moment(at),
            package=made.id,
            case=made.case,
            outcome=kind,
            planned_end_on=date_of(day_of(made.end)) if kind == "extend" and limited else None,
            next_review_on=date_of(day_of(at) + every) if kind != "end" else None,
        )
        draft = life.type(at, event, habit=USUAL, after=after)[0]
        made.typed = max(made.typed, draft.typed)
        corrections.mistaken(life, draft)
        day = day_of(at) + every


def _contacts(made: Package, post: Post, after: int) -> None:
    life, dice = made.life, made.life.city.dice
    day, last = day_of(made.start) + dice.between(2, 10), day_of(min(made.end, END)) - 1
    for _ in range(14):
        if day > last:
            return
        if works(day):
            at = at_minute(day, dice.between(18, 32) * 30)
            kept = dice.of(KEPT) if dice.yes(0.88) else dice.of(MISSED)
            here = post if post in life.stay_at(at).team.posts else None
            record(
                life,
                (made.case,),
                "targeted",
                at,
                kept,
                dice.of(MOSTLY_IN_PERSON),
                joint=dice.yes(0.12),
                post=here,
                after=after,
            )
        day += dice.between(5, 24)


def _ended(made: Package) -> None:
    if made.end < END:
        made.link(
            made.end, PackageEnded(occurred_at=moment(made.end), package=made.id, case=made.case, outcome=made.outcome)
        )


def started_by_mistake(life: Life, period: Period) -> None:
    """Another family's package, entered on this case, and both entries marked within the hour."""
    if not life.city.dice.yes(life.city.scenario.wrong_entry) or not life.agreements:
        return
    at = life.agreements[0].typed + 30 * DAY
    if agreed(life, at) is None or life.open_at(at) is not period:
        return
    at = office_hour(life.city, day_of(at))
    made = Package(life, life.city.ids.new("package", at), life.cases[0], "parenting", at, at, "other", 0)
    post = fitting_post(made)
    started = PackageStarted(
        occurred_at=moment(at), package=made.id, case=made.case, pathway=made.need, duration="ongoing"
    )
    drafts = life.type(at, started, allocated(made, at, post), habit=AT_ONCE, after=life.agreements[0].typed)
    marks = [corrections.mark(life, draft, soon=True) for draft in drafts]
    life.busy.append((at, marks[-1].typed + MINUTE))
