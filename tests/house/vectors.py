"""Golden vectors: entries written to the byte when their event was new. What one says can never change.

    python -m tests.house.vectors      writes the vectors that are missing; it never touches one that is there

Each file holds what was given (fields in clear, keys, nonces) and what must come of it (data, frame, canonical, leaf).
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from earlystart_core.entry import Entry, Practitioner, canonical, frame_of, leaf_of, stored_data
from earlystart_core.event import Event, shape_of, subjects_of, tags_of
from earlystart_core.privacy.keys import Key, Shredded, commitment
from earlystart_core.words import EVENTS

FOLDER = Path(__file__).parent / "golden"


def an_id(kind: str, number: int) -> str:
    """The id of that kind with that number: 26 characters, as ids are."""
    return f"{kind}:{number:026d}"


BY = Practitioner(an_id("practitioner", 1), "health_visitor", "org:lch")
OCCURRED = "2026-03-02T09:30:00Z"
RECORDED = "2026-03-02T16:05:09.000123Z"
CASE, TWIN, FAMILY, PERSON = an_id("case", 1), an_id("case", 2), an_id("family", 1), an_id("person", 1)
REQUEST, PACKAGE, AGREEMENT = an_id("request", 1), an_id("package", 1), an_id("agreement", 1)
PARTIES = ["org:lch", "org:leeds-city-council", "org:little-owls"]
CONTACT, MEETING, WORKER = an_id("contact", 1), an_id("meeting", 1), an_id("practitioner", 2)

SAMPLES: dict[str, dict[str, Any]] = {
    "CaseOpened": {
        "case": CASE,
        "family": FAMILY,
        "team": "team:armley",
        "reason": "birth",
        "due_on": None,
        "born_on": "2026-02-20",
    },
    "ChildBorn": {"case": CASE, "born_on": "2026-02-21"},
    "ResponsibilityPassed": {"case": CASE, "to_team": "team:otley", "reason": "They moved to Otley."},
    "PointOfContactNamed": {"case": CASE, "practitioner": WORKER},
    "CaseClosed": {"case": CASE, "reason": "fifth_birthday"},
    "CaseReopened": {"case": CASE, "team": "team:armley", "reason": None},
    "TierDecided": {"case": CASE, "tier": "universal_plus", "reason": "Low mood: Zoë & baby", "meeting": MEETING},
    "ContactRecorded": {
        "contact": CONTACT,
        "cases": [CASE, TWIN],
        "kind": "new_birth_visit",
        "attendance": "5",
        "mechanism": "01",
        "location": "A01",
        "practitioners": [BY.practitioner, WORKER],
        "employers": ["org:lch", "org:leeds-city-council"],
        "duration_min": 45,
    },
    "SupportRequested": {
        "request": REQUEST,
        "case": CASE,
        "source": "midwife",
        "needs": ["maternal_mood", "sleep"],
        "urgency": "routine",
    },
    "RequestDecided": {
        "request": REQUEST,
        "case": CASE,
        "team": "team:armley",
        "meeting": MEETING,
        "outcome": "allocated",
        "rationale": "The best fit of skills.",
    },
    "RequestWithdrawn": {"request": REQUEST, "case": CASE, "reason": None},
    "MeetingHeld": {
        "meeting": MEETING,
        "team": "team:armley",
        "held_on": "2026-03-02",
        "attendees": [WORKER, BY.practitioner],
    },
    "MeetingCancelled": {"meeting": MEETING, "team": "team:armley", "planned_on": "2026-03-03", "reason": "Snow."},
    "PackageStarted": {
        "package": PACKAGE,
        "case": CASE,
        "pathway": "maternal_mood",
        "duration": "time_limited",
        "request": REQUEST,
        "planned_end_on": "2026-06-01",
        "review_every_days": 28,
    },
    "PackageReviewed": {
        "package": PACKAGE,
        "case": CASE,
        "outcome": "extend",
        "planned_end_on": "2026-07-01",
        "next_review_on": None,
    },
    "PackageEnded": {"package": PACKAGE, "case": CASE, "outcome": "completed"},
    "PackageAllocated": {
        "package": PACKAGE,
        "case": CASE,
        "practitioner": WORKER,
        "team": "team:armley",
        "meeting": MEETING,
        "skills": ['perinatal "mood"', "crianças/leite"],
    },
    "AllocationEnded": {"package": PACKAGE, "case": CASE, "practitioner": WORKER, "reason": "absence"},
    "ServiceAgreementRecorded": {"case": CASE, "person": PERSON, "capacity": "parent_with_pr", "decision": "given"},
    "SharingConsentRecorded": {
        "case": CASE,
        "person": PERSON,
        "capacity": "parent_with_pr",
        "recipient": "org:little-owls",
        "purpose": "nursery_place",
        "decision": "given",
        "wording": "consent-2026-01",
        "until": "2027-03-02",
    },
    "AgreementSigned": {
        "agreement": AGREEMENT,
        "parties": PARTIES,
        "purposes": ["nursery_place", "support_planning"],
        "items": ["case.tier", "contacts.latest"],
        "lawful_basis": "public_task",
        "starts_on": "2026-04-01",
        "wording": "isa-2026-04",
        "special_category": "health_or_social_care",
        "ends_on": "2028-03-31",
        "next_review_on": "2027-03-31",
    },
    "AgreementReviewed": {
        "agreement": AGREEMENT,
        "parties": PARTIES,
        "outcome": "extend",
        "ends_on": "2029-03-31",
        "next_review_on": None,
    },
    "AgreementEnded": {"agreement": AGREEMENT, "parties": PARTIES, "reason": "replaced"},
    "SharingOverridden": {
        "case": CASE,
        "recipient": "org:police",
        "harm": "A threat at the door.",
        "authorised_by": WORKER,
        "family_told": False,
        "if_not_why": "Telling them would add to the danger.",
    },
    "InformationShared": {
        "case": CASE,
        "recipient": "org:little-owls",
        "purpose": "nursery_place",
        "items": ["case.tier", "contacts.latest"],
        "basis": "consent",
        "basis_position": 6,
    },
    "DisclosureRefused": {
        "case": CASE,
        "requester": "org:housing",
        "purpose": "rent_review",
        "reason": "No consent for this.",
    },
    "MarkedInError": {"target": 5, "reason": "Another family's visit."},
    "LegalHoldPlaced": {
        "hold": "hold:inquiry-7",
        "authority": "Inquiry 7, order 12",
        "case": CASE,
        "person": None,
    },
    "LegalHoldLifted": {"hold": "hold:inquiry-7", "authority": "Inquiry 7, closed", "case": None, "person": None},
    "SubjectErased": {
        "authority": "Caldicott guardian, IG-7",
        "second_authority": "Head of information governance, IG-7",
        "keys": ["k_00000000000000000000000001", "k_00000000000000000000000002"],
        "case": CASE,
        "persons": [PERSON],
    },
}
TARGET_TAGS = [CONTACT, CASE, TWIN, BY.practitioner, "org:lch"]  # of the entry that the sample mark strikes


class GoldenKeys:
    """The keys and nonces of one vector."""

    def __init__(self, keys: dict[str, dict[str, str]], nonces: Iterable[str]) -> None:
        self.by_subject = {
            subject: Key(one["kid"], bytes.fromhex(one["secret"]), commitment(one["kid"], bytes.fromhex(one["secret"])))
            for subject, one in keys.items()
        }
        self._nonces = iter(nonces)

    def for_subjects(self, subjects: Iterable[str]) -> dict[str, Key]:
        return {subject: self.by_subject[subject] for subject in subjects}

    def find(self, kid: str) -> Key | Shredded | None:
        return next((key for key in self.by_subject.values() if key.kid == kid), None)

    def secret(self, name: str) -> bytes:
        raise AssertionError(f"no vector needs the secret {name}")

    def chance(self, count: int) -> bytes:
        nonce = bytes.fromhex(next(self._nonces))
        assert len(nonce) == count
        return nonce


def event_of(given: dict[str, Any]) -> Event:
    """The event that a vector was made of, its personal text in clear."""
    return msgspec.convert({**given["fields"], "occurred_at": given["occurred_at"]}, EVENTS.classes[given["type"]])


def entry_of(given: dict[str, Any]) -> tuple[Entry, GoldenKeys]:
    """The entry that the code makes of it today."""
    keys = GoldenKeys(given["keys"], given["nonces"])
    entry = EVENTS.entry(
        event_of(given),
        by=Practitioner(**given["recorded_by"]),
        command_id=given["command_id"],
        keys=keys,
        chance=keys.chance,
        tags=given["tags"] if given["type"] == "MarkedInError" else None,
    )
    return entry, keys


def bytes_of(given: dict[str, Any], entry: Entry) -> dict[str, str]:
    """What stands in the log for it."""
    frame, data = frame_of(entry, given["position"], _instant(given["recorded_at"])), stored_data(entry.data)
    whole = canonical(frame, data)
    return {
        "data": data.decode(),
        "frame": frame.decode(),
        "canonical": whole.decode(),
        "leaf": leaf_of(whole).hex(),
    }


def field_lists() -> list[list[Any]]:
    """Every event: name, version, fields in order, ids with their kinds, sealed fields."""
    shapes = [(name, cls.version, shape_of(cls)) for name, cls in sorted(EVENTS.classes.items())]
    return [
        [name, version, list(s.fields), [list(one) for one in s.ids], list(s.sealed)] for name, version, s in shapes
    ]


def write_missing() -> None:
    """Writes a vector for each event that has none in its newest version."""
    imported = {
        "command_id": None,
        "recorded_by": {"practitioner": "practitioner:import", "role": "feed", "employer": "org:council"},
    }
    _write("CaseOpened.v1.imported", _given("CaseOpened") | imported)
    for name, cls in EVENTS.classes.items():
        _write(f"{name}.v{cls.version}", _given(name))


def _given(name: str) -> dict[str, Any]:
    given: dict[str, Any] = {
        "type": name,
        "version": EVENTS.classes[name].version,
        "position": 7,
        "recorded_at": RECORDED,
        "occurred_at": OCCURRED,
        "recorded_by": msgspec.structs.asdict(BY),
        "command_id": "01KJQ8Z6H0Q3W2V8TDVXN6M3CE",
        "fields": SAMPLES[name],
    }
    event = event_of(given)
    given["tags"] = TARGET_TAGS if name == "MarkedInError" else tags_of(event)
    sealed = [field for field in shape_of(type(event)).sealed if getattr(event, field) is not None]
    subjects = subjects_of(given["tags"]) if sealed else []
    given["keys"] = {
        subject: {"kid": f"k_{number:026d}", "secret": bytes([number] * 32).hex()}
        for number, subject in enumerate(subjects, 1)
    }
    given["nonces"] = [bytes([number] * 12).hex() for number in range(1, len(sealed) * len(subjects) + 1)]
    return given


def _write(name: str, given: dict[str, Any]) -> None:
    path = FOLDER / f"{name}.json"
    if not path.exists():
        entry, _ = entry_of(given)
        path.write_text(json.dumps(given | bytes_of(given, entry), indent=1, ensure_ascii=False) + "\n", "utf-8")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


if __name__ == "__main__":
    write_missing()
