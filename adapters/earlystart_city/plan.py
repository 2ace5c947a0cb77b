"""Plan: which families there will be, when each case opens, why and where; drawn for the whole city at once."""

from typing import NamedTuple

import numpy as np

from earlystart_city.calendar import END_DAY
from earlystart_city.chance import PLAN, bits, units
from earlystart_city.scenario import Scenario
from earlystart_core.types import OpenReason

REASONS: tuple[OpenReason, ...] = ("pregnancy", "birth", "move_in", "late_notification")
LAST_OPENING = END_DAY - 5  # so that the last case is in the record before the city ends


class Planned(NamedTuple):
    """A family: the day its first case opens, its first team, and what is to come."""

    day: int
    team: int
    reason: OpenReason
    twins: bool
    sibling_day: int  # the day a later child's case opens, 0 when there is none


def plan(scenario: Scenario, cases: int, first: int, teams: int, seed: int) -> list[Planned]:
    """Families with exactly that many cases between them, in the order in which they come."""
    drawn = units(bits(seed, PLAN), cases * 6).reshape(6, cases)  # never more families than cases
    day = first + (drawn[0] * (LAST_OPENING - first)).astype(np.int64)
    sibling_day = day + 420 + (drawn[1] * 1000).astype(np.int64)
    sibling = (drawn[2] < scenario.sibling) & (sibling_day < LAST_OPENING)
    twins = drawn[3] < scenario.twins
    shares = (scenario.opened_in_pregnancy, scenario.opened_at_birth, scenario.opened_by_moving_in)
    reason = np.searchsorted(np.cumsum(shares), drawn[4], side="right")
    team = (drawn[5] * teams).astype(np.int64)
    so_far = np.cumsum(1 + twins + sibling)
    count = int(np.searchsorted(so_far, cases)) + 1  # the first families that have enough cases
    families = [
        Planned(int(day[n]), int(team[n]), REASONS[int(reason[n])], bool(twins[n]), int(sibling[n] * sibling_day[n]))
        for n in range(count)
    ]
    families[-1] = _without(families[-1], int(so_far[count - 1]) - cases)
    return sorted(families)


def _without(family: Planned, over: int) -> Planned:
    """The family with so many cases less."""
    if over and family.sibling_day:
        family, over = family._replace(sibling_day=0), over - 1
    return family._replace(twins=False) if over else family
