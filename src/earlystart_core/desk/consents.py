"""What families decided: under which consent something was shared, who was asked, and when."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from earlystart_core.audit.hindsight import Told
from earlystart_core.desk.asked import Asked, Row, about, stamp
from earlystart_core.marks import Marks
from earlystart_core.words.consent import ServiceAgreementRecorded, SharingConsentRecorded
from earlystart_core.words.sharing import InformationShared, SharingOverridden


def consents(
    asked: Asked, *, case: str | None = None, recipient: str | None = None, item: str | None = None
) -> list[Row]:
    """Each sharing with each consent that bears on it: who decided what, in which capacity, under which wording.

    `bore_then`: it was that person's latest decision as known when the information was shared. `bears_now`: it is, as
    known now. `cited`: the sharing names it as its basis. `consent_struck`: it is marked in error. A sharing that
    nobody was asked about has one row without a consent. By position of the sharing, then the consent.
    """
    facts = asked.facts([InformationShared, SharingConsentRecorded], *about(case, recipient))
    decided: dict[tuple[str, str, str], list[Told]] = defaultdict(list)
    for one in sorted(facts.told, key=lambda one: (one.event.occurred_at, one.position)):
        if isinstance(one.event, SharingConsentRecorded):
            decided[one.event.case, one.event.recipient, one.event.purpose].append(one)
    covered = {row["position"]: row for row in asked.questions.disclosures(case)}
    marks = Marks((one.position, one.event.target) for one in facts.marks)
    marked_at = {one.position: one.entry.recorded_at for one in facts.marks}
    rows = []
    for one in facts.told:
        if isinstance(one.event, InformationShared) and (item is None or item in one.event.items):
            course = decided[one.event.case, one.event.recipient, one.event.purpose]
            now = _latest(one, (each for each in course if each.position not in facts.struck))
            then = _latest(one, _known_to(one, course, marks, marked_at))
            cited = {each.position for each in course} & {one.event.basis_position}
            shown = [each for each in course if each.position in now | then | cited]
            for each in sorted(shown, key=_position):
                bears = _bears(each.position, then, now, cited, facts.struck)
                rows.append(_shared(one, covered[one.position], each, bears))
            if not shown:
                rows.append(_shared(one, covered[one.position], None, {}))
    return rows


def _known_to(shared: Told, course: list[Told], marks: Marks, marked_at: dict[int, datetime]) -> list[Told]:
    """The decisions that stood as known when the information was shared: recorded by that instant, and before it."""
    at = shared.event.occurred_at
    known = [one for one in course if one.position < shared.position and one.entry.recorded_at <= at]
    out = marks.struck([one.position for one in known], lambda mark: mark < shared.position and marked_at[mark] <= at)
    return [one for one in known if one.position not in out]


def _latest(shared: Told, decided: Iterable[Told]) -> set[int]:
    """Where each person's latest decision by the instant of a sharing is recorded; decided: in effective order."""
    people = {one.event.person: one.position for one in decided if one.event.occurred_at <= shared.event.occurred_at}
    return {*people.values()}


def _bears(position: int, then: set[int], now: set[int], cited: set[int], struck: set[int]) -> dict[str, bool]:
    found = {"bore_then": then, "bears_now": now, "cited": cited, "consent_struck": struck}
    return {name: position in those for name, those in found.items()}


def _shared(one: Told, covered: Row, consent: Told | None, bears: dict[str, bool]) -> Row:
    names = ("person", "capacity", "wording", "decision", "until")
    return {
        "position": one.position,
        "shared_at": one.event.occurred_at,
        **{name: getattr(one.event, name) for name in ("case", "recipient", "purpose", "items", "basis")},
        **{name: covered[name] for name in ("covered_then", "covered_now", "struck")},
        "consent": consent and consent.position,
        "decided_at": consent and consent.event.occurred_at,
        "consent_recorded_at": consent and consent.entry.recorded_at,
        **{name: consent and getattr(consent.event, name) for name in names},
        **{name: bears.get(name) for name in ("bore_then", "bears_now", "cited", "consent_struck")},
    }


def told(asked: Asked, *, case: str | None = None) -> list[Row]:
    """When a family was told: each decision with the wording that the person saw, and each override with its telling.

    No event says that a notice was handed over without a decision: the wording is what is known of it.
    """
    facts = asked.facts([SharingConsentRecorded, ServiceAgreementRecorded, SharingOverridden], *about(case))
    names = ("case", "person", "capacity", "recipient", "purpose", "decision", "wording", "family_told")
    kinds = {"SharingConsentRecorded": "sharing_consent", "ServiceAgreementRecorded": "service_agreement"}
    return [
        {
            **stamp(one),
            "told": kinds.get(one.entry.event.type, "override"),
            **{name: getattr(one.event, name, None) for name in names},
        }
        for one in facts.standing()
    ]


def undecided(asked: Asked, *, case: str | None = None, team: str | None = None) -> list[Row]:
    """The cases about which nobody ever decided what may be shared; `service_agreements`: decisions about the service.

    A refusal is a decision. Struck entries are none.
    """
    decided = {row["case"] for row in asked.rows("consent_status", case, team)}
    service: dict[str, int] = defaultdict(int)
    for one in asked.facts([ServiceAgreementRecorded], *about(case)).standing():
        service[one.event.case] += 1
    return [
        {
            **{name: row[name] for name in ("case", "team", "status", "opened_on", "closed_on")},
            "service_agreements": service[row["case"]],
        }
        for row in asked.rows("case_status", case, team)
        if row["case"] not in decided and (team is None or row["team"] == team)
    ]


def _position(one: Told) -> int:
    return one.position
