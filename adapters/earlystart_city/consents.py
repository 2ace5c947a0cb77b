"""Consents: what each parent agreed may be shared, with whom, for what, until when; refused, withdrawn, given again.

Two parents may disagree. A withdrawal is often recorded days after it was spoken: the gap that audits look for.
"""

from typing import NamedTuple

from earlystart_city import corrections
from earlystart_city.calendar import DAY, END, anniversary, date_of, day_of, moment
from earlystart_city.frame import within
from earlystart_city.habits import PROMPT, SAME_DAY, WEEKS_LATE
from earlystart_city.life import Decided, Life, Period
from earlystart_city.sharing import disclosures
from earlystart_core.types import Decision
from earlystart_core.words.consent import SharingConsentRecorded


class Purpose(NamedTuple):
    """What a family is asked to agree to."""

    recipient: str
    purpose: str


PURPOSES = (
    Purpose("org:gp-practice", "health_review"),
    Purpose("org:little-owls", "nursery_place"),
    Purpose("org:leeds-teaching-hospitals", "health_review"),
    Purpose("org:speech-and-language", "support_planning"),
    Purpose("org:housing-leeds", "support_planning"),
    Purpose("org:primary-school", "school_readiness"),
    Purpose("org:childrens-social-work", "support_planning"),
)


def consents(life: Life, period: Period) -> None:
    """Every case's decisions of the period, purpose by purpose, and what was shared or refused under each."""
    dice = life.city.dice
    for case in life.cases:
        for _ in range(dice.between(0, life.city.scenario.consents_a_case)):
            asked = dice.pick(PURPOSES)
            made = life.consents.setdefault((case, *asked), [])
            if not any(period.start <= decided.at for decided in made):
                _asked(life, period, case, asked, made)
                disclosures(life, period, case, asked.recipient, asked.purpose, made)


def _asked(life: Life, period: Period, case: str, asked: Purpose, made: list[Decided]) -> None:
    dice, rates = life.city.dice, life.city.scenario
    until = min(period.end, END)
    at = within(life.city, period.start, period.start + int((until - period.start) * dice.unit() ** 2) + DAY)
    _decide(life, case, asked, made, life.mother, "refused" if dice.yes(rates.consent_refused) else "given", at)
    if life.other and dice.yes(rates.other_parent_decides):
        also = at if dice.yes(0.5) else within(life.city, at, min(at + 30 * DAY, until))
        _decide(life, case, asked, made, life.other, "refused" if dice.yes(rates.consent_refused) else "given", also)
    for decided in [decided for decided in made if decided.given and decided.at >= period.start]:
        if dice.yes(rates.consent_withdrawn):
            _withdrawn(life, case, asked, made, decided, until)
        elif decided.until is not None and dice.yes(0.6):
            _renewed(life, case, asked, made, decided)
        elif dice.yes(rates.wrong_entry):
            decided.struck = corrections.mark(life, decided.draft).typed


def _withdrawn(life: Life, case: str, asked: Purpose, made: list[Decided], given: Decided, until: int) -> None:
    dice, rates = life.city.dice, life.city.scenario
    at = within(life.city, given.at + 5 * DAY, until)
    late = dice.yes(rates.withdrawal_recorded_late)
    withdrawn = _decide(life, case, asked, made, given.person, "withdrawn", at, late=late, after=given.typed)
    if withdrawn and dice.yes(0.35):
        again = within(life.city, at + 30 * DAY, until)
        _decide(life, case, asked, made, given.person, "given", again, after=withdrawn.typed)


def _renewed(life: Life, case: str, asked: Purpose, made: list[Decided], given: Decided) -> None:
    assert given.until is not None
    at = within(life.city, (given.until - 12) * DAY, (given.until + 25) * DAY)
    _decide(life, case, asked, made, given.person, "given", at, after=given.typed)


def _decide(
    life: Life,
    case: str,
    asked: Purpose,
    made: list[Decided],
    person: str,
    decision: Decision,
    at: int,
    *,
    late: bool = False,
    after: int = 0,
) -> Decided | None:
    """Types one decision; None where the case is not open, or the same parent has decided since."""
    dice = life.city.dice
    if life.open_at(at) is None or any(other.person == person and other.at >= at for other in made):
        return None
    years = dice.pick((1, 1, 2)) if decision == "given" and dice.yes(0.45) else 0
    until = anniversary(day_of(at), years) if years else None
    event = SharingConsentRecorded(
        occurred_at=moment(at),
        case=case,
        person=person,
        capacity="mother" if person == life.mother else "second_parent",
        recipient=asked.recipient,
        purpose=asked.purpose,
        decision=decision,
        wording=f"wording-{date_of(day_of(at)).year}-{1 + day_of(at) % 2}",
        until=date_of(until) if until else None,
    )
    habit = WEEKS_LATE if late or dice.yes(0.03) else SAME_DAY if dice.yes(0.8) else PROMPT
    draft = life.type(at, event, habit=habit, after=after)[0]
    decided = Decided(at, draft.typed, person, decision == "given", until, draft)
    made.append(decided)
    return decided
