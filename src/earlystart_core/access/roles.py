"""Roles and purposes that the access policy knows. A role that stands nowhere here may do nothing."""

from earlystart_core.access.rings import Ring

GROUPS: dict[str, frozenset[str]] = {  # of roles; a role is in one
    "health": frozenset({"health_visitor", "nursery_nurse", "school_nurse", "midwife"}),
    "team": frozenset({"family_outreach_worker", "early_years_practitioner", "family_worker"}),
    "lead": frozenset({"team_lead"}),
    "officer": frozenset({"information_governance", "caldicott_guardian"}),
    "outside": frozenset({"nursery_worker", "teacher", "social_worker", "general_practitioner"}),
    "administrator": frozenset({"administrator"}),
}
REACH: dict[str, Ring] = {  # the innermost ring that a role of the group may see at all
    "health": "health",
    "team": "team",
    "lead": "health",
    "officer": "health",
    "outside": "outside",
}
CARE = frozenset({"direct_care", "safeguarding"})
OVERSIGHT = frozenset({"audit", "subject_access"})
PURPOSES = CARE | OVERSIGHT | {"service_management", "retention", "administration"}  # an outside role may have others


def group_of(role: str) -> str | None:
    """The group that a role is in, None where it is not known."""
    return next((group for group, roles in GROUPS.items() if role in roles), None)
