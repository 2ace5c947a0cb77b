"""An independent reading of what was learnt between two positions, in plain dicts and loops.

Shares no code with the library. `entries` are the parsed lines of `log export`.
"""

import naive

LIFE = ("CaseOpened", "CaseClosed", "CaseReopened")
GROUND = ("ServiceAgreementRecorded", "SharingOverridden", "InformationShared")
AGREEMENT = ("AgreementSigned", "AgreementReviewed", "AgreementEnded")
RESTS_ON = {  # each decision: the facts that its rule asks for, and the fields that both must share
    "TierDecided": [(LIFE, ("case",))],
    "RequestDecided": [(("SupportRequested", "RequestWithdrawn"), ("request",))],
    "PackageStarted": [(LIFE + GROUND, ("case",)), (("SupportRequested",), ("request",))],
    "PackageReviewed": [(("PackageStarted", "PackageEnded"), ("package",))],
    "PackageEnded": [(("PackageStarted",), ("package",))],
    "PackageAllocated": [(("PackageStarted", "PackageEnded", "AllocationEnded"), ("package",))],
    "ResponsibilityPassed": [(LIFE, ("case",))],
    "CaseClosed": [
        (("CaseOpened", "CaseReopened", "ResponsibilityPassed", "PackageStarted", "PackageEnded"), ("case",))
    ],
    "CaseReopened": [(("CaseOpened", "CaseClosed"), ("case",))],
    "SharingOverridden": [(("CaseOpened",), ("case",))],
    "InformationShared": [(("CaseOpened",), ("case",))],
    "DisclosureRefused": [(("CaseOpened",), ("case",))],
}


def struck(entries, known):
    out = set()
    for entry in sorted(entries, key=lambda entry: -entry["position"]):
        if entry["position"] <= known and entry["type"] == "MarkedInError" and entry["position"] not in out:
            out.add(entry["data"]["target"])
    return out


def rests_on(decision, fact):
    data = decision["data"]
    if decision["type"] == "InformationShared":
        if data.get("basis_position") == fact["position"]:
            agreed = fact["type"] in AGREEMENT and data["recipient"] in fact["tags"]
            return data["case"] in fact["tags"] or agreed
        kind = {"consent": "SharingConsentRecorded", "override": "SharingOverridden"}.get(data["basis"])
        if fact["type"] == kind and {data["case"], data["recipient"]} <= set(fact["tags"]):
            return fact["data"].get("purpose", data["purpose"]) == data["purpose"]
        if data["basis"] == "agreement" and fact["type"] in AGREEMENT and data["recipient"] in fact["tags"]:
            return True
    if decision["type"] == fact["type"]:
        return False
    return any(
        fact["type"] in types and all(data.get(field) is not None and data[field] in fact["tags"] for field in fields)
        for types, fields in RESTS_ON[decision["type"]]
    )


def stamp(entry):
    return {
        "position": entry["position"],
        "recorded_at": naive.shown(naive.instant(entry["recorded_at"])),
        "occurred_at": naive.shown(naive.instant(entry["occurred_at"])),
        "type": entry["type"],
    }


def changed(entries, a, b, effective, case):
    rows = []
    for view in ("case_status", "consent_status", "package_status", "request_queue"):
        keys = {"case_status": ("case",), "package_status": ("package",), "request_queue": ("request",)}
        keys = keys.get(view, ("case", "recipient", "purpose"))
        sides = []
        for known in (a, b):
            answer = naive.answer(view, entries, str(known), effective)
            sides.append({tuple(row[k] for k in keys): row for row in answer if case is None or row["case"] == case})
        for key in sorted({*sides[0], *sides[1]}):
            was, now = sides[0].get(key), sides[1].get(key)
            if was != now:
                names = [name for name in now if was[name] != now[name]] if was and now else []
                rows.append(
                    {
                        "view": view,
                        "key": dict(zip(keys, key, strict=True)),
                        "columns": names,
                        "before": was,
                        "after": now,
                    }
                )
    return rows


def diff(entries, a, b, effective=None, case=None, since=None):
    """The parts of a diff, known at positions a and b; instants as text."""
    by_position = {entry["position"]: entry for entry in entries}
    known_at = naive.instant(by_position[a]["recorded_at"]) if a else None
    until = since or (known_at and naive.shown(known_at))

    def seen(entry):
        about = case is None or case in entry["tags"]
        return about and (effective is None or naive.within(naive.instant(entry["occurred_at"]), effective))

    def is_late(entry):
        return until is not None and naive.within(naive.instant(entry["occurred_at"]), until)

    def cases(entry):
        return {tag for tag in entry["tags"] if tag.startswith("case:")}

    out_a, out_b = struck(entries, a), struck(entries, b)
    learnt = [entry for entry in entries if a < entry["position"] <= b and seen(entry)]
    facts = [entry for entry in learnt if entry["position"] not in out_b and entry["type"] != "MarkedInError"]
    decisions, relied = [], []
    for decision in entries:
        if decision["type"] not in RESTS_ON or decision["position"] > b or not seen(decision):
            continue
        at = naive.instant(decision["occurred_at"])
        unknown = [
            fact["position"]
            for fact in facts
            if fact["position"] > decision["position"]
            and naive.instant(fact["occurred_at"]) < at
            and cases(fact) & cases(decision)
            and (decision["position"] > a or is_late(fact))
        ]
        row = {
            **stamp(decision),
            "case": decision["data"]["case"],
            "struck": decision["position"] in out_b,
        }
        if decision["position"] > a or unknown:
            decisions.append({**row, "unknown": unknown})
        rested = []
        for position in sorted(out_b - out_a):
            fact = by_position[position]
            if fact["type"] == "MarkedInError" or position >= decision["position"]:
                continue
            if case is not None and case not in fact["tags"] and fact["type"] not in AGREEMENT:
                continue
            if rests_on(decision, fact) and position not in struck(entries, decision["position"] - 1):
                rested.append(position)
        if rested:
            relied.append({**row, "relied_on": rested})
    return {
        "changed": changed(entries, a, b, effective, case),
        "entries": [
            {**stamp(entry), "tags": entry["tags"], "late": is_late(entry), "struck": entry["position"] in out_b}
            for entry in learnt
        ],
        "marks": [
            {
                "position": entry["position"],
                "target": entry["data"]["target"],
                "type": by_position[entry["data"]["target"]]["type"],
                "tags": entry["tags"],
                "standing": entry["position"] not in out_b,
            }
            for entry in learnt
            if entry["type"] == "MarkedInError"
        ],
        "decisions": decisions,
        "relied_on_struck": relied,
    }
