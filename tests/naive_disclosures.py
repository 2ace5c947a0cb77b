"""An independent reading of contract section 3's "covered then" and "covered now", in plain dicts and loops.

Shares no code with the library. `entries` are the parsed lines of `log export`.
"""

from datetime import date

import naive


def recorded_by_then(entries, entry):
    """The last position recorded at or before the sharing's instant, and before its own."""
    at = naive.instant(entry["occurred_at"])
    by_then = [one["position"] for one in entries if naive.instant(one["recorded_at"]) <= at]
    return min(max(by_then, default=0), entry["position"] - 1)


def lack_of_consent(facts, shared):
    data = shared["data"]
    people = {}
    for fact in facts:
        told = fact["data"]
        if fact["type"] == "SharingConsentRecorded" and all(
            told[field] == data[field] for field in ("case", "recipient", "purpose")
        ):
            people[told["person"]] = fact  # the latest wins
    if not people:
        return "nobody_asked"
    if any(fact["data"]["decision"] != "given" for fact in people.values()):
        return "not_given"
    today = naive.day_of(shared["occurred_at"])
    return "past" if any((fact["data"]["until"] or "9999") < today for fact in people.values()) else None


def lack_of_override(facts, shared):
    about = (shared["data"]["case"], shared["data"]["recipient"])
    overridden = [(fact["data"]["case"], fact["data"]["recipient"]) for fact in naive.of(facts, "SharingOverridden")]
    return None if about in overridden else "no_override"


def lack_of_agreement(facts, shared):
    data, sharer = shared["data"], shared["recorded_by"]["employer"]
    today = naive.day_of(shared["occurred_at"])
    worst = "no_agreement"
    for agreement in sorted({fact["data"]["agreement"] for fact in facts if fact["type"] == "AgreementSigned"}):
        course = [fact for fact in facts if fact["data"].get("agreement") == agreement]  # whoever each of them names
        terms = naive.last(naive.of(course, "AgreementSigned"))["data"]
        if not {sharer, data["recipient"]} <= set(terms["parties"]) or sharer == data["recipient"]:
            continue
        ends_on = naive.last(naive.values(naive.of(course, "AgreementSigned", "AgreementReviewed"), "ends_on"))
        ended = naive.of(course, "AgreementEnded")
        if ended or not terms["starts_on"] <= today <= (ends_on or date.max.isoformat()):
            lack = "agreement_not_in_force"
        elif data["purpose"] not in terms["purposes"]:
            lack = "agreement_other_purpose"
        elif not set(data["items"]) <= set(terms["items"]):
            lack = "agreement_other_items"
        else:
            return None
        order = ["no_agreement", "agreement_not_in_force", "agreement_other_purpose", "agreement_other_items"]
        worst = max(worst, lack, key=order.index)
    return worst


def lack(facts, shared):
    """What the stated basis lacks on those facts; None where it covers."""
    by_basis = {"consent": lack_of_consent, "override": lack_of_override, "agreement": lack_of_agreement}
    judge = by_basis.get(shared["data"]["basis"])
    return judge(facts, shared) if judge else None


def why(entries, shared, then, head, was, now):
    if (was is None) == (now is None):
        return now
    at = shared["occurred_at"]
    standing_now = naive.standing(entries, head, at)
    kept = {fact["position"] for fact in standing_now}
    told_then = [fact for fact in entries if fact["position"] <= then and fact["position"] in kept]
    told_then.sort(key=lambda fact: (naive.instant(fact["occurred_at"]), fact["position"]))
    if (lack(told_then, shared) is None) == (now is None):
        return "struck_since"
    people = {}
    for fact in standing_now:
        if fact["type"] == "SharingConsentRecorded" and all(
            fact["data"][field] == shared["data"][field] for field in ("case", "recipient", "purpose")
        ):
            people[fact["data"]["person"]] = fact
    late = [fact for fact in people.values() if fact["position"] > then and fact["data"]["decision"] != "given"]
    return "withdrawn_unrecorded" if now == "not_given" and late else "learnt_since"


def disclosures(entries, known=None, effective=None):
    """The rows of `audit disclosures`, known at K and effective at D."""
    head = naive.position_of(entries, known)
    stands = {fact["position"] for fact in naive.standing(entries, head)}
    rows = []
    for shared in entries:
        if shared["type"] != "InformationShared" or shared["position"] > head:
            continue
        if effective is not None and not naive.within(naive.instant(shared["occurred_at"]), effective):
            continue
        then = recorded_by_then(entries, shared)
        was = lack(naive.standing(entries, then, shared["occurred_at"]), shared)
        now = lack(naive.standing(entries, head, shared["occurred_at"]), shared)
        rows.append(
            {
                "position": shared["position"],
                "case": shared["data"]["case"],
                "recipient": shared["data"]["recipient"],
                "purpose": shared["data"]["purpose"],
                "basis": shared["data"]["basis"],
                "covered_then": was is None,
                "covered_now": now is None,
                "struck": shared["position"] not in stands,
                "reason": why(entries, shared, then, head, was, now),
            }
        )
    return rows
