"""What was shared, and on what it stood: questions 3, 4, 5, 17 and 19."""

from collections.abc import Iterator
from datetime import timedelta

import naive
import naive_diff
import naive_disclosures

from .desk import BEFORE_ALL, Desk, Fact, Row, begun, happened, last_instant, occurred, picked, same, stamp, who

MATTER = ("case", "recipient", "purpose")


def consents(
    desk: Desk, *, case: str | None = None, recipient: str | None = None, item: str | None = None
) -> list[Row]:
    """3. Each sharing with each person's latest decision as known then and as known now, and the one it names."""
    cover = {row["position"]: row for row in naive_disclosures.disclosures(desk.entries, desk.head, desk.effective)}
    struck = desk.struck
    rows = []
    for one in naive.of(desk.told, "InformationShared"):
        data = one["data"]
        if not picked(one, case, recipient) or (item is not None and item not in data["items"]):
            continue
        known_then = naive_disclosures.recorded_by_then(desk.entries, one)
        then, now = _latest(desk, one, known_then), _latest(desk, one, desk.head)
        course = [each for each in naive.of(desk.told, "SharingConsentRecorded") if same(each, one, *MATTER)]
        cited = {each["position"] for each in course} & {data["basis_position"]}
        shown = [each for each in course if each["position"] in then | now | cited]
        for each in shown or [None]:
            said = {} if each is None else each["data"]
            at = each and each["position"]
            bears = {"bore_then": then, "bears_now": now, "cited": cited, "consent_struck": struck}
            rows.append(
                {
                    "position": one["position"],
                    "shared_at": stamp(one)["occurred_at"],
                    **{name: data[name] for name in (*MATTER, "items", "basis")},
                    **{name: cover[one["position"]][name] for name in ("covered_then", "covered_now", "struck")},
                    "consent": at,
                    "decided_at": each and stamp(each)["occurred_at"],
                    "consent_recorded_at": each and stamp(each)["recorded_at"],
                    **{name: said.get(name) for name in ("person", "capacity", "wording", "decision", "until")},
                    **{name: None if each is None else at in those for name, those in bears.items()},
                }
            )
    return rows


def _latest(desk: Desk, shared: Fact, known: int) -> set[int]:
    people = {}
    for one in naive.of(naive.standing(desk.entries, known, shared["occurred_at"]), "SharingConsentRecorded"):
        if same(one, shared, *MATTER):
            people[one["data"]["person"]] = one["position"]
    return {*people.values()}


def pacts(desk: Desk, at: str) -> Iterator[tuple[str, Fact, Fact | None, str | None, bool]]:
    """Each agreement that was signed: its id, its first terms, those by `at`, its last day then, whether in force."""
    today = naive.day_of(naive.shown(last_instant(at)))
    signings = desk.standing("AgreementSigned")
    for name in sorted({one["data"]["agreement"] for one in signings}):
        course = naive.about(desk.standing(*naive_diff.AGREEMENT), "agreement", name)
        by_then = [one for one in course if happened(one, at)]
        signed = naive.last(naive.of(by_then, "AgreementSigned"))
        last_on = naive.last(naive.values(naive.of(by_then, "AgreementSigned", "AgreementReviewed"), "ends_on"))
        force = (
            signed is not None
            and not naive.of(by_then, "AgreementEnded")
            and signed["data"]["starts_on"] <= today <= (last_on or "9999")
        )
        yield name, naive.of(course, "AgreementSigned")[0], signed, last_on, force


