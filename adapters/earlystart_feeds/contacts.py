"""Contacts and their activities, which hang on each other.

A contact's kind is that of its first activity, and decides whether it may lie before the birth; a contact that is
refused refuses its activities; and a refused activity leaves its id free for another contact's.
"""

from collections.abc import Container, Iterable

from earlystart_core.types import ContactKind
from earlystart_feeds.reading import Row

KINDS: dict[str, ContactKind] = {
    "08": "new_birth_visit",
    "09": "six_to_eight_week",
    "10": "one_year",
    "11": "two_year",
    "12": "handover_to_school_nursing",
}


def by_contact(activities: Iterable[Row]) -> dict[str, list[Row]]:
    """The activities of each contact, in order of their id as text."""
    found: dict[str, list[Row]] = {}
    for row in activities:
        found.setdefault(row["CareContactID"], []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: row["CareActivityID"])
    return found


def kind_of(activities: list[Row]) -> ContactKind:
    """The kind of a contact with those activities, in order."""
    return KINDS.get(activities[0]["Activity_Type"], "other") if activities else "other"


def without_own_fault(activities: Iterable[Row], standing: Container[str]) -> list[Row]:
    """Those of the sound activities whose id no other one holds. standing: the contacts that are accepted."""
    held: dict[str, Row] = {}
    kept = []
    for row in activities:
        first = held.get(row.values[0])
        if first is not None and first.values != row.values:
            continue
        kept.append(row)
        if first is None and row["CareContactID"] in standing:
            held[row.values[0]] = row
    return kept
