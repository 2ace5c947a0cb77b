"""request_queue: one row per request for support, and what the meetings made of it (contract section 2)."""

from earlystart_core.projection import Projection
from earlystart_core.reducers import count, earliest, latest
from earlystart_core.sources import at, constant, is_in
from earlystart_core.types import RequestId
from earlystart_core.words.request import RequestDecided, RequestWithdrawn, SupportRequested

request_queue = Projection(
    "request_queue",
    key=RequestId,
    row=SupportRequested,
    case=earliest(SupportRequested.case),
    source=earliest(SupportRequested.source),
    requested_at=earliest(at(SupportRequested)),
    outcome=latest(RequestDecided.outcome, constant(RequestWithdrawn, "withdrawn"), initial="waiting"),
    decided_at=latest(at(RequestDecided), at(RequestWithdrawn)),
    meeting=latest(RequestDecided.meeting),
    team=latest(RequestDecided.team),
    deferrals=count(RequestDecided, where=is_in(RequestDecided.outcome, "deferred")),
)
