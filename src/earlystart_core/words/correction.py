"""Correction: an entry marked in error. The entry stays; every reading leaves it out.

A mark is an entry too and can itself be marked, which lets its target stand again.
"""

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word
from earlystart_core.entry import Recorded
from earlystart_core.errors import Refused
from earlystart_core.event import Event, Personal
from earlystart_core.types import Position, Text


class MarkedInError(Event, frozen=True):
    """Carries all tags of its target, so that whoever reads the target's facts reads the mark too."""

    target: Position
    reason: Personal | None = None


class MarkInError(Command):
    target: Position
    reason: Text | None = None


class Marks(msgspec.Struct, frozen=True):
    target: int | None = None  # None: there is no such entry
    struck: frozenset[int] = frozenset()  # targets of standing marks


def boundary(command: MarkInError) -> Facts:
    return Facts(target=command.target)


def evolve(state: Marks, event: Recorded | MarkedInError) -> Marks:
    if isinstance(event, Recorded):
        return replace(state, target=event.position)
    return replace(state, struck=state.struck | {event.target})


def decide(command: MarkInError, state: Marks) -> tuple[Event, ...]:
    if state.target is None:
        raise Refused("correction.no_such_entry", f"there is no entry {command.target}: expected the position of one")
    return () if command.target in state.struck else (command.ordered(MarkedInError),)


WORD = Word(boundary, Marks(), evolve, decide)
