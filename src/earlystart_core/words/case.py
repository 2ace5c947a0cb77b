"""Case: one child's early start record, from pregnancy to the fifth birthday, and the team responsible for it.

A case has one responsible team on any day, and an open case has one live point of contact.
"""

from earlystart_core.event import Event, Personal
from earlystart_core.types import CaseId, CloseReason, Day, FamilyId, OpenReason, PractitionerId, TeamId


class CaseOpened(Event, frozen=True):
    case: CaseId
    family: FamilyId
    team: TeamId
    reason: OpenReason
    due_on: Day | None = None
    born_on: Day | None = None  # only with reason birth or move_in


class ChildBorn(Event, frozen=True):
    case: CaseId
    born_on: Day


class ResponsibilityPassed(Event, frozen=True):
    case: CaseId
    to_team: TeamId
    reason: Personal | None = None


class PointOfContactNamed(Event, frozen=True):
    case: CaseId
    practitioner: PractitionerId


class CaseClosed(Event, frozen=True):
    case: CaseId
    reason: CloseReason


class CaseReopened(Event, frozen=True):
    case: CaseId
    team: TeamId
    reason: Personal | None = None
