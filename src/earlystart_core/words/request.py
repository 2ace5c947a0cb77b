"""Request for support: any ask, by the family or anyone near it, put to the team's weekly allocation meeting.

A meeting may defer a request any number of times; what it decided last stands.
"""

from typing import Annotated, assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word, facts, latest, several
from earlystart_core.errors import Refused
from earlystart_core.event import Event, Personal
from earlystart_core.types import CaseId, Label, MeetingId, Need, RequestId, RequestOutcome, TeamId, Text, Urgency
from earlystart_core.words.case import LIFE, CaseClosed, CaseOpened, CaseReopened, Life, LifeEvent

Needs = Annotated[tuple[Need, ...], *several(1, 20)]


class SupportRequested(Event, frozen=True):
    request: RequestId
    case: CaseId
    source: Label
    needs: Needs
    urgency: Urgency


class RequestDecided(Event, frozen=True):
    request: RequestId
    case: CaseId
    team: TeamId
    meeting: MeetingId
    outcome: RequestOutcome
    rationale: Personal | None = None


class RequestWithdrawn(Event, frozen=True):
    request: RequestId
    case: CaseId
    reason: Personal | None = None


class RequestSupport(Command):
    request: RequestId
    case: CaseId
    source: Label
    needs: Needs
    urgency: Urgency


class DecideRequest(Command):
    request: RequestId
    case: CaseId
    team: TeamId
    meeting: MeetingId
    outcome: RequestOutcome
    rationale: Text | None = None


class WithdrawRequest(Command):
    request: RequestId
    case: CaseId
    reason: Text | None = None


RequestCommand = RequestSupport | DecideRequest | WithdrawRequest


class Request(msgspec.Struct, frozen=True):
    life: Life = Life()
    asked: tuple[SupportRequested, ...] = ()
    decided: tuple[RequestDecided, ...] = ()
    withdrawn: tuple[RequestWithdrawn, ...] = ()

    def expect_known(self, command: DecideRequest | WithdrawRequest) -> None:
        """Raises: Refused: `request.unknown`, `request.other_case`; `request.not_yet_asked` at that instant."""
        if not self.asked:
            raise Refused("request.unknown", f"{command.request} is not known: expected a request that was made")
        asked = self.asked[0]
        if asked.case != command.case:
            raise Refused(
                "request.other_case", f"{command.request} was made for {asked.case}, expected that, got {command.case}"
            )
        if asked.occurred_at > command.at:
            raise Refused("request.not_yet_asked", f"{command.request}: expected a time at or after it was made")


def boundary(command: RequestCommand) -> Facts:
    match command:
        case RequestSupport():
            return facts(([SupportRequested], [command.request]), (LIFE, [command.case]))
        case DecideRequest() | WithdrawRequest():
            return facts(([SupportRequested, RequestDecided, RequestWithdrawn], [command.request]))
        case _:
            assert_never(command)


def evolve(state: Request, event: LifeEvent | SupportRequested | RequestDecided | RequestWithdrawn) -> Request:
    match event:
        case CaseOpened() | CaseClosed() | CaseReopened():
            return replace(state, life=state.life.after(event))
        case SupportRequested():
            return replace(state, asked=(*state.asked, event))
        case RequestDecided():
            return replace(state, decided=(*state.decided, event))
        case RequestWithdrawn():
            return replace(state, withdrawn=(*state.withdrawn, event))
        case _:
            assert_never(event)


def decide(command: RequestCommand, state: Request) -> tuple[Event, ...]:
    match command:
        case RequestSupport():
            return _ask(command, state)
        case DecideRequest():
            return _decide(command, state)
        case WithdrawRequest():
            state.expect_known(command)
            return () if state.withdrawn else (command.ordered(RequestWithdrawn),)
        case _:
            assert_never(command)


def _ask(command: RequestSupport, state: Request) -> tuple[Event, ...]:
    if any(command.repeats(asked) for asked in state.asked):
        return ()
    if state.asked:
        raise Refused("request.other_content", f"{command.request} was made before, with other content")
    state.life.expect_open(command, command.case)
    return (command.ordered(SupportRequested),)


def _decide(command: DecideRequest, state: Request) -> tuple[Event, ...]:
    state.expect_known(command)
    if command.says(latest(state.decided, command.at)):
        return ()
    if latest(state.withdrawn, command.at) is not None:
        raise Refused("request.withdrawn", f"{command.request} was withdrawn: expected a request that still stands")
    # A deferral told late may come before the decision that settled the request; a second settlement may not.
    late = command.outcome == "deferred"
    for decided in state.decided:
        if decided.outcome != "deferred" and not (late and decided.occurred_at > command.at):
            raise Refused(
                "request.decided", f"{command.request}: expected a request that waits, it was {decided.outcome}"
            )
    return (command.ordered(RequestDecided),)


WORD = Word(boundary, Request(), evolve, decide)
