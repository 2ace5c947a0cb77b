"""Package: support agreed with a family under one pathway, for a time or ongoing.

It is active from its start until it is ended, whatever becomes of the case.
"""

from earlystart_core.event import Event
from earlystart_core.types import (
    CaseId,
    Day,
    Duration,
    Need,
    PackageId,
    PackageOutcome,
    RequestId,
    ReviewDays,
    ReviewOutcome,
)


class PackageStarted(Event, frozen=True):
    package: PackageId
    case: CaseId
    pathway: Need
    duration: Duration
    request: RequestId | None = None
    planned_end_on: Day | None = None
    review_every_days: ReviewDays | None = None


class PackageReviewed(Event, frozen=True):
    package: PackageId
    case: CaseId
    outcome: ReviewOutcome
    planned_end_on: Day | None = None
    next_review_on: Day | None = None


class PackageEnded(Event, frozen=True):
    package: PackageId
    case: CaseId
    outcome: PackageOutcome
