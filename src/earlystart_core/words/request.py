"""Request for support: any ask, by the family or anyone near it, put to the team's weekly allocation meeting.

A meeting may defer a request any number of times; what it decided last stands.
"""

from typing import Annotated

import msgspec

from earlystart_core.event import Event, Personal
from earlystart_core.types import CaseId, Label, MeetingId, Need, RequestId, RequestOutcome, TeamId, Urgency


class SupportRequested(Event, frozen=True):
    request: RequestId
    case: CaseId
    source: Label
    needs: Annotated[tuple[Need, ...], msgspec.Meta(min_length=1, max_length=20)]
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
