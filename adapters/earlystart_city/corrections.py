"""Corrections: entries marked in error, and marks that were themselves a mistake, so that their target stands again."""

from earlystart_city.calendar import END, moment
from earlystart_city.chance import Weighted
from earlystart_city.diary import Draft, Mark
from earlystart_city.habits import AT_ONCE, WEEKS_LATE, Delay, typed_after
from earlystart_city.life import Life
from earlystart_city.texts import MARKED, NOT_WRONG
from earlystart_core.words.correction import MarkedInError

SOON: Weighted[Delay] = Weighted({(0, 0, 20): 1})
LATER: Weighted[Delay] = Weighted({(0, 0, 200): 0.3, (1, 3, 0): 0.4, (4, 40, 0): 0.3})


def mark(life: Life, target: Draft, *, soon: bool = False, phrases: tuple[str, ...] = MARKED) -> Mark:
    """Marks the target in error, within minutes or when someone notices."""
    at = typed_after(life.city.dice, target.typed, SOON if soon else LATER)
    at -= at % 1_000_000
    at = max(at, target.typed)
    typed = life.when(at, AT_ONCE if soon or life.city.dice.yes(0.9) else WEEKS_LATE)
    reason = life.city.dice.pick(phrases) if life.city.dice.yes(0.6) else None
    event = MarkedInError(occurred_at=moment(at), target=1, reason=reason)
    draft = Mark(event, typed, *life.signed(typed), target=target)
    life.put(draft)
    return draft


def doubted(life: Life, target: Draft) -> Mark:
    """Marks the target; now and then the mark was wrong and is marked, and rarely that mark too. Returns the first."""
    first = mark(life, target)
    last = first
    for share in (life.city.scenario.mark_was_wrong, 0.3):
        if not life.city.dice.yes(share) or last.typed >= END:
            break
        last = mark(life, last, phrases=NOT_WRONG)
    return first


def mistaken(life: Life, target: Draft) -> Mark | None:
    """Marks the target in error as often as entries are; None where it stands."""
    if target.typed < END and life.city.dice.yes(life.city.scenario.wrong_entry):
        return doubted(life, target)
    return None
