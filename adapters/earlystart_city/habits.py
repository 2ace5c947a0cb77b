"""Habits: how long after the event a practitioner types it into the record.

Most things are typed the same day or the next working day, some after weeks. Never before they happened.
"""

from earlystart_city.calendar import MINUTE, at_minute, day_of, next_working
from earlystart_city.chance import Dice, Weighted

Delay = tuple[int, int, int]  # working days at least and at most; when 0, minutes at most

AT_ONCE: Weighted[Delay] = Weighted({(0, 0, 4): 1})
SAME_DAY: Weighted[Delay] = Weighted({(0, 0, 15): 0.6, (0, 0, 240): 0.4})
PROMPT: Weighted[Delay] = Weighted({(0, 0, 15): 0.4, (0, 0, 240): 0.4, (1, 1, 0): 0.2})
USUAL: Weighted[Delay] = Weighted(
    {(0, 0, 60): 0.3, (0, 0, 300): 0.4, (1, 1, 0): 0.18, (2, 6, 0): 0.08, (7, 25, 0): 0.03, (26, 90, 0): 0.01}
)
SLOW: Weighted[Delay] = Weighted({(0, 0, 300): 0.3, (1, 4, 0): 0.4, (5, 40, 0): 0.3})
WEEKS_LATE: Weighted[Delay] = Weighted({(4, 14, 0): 0.6, (15, 45, 0): 0.4})


def typed_after(dice: Dice, at: int, habit: Weighted[Delay]) -> int:
    """When something that happened at `at` is typed: later by that habit, on another day in office hours."""
    least, most, minutes = dice.of(habit)
    if most == 0:
        return at + int((0.05 + dice.unit() * minutes) * MINUTE)
    day = next_working(day_of(at) + dice.between(least, most))
    return at_minute(day, 510) + int(dice.unit() * 540 * MINUTE)
