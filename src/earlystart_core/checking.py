"""Checking what callers give besides commands: ids, and who they say they are."""

import re

from earlystart_core.entry import Practitioner
from earlystart_core.errors import Invalid, shown
from earlystart_core.privacy.keys import Chance
from earlystart_core.types import SLUG, SLUG_KINDS, ULID, ULID_KINDS, form_of

_BODY = {**dict.fromkeys(ULID_KINDS, ULID), **dict.fromkeys(SLUG_KINDS, SLUG)}
NOBODY = ("practitioner:unknown", "practitioner:import")


def check_id(kind: str, value: str | None, *, field: str | None = None, needed: bool = False) -> None:
    """Raises Invalid unless the value is an id of that kind; names `field`, or else the kind.

    needed: without it None is accepted too.
    """
    if (value is None and not needed) or (isinstance(value, str) and re.fullmatch(rf"{kind}:(?:{_BODY[kind]})", value)):
        return
    raise Invalid(field or kind, f"{form_of(f'{kind}:')}, got {shown(value)}")


def check_subject(subject: str) -> None:
    """Raises Invalid unless it is a case or person id."""
    kind = subject.partition(":")[0] if isinstance(subject, str) else ""
    if kind not in ("case", "person"):
        raise Invalid("subject", f"expected a case: or person: id, got {shown(subject)}")
    check_id(kind, subject, field="subject")


def check_practitioner(by: Practitioner) -> Practitioner:
    """The same practitioner with plain texts, where it is one, in a role, for an employer.

    Raises:
        Invalid: a part of it is malformed.
    """
    if not isinstance(by, Practitioner):
        raise Invalid("by", f"expected a Practitioner, got {type(by).__name__}")
    if not (isinstance(by.practitioner, str) and by.practitioner in NOBODY):
        check_id("practitioner", by.practitioner, field="by.practitioner", needed=True)
    check_id("org", by.employer, field="by.employer", needed=True)
    check_role("by.role", by.role)
    return Practitioner(plain(by.practitioner), plain(by.role), plain(by.employer))


def plain(text: str) -> str:
    """The text as a plain `str`: a member of an Enum, or a subclass, cannot be stored as it is."""
    return str.__str__(text)


def check_role(field: str, role: str) -> None:
    """Raises Invalid unless it is a short label."""
    if not isinstance(role, str) or not re.fullmatch(r"[ -~]{1,60}", role):
        raise Invalid(field, "expected a role of 1 to 60 printable ASCII characters")


def check_flag(field: str, flag: bool) -> None:
    """Raises Invalid unless it is True or False."""
    if not isinstance(flag, bool):
        raise Invalid(field, f"expected True or False, got {type(flag).__name__}")


def checked_chance(chance: Chance) -> Chance:
    """The same source of chance; what it gives is looked at each time.

    Raises:
        Invalid: it cannot be called; later, when it is: it fails, or gives anything but that many bytes.
    """
    if not callable(chance):
        raise Invalid("chance", f"expected a function that gives bytes, got {type(chance).__name__}")

    def checked(count: int) -> bytes:
        try:
            found = chance(count)
        except Exception as error:
            raise Invalid("chance", f"expected {count} bytes, got {type(error).__name__}") from error
        if not isinstance(found, bytes) or len(found) != count:
            raise Invalid("chance", f"expected {count} bytes, got {type(found).__name__} of another length or kind")
        return found

    return checked
