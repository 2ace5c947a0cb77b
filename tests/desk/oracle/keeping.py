"""What is kept, and until when, by decision 0023: question 15."""

from collections.abc import Sequence
from datetime import date

import naive

from .desk import Desk, Fact, Row, cases

LEAP_DAY = (2, 29)


def birthday(born_on: str, years: int) -> str:
    """The day on which someone comes to that age."""
    born = date.fromisoformat(born_on)
    year = born.year + years
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if (born.month, born.day) == LEAP_DAY and not is_leap:
        return f"{year}-03-01"
    return born.replace(year=year).isoformat()


def kept_until(row: Row | None) -> tuple[str | None, str]:
    """A case's last day, from its row of `case_status`, and the rule."""
    if row is None:
        return None, "case_unknown"
    born, closed = row["born_on"], row["closed_on"]
    if closed is None:
        return None, "care_not_ended"
    if born is None:
        return birthday(closed, 25), "maternity_25"
    if closed >= birthday(born, 17):
        return max(birthday(born, 26), closed), "birthday_26"
    return birthday(born, 25), "birthday_25"


def longest(ends: list[tuple[str | None, str]]) -> tuple[str | None, str]:
    """No date where one has none, for the first reason by name; else the latest, for the last rule by name."""
    open_ = [rule for until, rule in ends if until is None]
    return (None, min(open_)) if open_ else max(ends, key=lambda end: (end[0] or "", end[1]))


def holds(desk: Desk, now: str) -> list[Fact]:
    """The placements, by whatever clock they are dated, that no lift has ended.

    A lift that has come by `now` ends what was recorded before it and is dated no later.
    """
    found = desk.standing("LegalHoldPlaced", "LegalHoldLifted")
    lifts = [one for one in found if one["type"] == "LegalHoldLifted" and one["occurred_at"] <= now]
    return [
        one
        for one in found
        if one["type"] == "LegalHoldPlaced"
        and not any(
            lift["data"]["hold"] == one["data"]["hold"]
            and lift["position"] > one["position"]
            and lift["occurred_at"] >= one["occurred_at"]
            and [lift["data"][name] for name in ("case", "person")]
            in ([None, None], [one["data"][name] for name in ("case", "person")])
            for lift in lifts
        )
    ]


def kept(desk: Desk, *, on: str, now: str, linked: Sequence[tuple[str, str]] = ()) -> list[Row]:
    """15. Holds, and persons as imports link them, as they are now, whatever the clocks; the rest at the clocks."""
    status = {row["case"]: row for row in desk.view("case_status")}
    standing = holds(Desk(desk.entries), now)
    beside: dict[str, set[str]] = {one["data"]["case"]: set() for one in naive.of(desk.read, "CaseOpened")}
    pairs = [(c, tag) for one in desk.read for c in cases(one) for tag in one["tags"] if tag.startswith("person:")]
    for case, person in [*pairs, *linked]:
        beside.setdefault(case, set()).add(person)
        beside.setdefault(person, set()).add(case)
    gone: dict[str, int] = {}
    for one in naive.of(desk.read, "SubjectErased"):
        gone |= {tag: one["position"] for tag in [one["data"]["case"], *one["data"]["persons"]] if tag}
    rows = []
    for subject in sorted(beside):
        own = [subject] if subject.startswith("case:") else sorted(beside[subject])
        until, rule = longest([kept_until(status.get(each)) for each in own])
        named = {subject, *beside[subject]}
        covering = [each for each in standing if _covers(each, named)]
        due = until is not None and until <= on and not covering and subject not in gone
        if due or covering:
            held = sorted({each["data"]["hold"] for each in covering})
            row = {"subject": subject, "kept_until": until, "rule": rule, "due": due, "holds": held}
            rows.append({**row, "erased": gone.get(subject)})
    return rows


def _covers(hold: Fact, named: set[str]) -> bool:
    ids = {hold["data"]["case"], hold["data"]["person"]} - {None}
    return not ids or bool(ids & named)
