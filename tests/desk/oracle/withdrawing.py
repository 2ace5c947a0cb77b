"""What went on after a no: question 7."""

from datetime import UTC, datetime

import naive

from .desk import Desk, Fact, Row, occurred, recorded, same, stamp, who

PERSON = ("case", "recipient", "purpose", "person")


def after_withdrawal(desk: Desk, *, case: str | None = None) -> list[Row]:
    """7. From a withdrawal, or a refusal after a consent, up to that person's next consent."""
    rows: list[Row] = []
    decided = desk.standing("SharingConsentRecorded")
    for at, no in enumerate(decided):
        data = no["data"]
        theirs = [one for one in decided[:at] if same(one, no, *PERSON)]
        if case in (None, data["case"]) and _begins(no, theirs):
            later = [one for one in decided[at + 1 :] if same(one, no, *PERSON)]
            given = naive.first([one for one in later if one["data"]["decision"] == "given"])
            until = datetime.max.replace(tzinfo=UTC) if given is None else occurred(given)
            more = later if given is None else later[: later.index(given)]
            rows += _followed(desk, [no, *more], until)
    return sorted(rows, key=lambda row: (row["withdrawal"], naive.instant(row["at"]), row["position"] or 0))


def _begins(no: Fact, before: list[Fact]) -> bool:
    """Whether it takes a consent back, or is the first that is heard of one: no second no on top of another."""
    decision, said = no["data"]["decision"], [one["data"]["decision"] for one in before]
    if decision == "given":
        return False
    if "given" in said:
        return bool(said[-1] == "given")
    return decision == "withdrawn" and "withdrawn" not in said


def _followed(desk: Desk, noes: list[Fact], until: datetime) -> list[Row]:
    no = noes[0]
    data = no["data"]
    base = {
        "withdrawal": no["position"],
        "withdrawn_at": stamp(no)["occurred_at"],
        "withdrawal_recorded_at": stamp(no)["recorded_at"],
        **{name: data[name] for name in (*PERSON, "decision")},
    }
    rows = []
    for one in desk.standing("InformationShared"):
        if same(one, no, *PERSON[:3]) and occurred(no) <= occurred(one) < until:
            known = [each for each in noes if max(occurred(each), recorded(each)) <= occurred(one)]
            knew = any(each["position"] < one["position"] for each in known)
            how = {"what": "shared", "at": stamp(one)["occurred_at"], "knew": knew, "position": one["position"]}
            rows.append({**base, **how, "basis": one["data"]["basis"], "practitioner": who(one)["practitioner"]})
    for look in desk.seen():
        seen_at = naive.instant(look["at"])
        theirs = (look["subject"], look["employer"]) == (data["case"], data["recipient"])
        if theirs and occurred(no) <= seen_at < until:
            knew = any(max(occurred(each), recorded(each)) <= seen_at for each in noes)
            how = {"what": "read", "at": naive.shown(seen_at), "knew": knew, "position": None, "basis": None}
            rows.append({**base, **how, "practitioner": look["practitioner"]})
    return rows
