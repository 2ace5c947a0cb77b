"""Who knew what, when: questions 1, 2, 6, 8, 14 and 20."""

from datetime import timedelta

import naive

from .desk import BEFORE_ALL, Desk, Row, begun, cases, happened, occurred, recorded, stamp, who

TOLD = {
    "SharingConsentRecorded": "sharing_consent",
    "ServiceAgreementRecorded": "service_agreement",
    "SharingOverridden": "override",
}
IMPORT = "practitioner:import"


def could_see(desk: Desk, *, case: str, at: int | str) -> list[Row]:
    """1. The case exactly as its story stood: without ties and what a policy allows."""
    then = desk.then(at)
    struck = then.struck
    story = [one for one in then.told if case in one["tags"]]
    return [
        {**stamp(one), "type": one["type"], "struck": one["position"] in struck}
        for one in sorted(story, key=lambda one: (occurred(one), one["position"]))
    ]


def backdated(desk: Desk, *, at: int | str, case: str | None = None, team: str | None = None) -> list[Row]:
    """2. Of a case, of a team's cases then or now, of both where both are named."""
    then = desk.then(at)
    under = {row["case"] for each in (then, desk) for row in each.view("case_status") if team in (None, row["team"])}
    if team is None:
        under = {case or ""}
    elif case is not None:
        under &= {case}
    struck, known_then = desk.struck, then.head
    return [
        {
            **stamp(one),
            "type": one["type"],
            "cases": cases(one),
            "known_then": one["position"] <= known_then,
            "struck": one["position"] in struck,
            **who(one),
        }
        for one in desk.told
        if under & set(one["tags"]) and happened(one, then.effective)
    ]


def looked(desk: Desk, *, case: str | None = None, practitioner: str | None = None) -> list[Row]:
    """6. Without what tied the reader to the case."""
    return [
        look
        for look in desk.looked()
        if case in (None, look["subject"]) and practitioner in (None, look["practitioner"])
    ]


def told(desk: Desk, *, case: str | None = None) -> list[Row]:
    """8. Each standing decision and override, in effective order."""
    names = ("case", "person", "capacity", "recipient", "purpose", "decision", "wording", "family_told")
    return [
        {**stamp(one), "told": TOLD[one["type"]], **{name: one["data"].get(name) for name in names}}
        for one in desk.standing(*TOLD)
        if case in (None, one["data"]["case"])
    ]


def late(desk: Desk, *, hours: int = 48, case: str | None = None, practitioner: str | None = None) -> list[Row]:
    """14. More than so many hours from happening to recording, by practitioner, then position; imports where named."""
    struck = desk.struck
    rows = []
    for one in desk.told:
        took = recorded(one) - occurred(one)
        by = who(one)["practitioner"]
        if took <= timedelta(hours=hours) or case not in (None, *cases(one)):
            continue
        if by == practitioner or (practitioner is None and by != IMPORT):
            more = {"type": one["type"], "cases": cases(one), "hours_late": begun(took)}
            rows.append({**who(one), **stamp(one), **more, "struck": one["position"] in struck})
    return sorted(rows, key=lambda row: (row["practitioner"] or "", row["position"]))


def contact(desk: Desk, *, case: str, at: int | str) -> list[Row]:
    """20. The latest name told, as known then and as known now, of what had happened by then."""
    then = desk.then(at)
    rows = []
    for as_known, each in (("then", then), ("now", desk._replace(effective=then.effective))):
        named = naive.last(naive.about(each.standing("PointOfContactNamed"), "case", case))
        rows.append(
            {
                "as_known": as_known,
                "case": case,
                "at": None if then.effective == BEFORE_ALL else then.effective,
                "point_of_contact": named and named["data"]["practitioner"],
                "since": named and stamp(named)["occurred_at"],
                "position": named and named["position"],
                "recorded_at": named and stamp(named)["recorded_at"],
            }
        )
    return rows
