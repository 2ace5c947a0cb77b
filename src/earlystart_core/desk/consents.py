"""What families decided: under which consent something was shared, what went on after a no, who was asked, when."""

from collections import defaultdict
from collections.abc import Iterator

from earlystart_core.desk.asked import Asked, Row, about, stamp
from earlystart_core.desk.looking import readings
from earlystart_core.hindsight import Told
from earlystart_core.words.consent import ServiceAgreementRecorded, SharingConsentRecorded, live
from earlystart_core.words.sharing import InformationShared, SharingOverridden


def consents(
    asked: Asked, *, case: str | None = None, recipient: str | None = None, item: str | None = None
) -> list[Row]:
    """Each sharing with each consent that bore on it: who decided what, in which capacity, under which wording.

    A sharing that nobody was asked about has one row without a consent. By position of the sharing, then the consent.
    """
    facts = asked.facts([InformationShared, SharingConsentRecorded], *about(case, recipient))
    decided: dict[tuple[str, str, str], list[Told]] = defaultdict(list)
    for one in facts.standing():
        if isinstance(one.event, SharingConsentRecorded):
            decided[one.event.case, one.event.recipient, one.event.purpose].append(one)
    covered = {row["position"]: row for row in asked.questions.disclosures(case)}
    rows = []
    for one in facts.told:
        if isinstance(one.event, InformationShared) and (item is None or item in one.event.items):
            bearing = decided[one.event.case, one.event.recipient, one.event.purpose]
            standing = live([each.event for each in bearing], one.event.occurred_at)
            chosen = [each for each in bearing if any(each.event is event for event in standing)]
            bore: list[Told | None] = [*sorted(chosen, key=_position)]
            rows += [_shared(one, covered[one.position], each) for each in bore or [None]]
    return rows


def _shared(one: Told, covered: Row, consent: Told | None) -> Row:
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
    }


def after_withdrawal(asked: Asked, *, case: str | None = None) -> list[Row]:
    """What was shared or read after a person had withdrawn, and before that person gave consent again.

    `knew`: the withdrawal was recorded by then. A reading is by someone of the organisation that the no was about.
    """
    facts = asked.facts([InformationShared, SharingConsentRecorded], *about(case))
    standing = facts.standing()
    shared: dict[tuple[str, str, str], list[Told]] = defaultdict(list)
    for one in standing:
        if isinstance(one.event, InformationShared):
            shared[one.event.case, one.event.recipient, one.event.purpose].append(one)
    reads = readings(asked, case)
    rows = []
    for no, ended in _withdrawals([one for one in standing if isinstance(one.event, SharingConsentRecorded)]):
        consent, until = no.event, None if ended is None else ended.event.occurred_at
        for one in shared[consent.case, consent.recipient, consent.purpose]:
            if consent.occurred_at <= one.event.occurred_at and (until is None or one.event.occurred_at < until):
                knew = no.position < one.position and no.entry.recorded_at <= one.event.occurred_at
                rows.append(_after(no, "shared", one.event.occurred_at, knew) | _how(one))
        for read in reads:
            theirs = (read["subject"], read["employer"]) == (consent.case, consent.recipient)
            if theirs and consent.occurred_at <= read["at"] and (until is None or read["at"] < until):
                row = _after(no, "read", read["at"], no.entry.recorded_at <= read["at"])
                rows.append(row | {"position": None, "basis": None, "practitioner": read["practitioner"]})
    return sorted(rows, key=lambda row: (row["withdrawal"], row["at"], row["position"] or 0))


def _withdrawals(decided: list[Told]) -> Iterator[tuple[Told, Told | None]]:
    """Each withdrawal, and the consent with which the same person ended it."""
    course: dict[tuple[str, ...], list[Told]] = defaultdict(list)
    for one in decided:
        course[one.event.case, one.event.recipient, one.event.purpose, one.event.person].append(one)
    for each in course.values():
        for at, one in enumerate(each):
            if one.event.decision == "withdrawn":
                yield one, next((later for later in each[at + 1 :] if later.event.decision == "given"), None)


def _after(no: Told, what: str, at: object, knew: bool) -> Row:
    return {
        "withdrawal": no.position,
        "withdrawn_at": no.event.occurred_at,
        "withdrawal_recorded_at": no.entry.recorded_at,
        **{name: getattr(no.event, name) for name in ("case", "person", "recipient", "purpose")},
        "what": what,
        "at": at,
        "knew": knew,
    }


def _how(one: Told) -> Row:
    who = one.entry.event.recorded_by
    return {"position": one.position, "basis": one.event.basis, "practitioner": who and who.practitioner}


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
