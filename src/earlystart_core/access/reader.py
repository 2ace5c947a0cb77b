"""A reader: who asks, in which role, for whom, and why. All of it is the caller's word: here nobody logs in."""

import re

import msgspec

from earlystart_core.access.roles import GROUPS, PURPOSES, group_of
from earlystart_core.checking import check_id, check_role
from earlystart_core.entry import Practitioner
from earlystart_core.errors import Invalid, shown
from earlystart_core.types import clean_text

GLASS = r"glass:[0-7][0-9A-HJKMNP-TV-Z]{25}"


class Reader(msgspec.Struct, frozen=True):
    """practitioner: a `practitioner:` id of one person. role: a short label. employer: an `org:` id.

    purpose: of use, such as `direct_care`; for a reader outside exactly the purpose that the family consented to.
    team: the `team:` that the reader works in. own: cases of the reader's own family, as declared.
    break_glass: the id of a glass that the reader broke.
    """

    practitioner: str
    role: str
    employer: str
    purpose: str
    team: str | None = None
    own: tuple[str, ...] = ()
    break_glass: str | None = None

    @property
    def by(self) -> Practitioner:
        return Practitioner(self.practitioner, self.role, self.employer)


def check_reader(reader: Reader) -> None:
    """Raises Invalid, naming the field, unless every part of the reader has its form."""
    if not isinstance(reader, Reader):
        raise Invalid("reader", f"expected a Reader, got {type(reader).__name__}")
    check_id("practitioner", reader.practitioner, field="reader.practitioner", needed=True)
    check_role("reader.role", reader.role)
    check_id("org", reader.employer, field="reader.employer", needed=True)
    check_id("team", reader.team, field="reader.team")
    if not isinstance(reader.own, tuple):
        raise Invalid("reader.own", f"expected a tuple of case ids, got {type(reader.own).__name__}")
    for case in reader.own:
        check_id("case", case, field="reader.own", needed=True)
    _check_purpose(reader.purpose)
    if reader.break_glass is not None:
        check_glass(reader.break_glass, field="reader.break_glass")


def check_known(reader: Reader) -> None:
    """Looks whether the access policy that comes along knows the role and the purpose; of a reader who has its form.

    For a question about someone, where a no by a slip of the pen would look like an answer. Someone outside may come
    for any purpose: it is what a family consents to.

    Raises:
        Invalid: it does not know one of them; the sentence names those that it knows.
    """
    group = group_of(reader.role)
    if group is None:
        roles = ", ".join(sorted(role for roles in GROUPS.values() for role in roles))
        raise Invalid("reader.role", f"expected one of {roles}, got {reader.role!r}")
    if group != "outside" and reader.purpose not in PURPOSES:
        purposes = ", ".join(sorted(PURPOSES))
        raise Invalid("reader.purpose", f"expected one of {purposes}, got {reader.purpose[:40]!r}")


def check_glass(glass: str, *, field: str = "break_glass") -> None:
    """Raises Invalid unless it is the id of a glass."""
    if not isinstance(glass, str) or not re.fullmatch(GLASS, glass):
        raise Invalid(
            field,
            f"expected glass: and 26 characters, such as glass:01JH0000000000000000000000, got {shown(glass)}",
        )


def _check_purpose(purpose: str) -> None:
    try:
        if isinstance(purpose, str) and 1 <= len(purpose) <= 200 and clean_text(purpose) == purpose:
            return
    except ValueError:
        pass
    raise Invalid("reader.purpose", "expected a purpose of 1 to 200 plain characters, such as direct_care")
