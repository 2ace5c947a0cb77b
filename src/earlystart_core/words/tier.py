"""Tier: the level of need that a practitioner or a meeting decided for a case.

Universal, universal plus or universal partnership plus; community is about an area and never stands on a case.
"""

from earlystart_core.event import Event, Personal
from earlystart_core.types import CaseId, MeetingId, Tier


class TierDecided(Event, frozen=True):
    case: CaseId
    tier: Tier
    reason: Personal | None = None
    meeting: MeetingId | None = None
