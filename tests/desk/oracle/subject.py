"""Everything held on a subject, and what must not be shown of it: question 16."""

from collections.abc import Callable, Iterator
from typing import Any

from .desk import Desk, Fact, Row, cases, occurred, stamp

TAKEN_OUT = ("case:", "family:", "person:", "hold:")
HOLDS = ("LegalHoldPlaced", "LegalHoldLifted")
OF_A_HOLD = "(about the order)"
NOT_TOLD = "(not told to the family)"


def held(desk: Desk, *, subject: str, behind: tuple[str, ...] = ()) -> list[Row]:
    """16. Every entry about the subject; what is to be shown of its fields is judged by `leaks`."""
    tags, struck = {subject, *behind}, desk.struck
    found = [one for one in desk.told if tags & set(one["tags"])]
    return [
        {**stamp(one), "type": one["type"], "struck": one["position"] in struck}
        for one in sorted(found, key=lambda one: (occurred(one), one["position"]))
    ]


def own(desk: Desk, subject: str, behind: tuple[str, ...] = ()) -> set[str]:
    """The subject's own ids: a case with its families, a person with the cases that an entry names with it alone."""
    found = {subject, *behind}
    for one in desk.told:
        for each in (subject, *behind):
            if each in one["tags"]:
                found |= {tag for tag in one["tags"] if tag.startswith("family:")}
                if each.startswith("person:") and len(cases(one)) == 1:
                    found |= {*cases(one)}
    return found


def leaks(desk: Desk, rows: list[Row], mine: set[str], sealed: Callable[[Fact], list[str]]) -> Iterator[str]:
    """What a redacted answer shows and must not, or takes out and must not. sealed: an entry's fields of that kind."""
    names: dict[str, str] = {}
    others = {tag for entry in desk.entries for tag in entry["tags"] if tag.startswith(TAKEN_OUT)} - mine
    for row in rows:
        one = desk.entries[row["position"] - 1]
        for name, value in one["data"].items():
            shown = row["fields"].get(name)
            if name in sealed(one):
                yield from _text(desk, one, name, shown, mine) if value is not None else ()
            elif one["type"] in HOLDS and name == "authority":
                if shown != OF_A_HOLD:
                    yield f"{one['position']} {name}: who ordered it"
            elif one["type"] == "SupportRequested" and name == "source":
                if shown != "(who asked)":
                    yield f"{one['position']} {name}: who asked"
            else:
                yield from _ids(one, name, (value, shown), mine, names)
        yield from (f"{one['position']}: {other} in it" for other in others if other in str(row["fields"]))
    if len({*names.values()}) != len(names):
        yield "two people under one name"


def _text(desk: Desk, one: Fact, name: str, shown: Any, mine: set[str]) -> Iterator[str]:
    if any(tag.startswith("hold:") for tag in one["tags"]):
        if shown != OF_A_HOLD:
            yield f"{one['position']} {name}: text about a hold"
        return
    about = [tag for tag in one["tags"] if tag.startswith("person:")][:1] or cases(one)
    if (shown == "(about someone else)") == (set(about) <= mine):
        yield f"{one['position']} {name}: text of {about} shown as {str(shown)[:30]}"
    if set(about) <= mine and (shown == NOT_TOLD) != _is_untold(desk, one):
        yield f"{one['position']} {name}: what the family was or was not told, shown as {str(shown)[:30]}"


def _is_untold(desk: Desk, one: Fact) -> bool:
    """Whether it is an override that the family was not told of, or a mark on one, or on such a mark."""
    while one["type"] == "MarkedInError":
        one = desk.entries[one["data"]["target"] - 1]
    return one["type"] == "SharingOverridden" and not one["data"]["family_told"]


def _ids(one: Fact, name: str, pair: tuple[Any, Any], mine: set[str], names: dict[str, str]) -> Iterator[str]:
    for each, said in zip(*(side if isinstance(side, list) else [side] for side in pair), strict=True):
        other = isinstance(each, str) and each.startswith(TAKEN_OUT) and each not in mine
        if other and (said == each or names.setdefault(each, said) != said):
            yield f"{one['position']} {name}: {each} shown as {said}"
        if not other and said != each:
            yield f"{one['position']} {name}: {each!r} taken out"