def agreements(
    desk: Desk,
    *,
    recipient: str | None = None,
    purpose: str | None = None,
    item: str | None = None,
    at: int | str | None = None,
) -> list[Row]:
    """4. As known now, in force at that moment; what an agreement says is what it said by then."""
    if at is None:
        moment = desk.effective or (desk.entries[desk.head - 1]["recorded_at"] if desk.head else None)
    else:
        moment = desk.then(at).effective
    rows = []
    for name, first, signed, last_on, force in pacts(desk, moment) if moment not in (None, BEFORE_ALL) else ():
        terms = (signed or first)["data"]
        if recipient not in (None, *terms["parties"]):
            continue
        names = ("parties", "purposes", "items", "lawful_basis", "special_category", "wording", "starts_on")
        course = naive.about(desk.standing("AgreementSigned", "AgreementReviewed"), "agreement", name)
        by_then = [one for one in course if happened(one, moment)]
        rows.append(
            {
                "agreement": name,
                "position": (signed or first)["position"],
                **{field: terms[field] for field in names},
                "last_on": last_on,
                "next_review_on": naive.last(naive.values(by_then, "next_review_on")),
                "at": naive.shown(last_instant(moment)),
                "in_force": force,
                "covers": force and purpose in (None, *terms["purposes"]) and item in (None, *terms["items"]),
            }
        )
    return rows


def overrides(desk: Desk, *, case: str | None = None, recipient: str | None = None) -> list[Row]:
    """5. Each override, struck ones too, and the standing sharings on it: those before the next that stands."""
    standing, struck = desk.standing("SharingOverridden", "InformationShared"), desk.struck
    rows = []
    for one in naive.of(desk.told, "SharingOverridden"):
        data = one["data"]
        if not picked(one, case, recipient):
            continue
        near = [each for each in standing if same(each, one, "case", "recipient") and occurred(each) >= occurred(one)]
        later = [occurred(each) for each in naive.of(near, "SharingOverridden") if occurred(each) > occurred(one)]
        shared = [
            each["position"]
            for each in naive.of(near, "InformationShared")
            if each["data"]["basis"] == "override" and all(occurred(each) < at for at in later)
        ]
        rows.append(
            {
                **stamp(one),
                **who(one),
                **{name: data[name] for name in ("case", "recipient", "authorised_by", "family_told")},
                "harm": data["harm"] is not None,
                "if_not_why": data["if_not_why"] is not None,
                "shared": shared,
                "struck": one["position"] in struck,
            }
        )
    return rows


def necessary(desk: Desk, *, case: str | None = None, recipient: str | None = None) -> list[Row]:
    """17. The items beside what both organisations had agreed for that purpose, on that day."""
    rows = []
    for one in sorted(desk.standing("InformationShared"), key=lambda one: one["position"]):
        data = one["data"]
        if not picked(one, case, recipient):
            continue
        agreed: set[str] | None = None
        for _, _, signed, _, force in pacts(desk, one["occurred_at"]):
            both = force and signed and {who(one)["employer"], data["recipient"]} <= set(signed["data"]["parties"])
            if both and signed and data["purpose"] in signed["data"]["purposes"]:
                agreed = (agreed or set()) | set(signed["data"]["items"])
        rows.append(
            {
                **stamp(one),
                **who(one),
                **{name: data[name] for name in (*MATTER, "basis", "items")},
                "agreed": None if agreed is None else sorted(agreed),
                "beyond": None if agreed is None else [item for item in data["items"] if item not in agreed],
            }
        )
    return rows


def concerns(desk: Desk, *, hours: int = 24, case: str | None = None) -> list[Row]:
    """19. Each standing override and the first sharing on an override or a duty that followed."""
    sharings = desk.standing("InformationShared")
    rows = []
    for one in desk.standing("SharingOverridden"):
        if not picked(one, case, None):
            continue
        followed = [
            each
            for each in sharings
            if same(each, one, "case", "recipient")
            and each["data"]["basis"] in ("override", "duty")
            and occurred(each) >= occurred(one)
        ]
        first = naive.first(followed)
        took = None if first is None else occurred(first) - occurred(one)
        rows.append(
            {
                "position": one["position"],
                "case": one["data"]["case"],
                "recipient": one["data"]["recipient"],
                "raised_at": stamp(one)["occurred_at"],
                "raised_on": naive.day_of(one["occurred_at"]),
                "shared": first and first["position"],
                "shared_at": first and stamp(first)["occurred_at"],
                "hours": None if took is None else begun(took),
                "within": took is not None and took <= timedelta(hours=hours),
            }
        )
    return rows
