"""How much chance a run of the tests has: a part of it every time, all of it with `-m exhaustive`.

    many(200)        so many draws, seeds or examples: a fifth of them in a quick run
    many(200, 60)    60 of them in a quick run, where a fifth would prove too little
    @seeds(12)       the argument `seed`: 0 to 11, or as many of them as a quick run takes

A test that uses one of these, or Hypothesis, runs both ways; tests/conftest.py marks it so.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

QUICK = 5  # of so many draws one is made in a quick run
LEAST = 3
EXAMPLES = 100  # of a Hypothesis test that does not say how many


class Depth:
    """Set once, before any test module is read."""

    whole = False

    @classmethod
    def choose(cls, *, whole: bool) -> None:
        """All draws, or a part of them."""
        cls.whole = whole
        settings.register_profile("chosen", max_examples=many(EXAMPLES), deadline=None)
        settings.load_profile("chosen")


def many(whole: int, quick: int | None = None) -> int:
    """How many draws to make, of `whole` that an exhaustive run makes."""
    if Depth.whole:
        return whole
    return quick or min(whole, max(LEAST, whole // QUICK))


def seeds(whole: int, quick: int | None = None) -> Callable[[Any], Any]:
    """A test once for each seed."""
    drawn = pytest.mark.parametrize("seed", range(many(whole, quick)))
    return lambda test: pytest.mark.chance(drawn(test))
