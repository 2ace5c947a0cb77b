"""Contacts: one contact typed into the record, kept or missed, alone or jointly with the other employer."""

from earlystart_city.calendar import day_of, moment
from earlystart_city.chance import Weighted
from earlystart_city.diary import Draft
from earlystart_city.habits import USUAL, WEEKS_LATE
from earlystart_city.life import Life
from earlystart_city.teams import Post
from earlystart_core.types import Attendance, ContactKind, Location, Mechanism
from earlystart_core.words.contact import ContactRecorded

KEPT: Weighted[Attendance] = Weighted({"5": 0.93, "6": 0.07})
MISSED: Weighted[Attendance] = Weighted({"2": 0.35, "3": 0.42, "4": 0.16, "7": 0.07})
IN_PERSON: Weighted[Mechanism] = Weighted({"01": 1})
MOSTLY_IN_PERSON: Weighted[Mechanism] = Weighted({"01": 0.9, "11": 0.06, "02": 0.04})
AT_A_DISTANCE: Weighted[Mechanism] = Weighted({"02": 0.66, "09": 0.14, "11": 0.08, "05": 0.06, "01": 0.06})
PLACES: Weighted[Location] = Weighted({"A01": 0.62, "K01": 0.18, "B01": 0.1, "C01": 0.05, "L04": 0.05})


def record(
    life: Life,
    cases: tuple[str, ...],
    kind: ContactKind,
    at: int,
    attendance: Attendance,
    mechanism: Mechanism,
    *,
    joint: bool = False,
    post: Post | None = None,
    after: int = 0,
) -> Draft:
    """Types one contact. `joint`: with someone of the other employer."""
    dice, stay = life.city.dice, life.stay_at(at)
    posts = [post or (stay.post if dice.yes(0.7) else dice.pick(stay.team.visitors))]
    if joint:
        posts.append(dice.pick([other for other in stay.team.posts if other.employer != posts[0].employer]))
    day, kept = day_of(at), attendance in ("5", "6")
    typed = life.when(at, WEEKS_LATE if dice.yes(0.02) else USUAL, after)
    by, command_id = life.signed(typed, posts[0])
    event = ContactRecorded(
        occurred_at=moment(at),
        contact=life.city.ids.new("contact", typed),
        cases=cases,
        kind=kind,
        attendance=attendance,
        mechanism=mechanism,
        location=dice.of(PLACES) if mechanism == "01" else "X01",
        practitioners=tuple([post.holder(day).practitioner for post in posts]),  # joint ones never share an employer
        employers=tuple([post.employer for post in posts]),
        duration_min=dice.pick((20, 30, 45, 60, 75)) if kept and dice.yes(0.85) else None,
    )
    return life.put(Draft(event, typed, by, command_id))
