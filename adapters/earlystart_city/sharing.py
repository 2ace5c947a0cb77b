"""Sharing: what was told to other organisations, on which basis, and what was refused.

Nearly always right by what was known then. Sometimes a withdrawal had been spoken but not yet recorded; and rarely
something is shared on a consent that no longer stood: that is what an audit is there to find.
"""

from earlystart_city import corrections
from earlystart_city.calendar import DAY, END, MINUTE, day_of, moment
from earlystart_city.chance import Weighted
from earlystart_city.diary import Draft, Reliant
from earlystart_city.frame import within
from earlystart_city.habits import AT_ONCE
from earlystart_city.life import Decided, Life, Period
from earlystart_city.texts import HARM, NOT_TOLD, REFUSED
from earlystart_core.types import Basis
from earlystart_core.words.sharing import DisclosureRefused, InformationShared, SharingOverridden

ITEMS = ("contacts", "tier", "packages", "review_summary", "contact_details", "health_summary", "plan")
COVERED = Weighted({"consent": 0.88, "agreement": 0.04, "duty": 0.03, "refused": 0.05})
UNCOVERED = Weighted({"refused": 0.66, "duty": 0.11, "override": 0.13, "agreement": 0.07, "consent": 0.03})


def covering(made: list[Decided], at: int) -> Decided | None:
    """The consent that covers a sharing at that instant by what the record knew: every parent's latest is given."""
    known = [
        decided
        for decided in made
        if decided.typed <= at and decided.at <= at and (decided.struck is None or decided.struck > at)
    ]
    latest = {decided.person: decided for decided in sorted(known, key=lambda decided: decided.at)}.values()
    if not latest or not all(each.given and (each.until is None or day_of(at) <= each.until) for each in latest):
        return None
    return max(latest, key=lambda decided: decided.at)


def disclosures(life: Life, period: Period, case: str, recipient: str, purpose: str, made: list[Decided]) -> None:
    """What was asked for and shared under one purpose after the family was first asked."""
    dice = life.city.dice
    until = min(period.end, END)
    asked = [decided for decided in made if decided.at >= period.start]
    if not asked:
        return
    times = {within(life.city, asked[0].at + DAY, until) for _ in range(dice.pick((0, 1, 1, 2, 2, 3, 4, 6)))}
    gaps = [each for each in asked if not each.given and each.typed - each.at > 2 * DAY and dice.yes(0.7)]
    times |= {within(life.city, each.at + MINUTE, min(each.typed, until)) for each in gaps}
    for at in sorted(times):
        if asked[0].at < at < until:
            _one(life, case, recipient, purpose, made, at)
    for withdrawn in asked:
        if not withdrawn.given and dice.yes(0.1):
            _against(life, case, recipient, purpose, made, withdrawn, until)


def _one(life: Life, case: str, recipient: str, purpose: str, made: list[Decided], at: int) -> None:
    covered = covering(made, at)
    how = life.city.dice.of(COVERED if covered else UNCOVERED)
    if how == "refused":
        event = DisclosureRefused(
            occurred_at=moment(at), case=case, requester=recipient, purpose=purpose, reason=life.written(REFUSED)
        )
        corrections.mistaken(life, life.type(at, event, habit=AT_ONCE)[0])
    elif how == "override":
        overridden = _overridden(life, case, recipient, at)
        at = overridden.typed - overridden.typed % MINUTE + 5 * MINUTE
        if at < END:
            _share(life, case, recipient, purpose, at, "override", overridden)
    elif how == "consent":
        basis = covered or next((decided for decided in reversed(made) if decided.given and decided.typed < at), None)
        if basis:
            _share(life, case, recipient, purpose, at, "consent", basis.draft)
    else:
        _share(life, case, recipient, purpose, at, "duty" if how == "duty" else "agreement", None)


def _against(
    life: Life, case: str, recipient: str, purpose: str, made: list[Decided], withdrawn: Decided, until: int
) -> None:
    """Shared on the consent as it was, though its withdrawal had been recorded."""
    given = [decided for decided in made if decided.given and decided.typed < withdrawn.typed]
    at = within(life.city, withdrawn.typed + DAY, min(withdrawn.typed + 60 * DAY, until))
    if given and withdrawn.typed < at < until:
        _share(life, case, recipient, purpose, at, "consent", given[-1].draft)


def _share(life: Life, case: str, recipient: str, purpose: str, at: int, basis: Basis, relies_on: Draft | None) -> None:
    dice = life.city.dice
    typed = life.when(at, AT_ONCE)
    by, command_id = life.signed(typed)
    event = InformationShared(
        occurred_at=moment(at),
        case=case,
        recipient=recipient,
        purpose=purpose,
        items=tuple(dict.fromkeys(dice.pick(ITEMS) for _ in range(dice.between(1, 3)))),
        basis=basis,
    )
    if relies_on is None:
        draft = Draft(event, typed, by, command_id)
    else:
        draft = Reliant(event, typed, by, command_id, basis=relies_on)
    corrections.mistaken(life, life.put(draft))


def _overridden(life: Life, case: str, recipient: str, at: int) -> Draft:
    dice, stay = life.city.dice, life.stay_at(at)
    told = dice.yes(0.6)
    event = SharingOverridden(
        occurred_at=moment(at),
        case=case,
        recipient=recipient,
        harm=dice.pick(HARM),
        authorised_by=stay.team.lead.holder(day_of(at)).practitioner,
        family_told=told,
        if_not_why=None if told else dice.pick(NOT_TOLD),
    )
    return life.type(at, event, habit=AT_ONCE)[0]
