"""Tier: the level of need that a practitioner or a meeting decided for a case.

Universal, universal plus or universal partnership plus; community is about an area and never stands on a case.
"""

from typing import assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word, facts, latest
from earlystart_core.event import Event, Personal
from earlystart_core.types import CaseId, MeetingId, Text, Tier
from earlystart_core.words.case import LIFE, CaseClosed, CaseOpened, CaseReopened, Life, LifeEvent


class TierDecided(Event, frozen=True):
    case: CaseId
    tier: Tier
    reason: Personal | None = None
    meeting: MeetingId | None = None


class DecideTier(Command):
    case: CaseId
    tier: Tier
    reason: Text | None = None
    meeting: MeetingId | None = None


class Tiers(msgspec.Struct, frozen=True):
    life: Life = Life()
    decided: tuple[TierDecided, ...] = ()


def boundary(command: DecideTier) -> Facts:
    return facts(([*LIFE, TierDecided], [command.case]))


def evolve(state: Tiers, event: LifeEvent | TierDecided) -> Tiers:
    match event:
        case CaseOpened() | CaseClosed() | CaseReopened():
            return replace(state, life=state.life.after(event))
        case TierDecided():
            return replace(state, decided=(*state.decided, event))
        case _:
            assert_never(event)


def decide(command: DecideTier, state: Tiers) -> tuple[Event, ...]:
    # The same tier from another meeting is another decision, and history.
    state.life.expect_open(command, command.case)
    return () if command.says(latest(state.decided, command.at)) else (command.ordered(TierDecided),)


WORD = Word(boundary, Tiers(), evolve, decide)
