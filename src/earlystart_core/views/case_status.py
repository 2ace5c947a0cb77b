"""case_status: one row per case, where it stands (contract section 2)."""

from earlystart_core.finish import count_of, london_day, only_if
from earlystart_core.projection import Projection
from earlystart_core.reducers import count, earliest, latest
from earlystart_core.sources import at, constant, is_in
from earlystart_core.types import CaseId
from earlystart_core.views.package_status import package_status
from earlystart_core.words.case import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    ChildBorn,
    PointOfContactNamed,
    ResponsibilityPassed,
)
from earlystart_core.words.contact import ContactRecorded
from earlystart_core.words.tier import TierDecided

attended = is_in(ContactRecorded.attendance, "5", "6")

case_status = Projection(
    "case_status",
    key=CaseId,
    row=CaseOpened,
    family=earliest(CaseOpened.family),
    team=latest(CaseOpened.team, ResponsibilityPassed.to_team, CaseReopened.team),
    point_of_contact=latest(PointOfContactNamed.practitioner),
    tier=latest(TierDecided.tier, initial="universal"),
    tier_since=latest(at(TierDecided)),
    opened_on=london_day("_opened_at"),
    closed_on=only_if("status", "closed", london_day("_closed_at")),
    status=latest(constant(CaseOpened, "open"), constant(CaseReopened, "open"), constant(CaseClosed, "closed")),
    born_on=latest(ChildBorn.born_on, CaseOpened.born_on),
    contacts_attended=count(ContactRecorded, where=attended),
    last_contact_at=latest(at(ContactRecorded), where=attended),
    active_packages=count_of(package_status, by="case", without="ended_at"),
    _opened_at=earliest(at(CaseOpened)),
    _closed_at=latest(at(CaseClosed)),
)
