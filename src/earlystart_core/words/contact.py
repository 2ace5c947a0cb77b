"""Contact: one interaction with a family, kept or not, by one or several practitioners of one or several employers.

A joint visit is one contact, and a contact with twins counts once for each of their cases.
"""

from typing import Annotated

import msgspec

from earlystart_core.event import Event
from earlystart_core.types import (
    Attendance,
    CaseId,
    ContactId,
    ContactKind,
    Location,
    Mechanism,
    Minutes,
    OrgId,
    PractitionerId,
)


class ContactRecorded(Event, frozen=True):
    contact: ContactId
    cases: Annotated[tuple[CaseId, ...], msgspec.Meta(min_length=1, max_length=20)]
    kind: ContactKind
    attendance: Attendance  # 5 and 6: attended
    mechanism: Mechanism  # 01: face to face
    location: Location
    practitioners: Annotated[tuple[PractitionerId, ...], msgspec.Meta(min_length=1, max_length=20)]
    employers: Annotated[tuple[OrgId, ...], msgspec.Meta(min_length=1, max_length=20)]
    duration_min: Minutes | None = None
