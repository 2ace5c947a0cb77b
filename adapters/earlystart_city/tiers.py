"""Tiers: the level of need decided for a case, as its packages come and go; often typed late, sometimes wrongly."""

from earlystart_city import corrections
from earlystart_city.calendar import DAY, END, moment
from earlystart_city.frame import within
from earlystart_city.habits import PROMPT, USUAL, WEEKS_LATE
from earlystart_city.life import Life, Period
from earlystart_city.teams import RECORDED_BY
from earlystart_city.texts import TIER
from earlystart_core.types import Tier
from earlystart_core.words.tier import TierDecided

LEVELS: tuple[Tier, ...] = ("universal", "universal_plus", "universal_partnership_plus")


def tiers(life: Life, period: Period) -> None:
    """The decisions of a period, from the packages of each case; each is of another tier than the one before."""
    dice = life.city.dice
    until = min(period.end, END)
    for case in life.cases:
        if case not in life.tiers and dice.yes(0.4):
            first: Tier = "universal_plus" if dice.yes(0.12) else "universal"
            _decide(life, case, within(life.city, period.start, min(period.start + 40 * DAY, until)), first, None)
        changes = [(start, 1, meeting) for of, start, _, meeting in life.supported if of == case]
        changes += [(end, -1, None) for of, _, end, _ in life.supported if of == case]
        count = 0
        for at, step, meeting in sorted(changes, key=lambda change: change[:2]):
            count += step
            if period.start <= at < until and dice.yes(0.9 if step > 0 else 0.7):
                _changed(life, case, at, min(count, 2), meeting)


def _changed(life: Life, case: str, at: int, level: int, meeting: str | None) -> None:
    dice = life.city.dice
    if level == 1 and dice.yes(0.15):
        level = 2
    if LEVELS[level] == life.tiers.get(case, "universal"):
        return
    if dice.yes(0.02):  # two decisions of the same instant: the later position stands
        _decide(life, case, at, LEVELS[(level + 1) % 3], meeting)
    if LEVELS[level] != life.tiers.get(case, "universal"):
        _decide(life, case, at, LEVELS[level], meeting)
    if dice.yes(life.city.scenario.wrong_entry):
        wrong = TierDecided(occurred_at=moment(at), case=case, tier=LEVELS[(level + 1) % 3], reason=life.written(TIER))
        corrections.doubted(life, life.type(at, wrong, habit=USUAL)[0])


def _decide(life: Life, case: str, at: int, tier: Tier, meeting: str | None) -> None:
    dice = life.city.dice
    event = TierDecided(occurred_at=moment(at), case=case, tier=tier, reason=life.written(TIER), meeting=meeting)
    habit = WEEKS_LATE if dice.yes(0.06) else USUAL if dice.yes(0.5) else PROMPT
    life.type(at, event, habit=habit, after=at + RECORDED_BY if meeting else 0)
    life.tiers[case] = tier
