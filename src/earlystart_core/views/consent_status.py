"""consent_status: one row per case, recipient and purpose, and the decision that stands (contract section 2)."""

from earlystart_core.projection import Projection
from earlystart_core.reducers import latest
from earlystart_core.sources import at, position
from earlystart_core.words.consent import SharingConsentRecorded

consent_status = Projection(
    "consent_status",
    key=(SharingConsentRecorded.case, SharingConsentRecorded.recipient, SharingConsentRecorded.purpose),
    row=SharingConsentRecorded,
    decision=latest(SharingConsentRecorded.decision),
    decided_at=latest(at(SharingConsentRecorded)),
    until=latest(SharingConsentRecorded.until, nulls=True),
    person=latest(SharingConsentRecorded.person),
    wording=latest(SharingConsentRecorded.wording),
    position=latest(position(SharingConsentRecorded)),
)
