"""What rested on a mistake, and whom it exposed: questions 9 and 10."""

from collections.abc import Iterator
from datetime import datetime

import naive
import naive_diff

from .desk import Desk, Fact, Row, cases, occurred, recorded, stamp, who


def relied(desk: Desk, *, case: str | None = None) -> list[Row]:
    """9. Each decision with what it rested on that stood when it was recorded, and is struck now."""
    struck = desk.struck
    rows = []
    for decision in desk.told:
        if decision["type"] not in naive_diff.RESTS_ON or case not in (None, decision["data"]["case"]):
            continue
        stood = naive_diff.struck(desk.entries, decision["position"] - 1)
        rested = [
            fact["position"]
            for fact in (desk.entries[position - 1] for position in sorted(struck - stood))
            if fact["position"] < decision["position"]
            and fact["type"] != "MarkedInError"
            and naive_diff.rests_on(decision, fact)
        ]
        if rested:
            about = {"type": decision["type"], "case": decision["data"]["case"], **who(decision)}
            about["struck"] = decision["position"] in struck
            rows.append({**stamp(decision), **about, "relied_on": rested})
    return rows


def exposed(desk: Desk, *, case: str | None = None) -> list[Row]:
    """10. Each struck entry, each of its cases, and everyone who was told, looked or recorded while it stood."""
    struck = desk.struck
    standing = [mark for mark in naive.of(desk.read, "MarkedInError") if mark["position"] not in struck]
    rows = []
    for wrong in desk.told:
        if wrong["position"] not in struck or wrong["type"] == "MarkedInError":
            continue
        until = min(recorded(mark) for mark in standing if mark["data"]["target"] == wrong["position"])
        for each in cases(wrong):
            if case not in (None, each):
                continue
            base = {
                "entry": wrong["position"],
                "type": wrong["type"],
                "case": each,
                "persons": [tag for tag in wrong["tags"] if tag.startswith("person:")],
                "exposed_from": stamp(wrong)["recorded_at"],
                "exposed_until": naive.shown(until),
            }
            nobody = {"how": None, "to": None, "at": None, "position": None, "struck": None}
            rows += [{**base, **one} for one in [*_exposed_to(desk, wrong, each, until)] or [nobody]]
    return rows


def _exposed_to(desk: Desk, wrong: Fact, case: str, until: datetime) -> Iterator[Row]:
    struck = desk.struck
    after = [one for one in desk.told if case in one["tags"] and one["position"] > wrong["position"]]
    for one in naive.of(after, "InformationShared"):
        if recorded(wrong) <= occurred(one) < until:
            how = {"how": "shared", "to": one["data"]["recipient"], "at": stamp(one)["occurred_at"]}
            yield {**how, "position": one["position"], "struck": one["position"] in struck}
    for look in desk.seen():
        if look["subject"] == case and recorded(wrong) <= naive.instant(look["at"]) < until:
            at = naive.shown(naive.instant(look["at"]))
            yield {"how": "looked", "to": look["practitioner"], "at": at, "position": None, "struck": None}
    met = {who(wrong)["practitioner"], None}
    for one in after:
        if who(one)["practitioner"] not in met and recorded(wrong) <= recorded(one) < until:
            met.add(who(one)["practitioner"])
            how = {"how": "recorded", "to": who(one)["practitioner"], "at": stamp(one)["recorded_at"]}
            yield {**how, "position": one["position"], "struck": one["position"] in struck}
