"""The three rings of the service: how far each event, field and column may go. A table, and nothing of it is stored.

The innermost ring holds what only health professionals directly involved see, the next what the early start team
around the family sees, the outermost what another organisation may be told with the family's consent.
Whoever reaches a ring reaches those outside it. A new event or field must be given its place: a test asks for it.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

Ring = Literal["outside", "team", "health"]  # outermost first
RINGS: tuple[Ring, ...] = get_args(Ring)
VERSION = 2  # of the table below: raised with every change of it


def within(ring: Ring) -> tuple[Ring, ...]:
    """The rings that someone reaches who reaches that one, outermost first."""
    return RINGS[: RINGS.index(ring) + 1]


class Placed(msgspec.Struct, frozen=True):
    """Where something stands: itself in a ring, its fields in that one or further in."""

    ring: Ring
    fields: Mapping[str, Ring]

    def seen(self, rings: tuple[Ring, ...], fields: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the fields that are in one of the rings; a field that has no place is in none."""
        return {name: value for name, value in fields.items() if self.fields.get(name) in rings}


def _placed(ring: Ring, *, outside: str = "", team: str = "", health: str = "") -> Placed:
    named: dict[Ring, str] = {"outside": outside, "team": team, "health": health}
    return Placed(ring, {field: of for of, fields in named.items() for field in fields.split()})


EVENT_RINGS: dict[str, Placed] = {
    "CaseOpened": _placed("outside", outside="case team", team="family reason born_on", health="due_on"),
    "ChildBorn": _placed("team", team="case born_on"),
    "ResponsibilityPassed": _placed("outside", outside="case to_team", team="reason"),
    "PointOfContactNamed": _placed("outside", outside="case practitioner"),
    "CaseClosed": _placed("outside", outside="case", team="reason"),
    "CaseReopened": _placed("outside", outside="case team", team="reason"),
    "TierDecided": _placed("team", team="case tier meeting", health="reason"),
    "ContactRecorded": _placed(
        "team", team="contact cases kind attendance practitioners employers", health="mechanism location duration_min"
    ),
    "SupportRequested": _placed("team", team="request case source needs urgency"),
    "RequestDecided": _placed("team", team="request case team meeting outcome rationale"),
    "RequestWithdrawn": _placed("team", team="request case reason"),
    "MeetingHeld": _placed("team", team="meeting team held_on attendees"),
    "MeetingCancelled": _placed("team", team="meeting team planned_on reason"),
    "PackageStarted": _placed("team", team="package case request pathway duration planned_end_on review_every_days"),
    "PackageReviewed": _placed("team", team="package case outcome planned_end_on next_review_on"),
    "PackageEnded": _placed("team", team="package case outcome"),
    "PackageAllocated": _placed("team", team="package case practitioner team meeting skills"),
    "AllocationEnded": _placed("team", team="package case practitioner reason"),
    "ServiceAgreementRecorded": _placed("team", team="case person capacity decision"),
    # The organisation that a consent names may not see it: whom else a family told what is not its business.
    "SharingConsentRecorded": _placed("team", team="case person capacity recipient purpose decision wording until"),
    "AgreementSigned": _placed(
        "outside",
        outside="agreement parties purposes items lawful_basis special_category starts_on ends_on next_review_on"
        " wording",
    ),
    "AgreementReviewed": _placed("outside", outside="agreement parties outcome ends_on next_review_on"),
    "AgreementEnded": _placed("outside", outside="agreement parties reason"),
    "SharingOverridden": _placed("team", team="case recipient harm authorised_by family_told if_not_why"),
    "InformationShared": _placed("team", team="case recipient purpose items basis basis_position"),
    "DisclosureRefused": _placed("team", team="case requester purpose reason"),
    # Why an entry was wrong may say what stood in it, whatever its ring.
    "MarkedInError": _placed("outside", outside="target", health="reason"),
    "LegalHoldPlaced": _placed("team", team="hold authority case person"),
    "LegalHoldLifted": _placed("team", team="hold authority case person"),
    "SubjectErased": _placed("outside", outside="authority second_authority keys case", team="persons"),
}

VIEW_RINGS: dict[str, Placed] = {
    "case_status": _placed(
        "outside",
        outside="case team point_of_contact opened_on closed_on status",
        team="family tier tier_since born_on contacts_attended last_contact_at active_packages",
    ),
    "request_queue": _placed("team", team="request case source requested_at outcome decided_at meeting team deferrals"),
    "package_status": _placed(
        "team",
        team="package case pathway duration started_at planned_end_on next_review_on ended_at outcome practitioner"
        " team",
    ),
    "consent_status": _placed("team", team="case recipient purpose decision decided_at until person wording position"),
}

ENTRY_RINGS = _placed(  # what stands around an event in a timeline, besides its fields
    "outside", outside="position recorded_at occurred_at late_days type fields struck marked_by", team="recorded_by"
)
