"""Fresh ids: 48 bits of milliseconds and 80 bits of chance, in Crockford base32 (ULID), without personal data."""

from datetime import datetime

from earlystart_core.entry import micros
from earlystart_core.privacy.keys import Chance

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(now: datetime, chance: Chance) -> str:
    """26 characters that sort by the millisecond of `now`."""
    number = (max(micros(now), 0) // 1000) << 80 | int.from_bytes(chance(10))
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def new_id(kind: str, now: datetime, chance: Chance) -> str:
    """A fresh id of that kind: `case:` and 26 characters."""
    return f"{kind}:{ulid(now, chance)}"
