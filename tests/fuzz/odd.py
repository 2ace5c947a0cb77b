"""Arguments for the fuzzers: right ones by the name of their parameter, and odd ones of every kind, from one seed."""

import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from earlystart_core import Practitioner, Reader

B32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KINDS = ("case", "family", "person", "request", "package", "contact", "meeting", "agreement", "practitioner", "glass")
SLUGS = {
    "team": ("team:armley", "team:otley"),
    "org": ("org:lch", "org:council", "org:little-owls"),
    "hold": ("hold:inquiry-7",),
    "centre": ("centre:bramley",),
}
ENDS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udcff",
    "\n",
    "\r\n",
    "\t",
    "\u202e",
    "\u200b",
    "e\u0301",
    "\ufeff",
    "\u2028",
    "İ",
    "ß" * 300,
    "🧒" * 70,
    "x" * 100_000,
    "'; DROP TABLE entry; --",
    "%s%d%n",
    "{0.__class__}",
    "[red]x[/red]",
    "\x1b[31m",
    "../../etc/passwd",
    "NaN",
    "null",
    "1e999",
    "-0",
    "９",
    "²",
    "0x10",
    "1_000",
    "9" * 5_000,
    "case:",
    "case:01JH0000000000000000000000\n",
    "CASE:01JH0000000000000000000000",
    "case:81JH0000000000000000000000",
    "team:",
    "team:a b",
    "2026-02-30",
    "2026-13-01",
    "0000-01-01",
    "9999-12-31",
    "10000-01-01",
    "2026-01-01T00:00:00",
    "2026-10-25T01:30:00+01:00",
    "2026-01-01T24:00:00Z",
    "2026-06-30T23:59:60Z",
    "9999-12-31T23:59:59.999999-12:00",
    "0001-01-01T00:00:00+14:00",
    "2026-01-01T00:00:00.1234567Z",
)


class Text(str):
    """Text of a class of its own."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        raise OSError("no format")


class Whole(int):
    """A number of a class of its own."""


class Stamp(datetime):
    """An instant of a class of its own."""


class Zone(tzinfo):
    """A zone that says odd things."""

    def __init__(self, offset: object) -> None:
        self.offset = offset

    def utcoffset(self, _: datetime | None) -> Any:
        if isinstance(self.offset, BaseException):
            raise self.offset
        return self.offset


class Hostile:
    """Fails whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__len__", "__iter__"):
            return object.__getattribute__(self, name)
        raise ValueError("no attribute")

    def __repr__(self) -> NoReturn:
        raise ValueError("no repr")

    __str__ = __repr__
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, _: object) -> NoReturn:
        raise ValueError("no comparison")

    def __bool__(self) -> NoReturn:
        raise ValueError("no truth")

    def __len__(self) -> NoReturn:
        raise ValueError("no length")

    def __iter__(self) -> NoReturn:
        raise ValueError("nothing to go through")


class Keys(Mapping[str, Any]):
    """A mapping that lies about its length."""

    def __getitem__(self, key: str) -> Any:
        return key

    def __iter__(self) -> Iterator[str]:
        yield "case"

    def __len__(self) -> int:
        return 10**9


class Colour(Enum):
    """No code of ours."""

    RED = "red"


class Reason(StrEnum):
    """A text that is a code as well."""

    BIRTH = "birth"


def ulid(random: Random) -> str:
    """The 26 characters of an id."""
    return random.choice("01234567") + "".join(random.choices(B32, k=25))


class Odd:
    """Odd values, and ids that were used before."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ids: dict[str, list[str]] = {kind: [] for kind in KINDS}

    def id(self, kind: str) -> str:
        """An id of that kind: mostly one that was used before."""
        if kind in SLUGS:
            return self.random.choice(SLUGS[kind])
        known = self.ids[kind]
        if known and self.random.random() < 0.85:
            return self.random.choice(known)
        known.append(f"{kind}:{ulid(self.random)}")
        del known[:-30]
        return known[-1]

    def instant(self) -> datetime:
        """An aware instant within the years of a record."""
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=self.random.randrange(-2_000_000, 500_000))
        zones = (UTC, ZoneInfo("Europe/London"), timezone(timedelta(hours=13, minutes=45)))
        return at.astimezone(self.random.choice(zones))

    def day(self) -> date:
        return self.instant().date()

    def someone(self) -> Practitioner:
        """Who records."""
        return Practitioner(self.id("practitioner"), "health_visitor", self.id("org"))

    def reader(self) -> Reader:
        """Who asks."""
        role = self.random.choice(
            ("health_visitor", "team_lead", "information_governance", "nursery_worker", "administrator")
        )
        purpose = self.random.choice(("direct_care", "safeguarding", "audit", "nursery_place", "service_management"))
        glass = self.id("glass") if self.random.random() < 0.2 else None
        own = (self.id("case"),) if self.random.random() < 0.2 else ()
        return Reader(self.id("practitioner"), role, self.id("org"), purpose, self.id("team"), own, glass)

    def value(self, depth: int = 0) -> Any:
        """Anything at all."""
        random = self.random
        match random.randrange(30 if depth < 3 else 24):
            case 0:
                return None
            case 1:
                return random.choice((True, False))
            case 2:
                return random.choice((0, -1, 1, 2**31, 2**63, -(2**63), 2**64, 10**400, Whole(3)))
            case 3:
                return random.choice((0.0, -0.0, 1.5, math.nan, math.inf, sys.float_info.max))
            case 4 | 5 | 6:
                return random.choice(TEXTS)
            case 7:
                return Text(random.choice(TEXTS))
            case 8:
                return random.choice((b"", b"\xff", b"case", bytearray(b"x"), memoryview(b"y"), b"\x00" * 70_000))
            case 9:
                return random.choice((date.min, date.max, self.day()))
            case 10:
                return random.choice((*ENDS, self.instant())).replace(tzinfo=None)
            case 11:
                return random.choice(ENDS).replace(tzinfo=random.choice((UTC, Zone(None))))
            case 12:
                lies = (None, timedelta(hours=30), timedelta(seconds=1), 7, ValueError("no offset"))
                return self.instant().replace(tzinfo=Zone(random.choice(lies)))
            case 13:
                return Stamp(2026, 1, 1, tzinfo=UTC)
            case 14:
                return random.choice((Decimal("NaN"), Decimal("1.0"), Fraction(1, 3), 1j, timedelta(1), time(1)))
            case 15:
                return random.choice((Colour.RED, Reason.BIRTH, Path("x"), ..., NotImplemented, object(), Hostile()))
            case 16:
                return random.choice((len, int, str, Exception, type, print, lambda *_: None, self, sys))
            case 17:
                return self.id(random.choice((*KINDS, *SLUGS)))
            case 18:
                return self.instant()
            case 19:
                return self.someone()
            case 20:
                return self.reader()
            case 21:
                return Practitioner(self.value(4), self.value(4), self.value(4))
            case 22:
                return Reader(*(self.value(4) for _ in range(random.randrange(4, 8))))
            case 23:
                return iter(())
            case 24:
                return [self.value(depth + 1) for _ in range(random.randrange(4))]
            case 25:
                return tuple(self.value(depth + 1) for _ in range(random.randrange(4)))
            case 26:
                return {random.choice(TEXTS): self.value(depth + 1)}
            case 27:
                return Keys()
            case 28:
                loop: list[Any] = []
                loop.append(loop)
                return loop
            case _:
                with suppress(TypeError, ValueError):
                    return frozenset({self.value(depth + 1)})
                return set()
