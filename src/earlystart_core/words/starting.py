"""Starting: a package starts for an open case when the family agrees to it, or when harm or the law demands it.

Agreement is live when at least one person decided and every such person's latest decision was to give it. The event
is the package's.
"""

from typing import assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word, facts
from earlystart_core.errors import Refused
from earlystart_core.event import Event
from earlystart_core.types import CaseId, Day, Duration, Need, PackageId, RequestId, ReviewDays
from earlystart_core.words.case import LIFE, CaseClosed, CaseOpened, CaseReopened, Life, LifeEvent
from earlystart_core.words.consent import ServiceAgreementRecorded, lack_of_agreement
from earlystart_core.words.package import PackageStarted, expect_ahead
from earlystart_core.words.request import SupportRequested
from earlystart_core.words.sharing import InformationShared, SharingOverridden


class StartPackage(Command):
    package: PackageId
    case: CaseId
    pathway: Need
    duration: Duration
    request: RequestId | None = None
    planned_end_on: Day | None = None
    review_every_days: ReviewDays | None = None


GroundEvent = ServiceAgreementRecorded | SharingOverridden | InformationShared
GROUND = (ServiceAgreementRecorded, SharingOverridden, InformationShared)


class Starting(msgspec.Struct, frozen=True):
    started: tuple[PackageStarted, ...] = ()  # under this id
    life: Life = Life()
    asked: tuple[SupportRequested, ...] = ()
    agreements: tuple[ServiceAgreementRecorded, ...] = ()
    demands: tuple[SharingOverridden | InformationShared, ...] = ()  # an override, or a sharing by duty


def boundary(command: StartPackage) -> Facts:
    request = [] if command.request is None else [command.request]
    return facts(
        ([PackageStarted], [command.package]),
        ([*LIFE, *GROUND], [command.case]),
        *(([SupportRequested], [known]) for known in request),
    )


def evolve(state: Starting, event: LifeEvent | GroundEvent | PackageStarted | SupportRequested) -> Starting:
    match event:
        case PackageStarted():
            return replace(state, started=(*state.started, event))
        case CaseOpened() | CaseClosed() | CaseReopened():
            return replace(state, life=state.life.after(event))
        case SupportRequested():
            return replace(state, asked=(*state.asked, event))
        case ServiceAgreementRecorded():
            return replace(state, agreements=(*state.agreements, event))
        case SharingOverridden():
            return replace(state, demands=(*state.demands, event))
        case InformationShared():
            return replace(state, demands=(*state.demands, event)) if event.basis == "duty" else state
        case _:
            assert_never(event)


def decide(command: StartPackage, state: Starting) -> tuple[Event, ...]:
    if any(command.repeats(start) for start in state.started):
        return ()
    if state.started:
        raise Refused("package.other_content", f"{command.package} was started before, with other content")
    state.life.expect_open(command, command.case)
    _expect_request(command, state)
    _expect_ground(command, state)
    expect_ahead(command, command.package, command.planned_end_on)
    return (command.ordered(PackageStarted),)


def _expect_request(command: StartPackage, state: Starting) -> None:
    if command.request is not None and not state.asked:
        raise Refused("request.unknown", f"{command.request} is not known: expected a request that was made")
    for asked in state.asked[:1]:
        if asked.case != command.case:
            raise Refused(
                "request.other_case", f"{command.request} was made for {asked.case}, expected that, got {command.case}"
            )


def _expect_ground(command: StartPackage, state: Starting) -> None:
    lacking = lack_of_agreement(state.agreements, command.at)
    if lacking is not None and not any(demand.occurred_at <= command.at for demand in state.demands):
        came = "nobody had decided" if lacking == "nobody_asked" else "someone had not given it"
        raise Refused("package.no_agreement", f"{command.case}: expected a live agreement to the service, {came}")


WORD = Word(boundary, Starting(), evolve, decide)
