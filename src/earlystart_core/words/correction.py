"""Correction: an entry marked in error. The entry stays; every reading leaves it out.

A mark is an entry too and can itself be marked, which lets its target stand again.
"""

from earlystart_core.event import Event, Personal
from earlystart_core.types import Position


class MarkedInError(Event, frozen=True):
    """Carries all tags of its target, so that whoever reads the target's facts reads the mark too."""

    target: Position
    reason: Personal | None = None
