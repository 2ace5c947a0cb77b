"""What a question is asked of: an export, who looked, two clocks; and the small words of the other modules."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import naive
import naive_diff

Fact = dict[str, Any]
Row = dict[str, Any]
BEFORE_ALL = "1800-01-01T00:00:00Z"


class Desk(NamedTuple):
    """`entries`: the parsed lines of `log export`. `looks`: the rows of `audit access`."""

    entries: list[Fact]
    looks: list[Row] = []  # noqa: RUF012 - nobody adds to it
    known: int | str | None = None
    effective: str | None = None

    @property
    def head(self) -> int:
        return naive.position_of(self.entries, self.known)

    @property
    def read(self) -> list[Fact]:
        """What is known."""
        return self.entries[: self.head]

    @property
    def told(self) -> list[Fact]:
        """What is known and had happened by the effective clock, struck entries too, by position."""
        return [one for one in self.read if happened(one, self.effective)]

    @property
    def struck(self) -> set[int]:
        """Marks are cut by what is known alone (contract 2.2)."""
        return naive_diff.struck(self.entries, self.head)

    def standing(self, *types: str) -> list[Fact]:
        """What counts, in effective order."""
        return naive.of(naive.standing(self.entries, self.head, self.effective), *types)

    def looked(self) -> list[Row]:
        """Who looked by the moment that is asked for: of a position, that of its recording."""
        until = None if self.known is None else moment_of(self.entries, self.known)
        return [
            look
            for look in self.looks
            if all(each is None or naive.within(naive.instant(look["at"]), each) for each in (until, self.effective))
        ]

    def seen(self) -> list[Row]:
        """The looks by which something was shown."""
        return [look for look in self.looked() if look["result"] == "permitted" and look["rings"]]

    def then(self, at: int | str) -> "Desk":
        """Both clocks at that moment, and neither later than what is asked for."""
        known = min(naive.position_of(self.entries, at), self.head)
        return self._replace(known=known, effective=earlier(moment_of(self.entries, at), self.effective))

    def view(self, name: str) -> list[Row]:
        """The rows of a view at these clocks."""
        return naive.answer(name, self.entries, self.head, self.effective)


def moment_of(entries: list[Fact], at: int | str) -> str:
    """The moment that is meant: of a position that of its recording."""
    if not str(at).isdigit():
        return str(at)
    return str(entries[int(at) - 1]["recorded_at"]) if int(at) else BEFORE_ALL


def happened(one: Fact, until: str | None) -> bool:
    return until is None or bool(naive.within(naive.instant(one["occurred_at"]), until))


def recorded(one: Fact) -> datetime:
    at: datetime = naive.instant(one["recorded_at"])
    return at


def occurred(one: Fact) -> datetime:
    at: datetime = naive.instant(one["occurred_at"])
    return at


def last_instant(until: str) -> datetime:
    """The instant itself, or the last of a London day."""
    if len(until) > len("2026-01-01"):
        at: datetime = naive.instant(until)
        return at
    after = date.fromisoformat(until) + timedelta(days=1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=naive.LONDON).astimezone(UTC)
    return midnight - timedelta(microseconds=1)


def earlier(one: str, other: str | None) -> str:
    """The earlier of two moments, as an instant."""
    return str(naive.shown(min(last_instant(each) for each in (one, other) if each is not None)))


def begun(took: timedelta) -> int:
    """In hours that have begun."""
    whole = took // timedelta(hours=1)
    return whole if whole * timedelta(hours=1) == took else whole + 1


def cases(one: Fact) -> list[str]:
    return [tag for tag in one["tags"] if tag.startswith("case:")]


def stamp(one: Fact) -> Row:
    """An entry's place on the two clocks."""
    return {
        "position": one["position"],
        "occurred_at": naive.shown(occurred(one)),
        "recorded_at": naive.shown(recorded(one)),
    }


def who(one: Fact) -> Row:
    by = one["recorded_by"] or {}
    return {name: by.get(name) for name in ("practitioner", "role", "employer")}


def same(one: Fact, other: Fact, *names: str) -> bool:
    return all(one["data"][name] == other["data"][name] for name in names)


def picked(one: Fact, case: str | None, recipient: str | None) -> bool:
    """Whether an entry is about the case and the recipient that were named."""
    return case in (None, one["data"]["case"]) and recipient in (None, one["data"]["recipient"])
