"""The dashboard of a day beside today's, and who never decided: questions 12 and 18."""

from .desk import Desk, Row

CASE = (
    "CaseOpened ResponsibilityPassed CaseReopened PointOfContactNamed TierDecided CaseClosed ChildBorn ContactRecorded"
)
PACKAGE = "PackageStarted PackageReviewed PackageEnded PackageAllocated AllocationEnded"
VIEWS = {  # the key of each view, and the types that its rows are made of
    "case_status": (("case",), f"{CASE} {PACKAGE}"),
    "consent_status": (("case", "recipient", "purpose"), "SharingConsentRecorded"),
    "package_status": (("package",), PACKAGE),
    "request_queue": (("request",), "SupportRequested RequestDecided RequestWithdrawn"),
}


def then_and_now(desk: Desk, *, at: int | str, case: str | None = None, team: str | None = None) -> list[Row]:
    """12. Each row of a view that differs, and what about its key counts now and did not then."""
    rows = []
    then = desk.then(at)
    for view, (keys, types) in VIEWS.items():
        sides = []
        for each in (then, desk):
            under = {row["case"] for row in each.view("case_status") if team in (None, row["team"])}
            kept = [row for row in each.view(view) if case in (None, row["case"])]
            kept = kept if team is None else [row for row in kept if row["case"] in under]
            sides.append({tuple(row[name] for name in keys): row for row in kept})
        for key in sorted({*sides[0], *sides[1]}):
            was, now = sides[0].get(key), sides[1].get(key)
            if was != now:
                names = [name for name in now if was[name] != now[name]] if was and now else []
                about = {"view": view, "key": dict(zip(keys, key, strict=True)), "columns": names}
                ids = {value for name, value in about["key"].items() if name != "purpose"}
                because = _because(desk, then, ids, types.split())
                rows.append({**about, "before": was, "after": now, "because": because})
    return rows


def _because(desk: Desk, then: Desk, ids: set[str], types: list[str]) -> list[int]:
    was = {one["position"] for one in then.told}
    new = [one for one in desk.told if one["position"] not in was and one["type"] in types]
    new += [one for one in desk.read if one["type"] == "MarkedInError" and one["position"] > then.head]
    return sorted(one["position"] for one in new if ids <= set(one["tags"]))


def undecided(desk: Desk, *, case: str | None = None, team: str | None = None) -> list[Row]:
    """18. The cases without any standing decision about sharing."""
    decided = {one["data"]["case"] for one in desk.standing("SharingConsentRecorded")}
    service = [one["data"]["case"] for one in desk.standing("ServiceAgreementRecorded")]
    names = ("case", "team", "status", "opened_on", "closed_on")
    return [
        {**{name: row[name] for name in names}, "service_agreements": service.count(row["case"])}
        for row in desk.view("case_status")
        if row["case"] not in decided and case in (None, row["case"]) and team in (None, row["team"])
    ]
