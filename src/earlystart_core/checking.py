"""Checking what callers give besides commands: ids, and who they say they are."""

import re

from earlystart_core.entry import Practitioner
from earlystart_core.errors import Invalid
from earlystart_core.types import SLUG, SLUG_KINDS, ULID, ULID_KINDS, form_of

_BODY = {**dict.fromkeys(ULID_KINDS, ULID), **dict.fromkeys(SLUG_KINDS, SLUG)}
NOBODY = ("practitioner:unknown", "practitioner:import")


def check_id(kind: str, value: str | None, *, field: str | None = None) -> None:
    """Raises Invalid unless the value is an id of that kind, or None; names `field`, or else the kind."""
    if value is None or (isinstance(value, str) and re.fullmatch(rf"{kind}:(?:{_BODY[kind]})", value)):
        return
    raise Invalid(field or kind, f"{form_of(f'{kind}:')}, got {str(value)[:40]!r}")


def check_subject(subject: str) -> None:
    """Raises Invalid unless it is a case or person id."""
    kind = subject.partition(":")[0] if isinstance(subject, str) else ""
    if kind not in ("case", "person"):
        raise Invalid("subject", f"expected a case: or person: id, got {str(subject)[:40]!r}")
    check_id(kind, subject, field="subject")


def check_practitioner(by: Practitioner) -> None:
    """Raises Invalid unless it is a practitioner, in a role, for an employer."""
    if not isinstance(by, Practitioner):
        raise Invalid("by", f"expected a Practitioner, got {type(by).__name__}")
    if by.practitioner not in NOBODY:
        check_id("practitioner", by.practitioner, field="by.practitioner")
    check_id("org", by.employer, field="by.employer")
    check_role("by.role", by.role)


def check_role(field: str, role: str) -> None:
    """Raises Invalid unless it is a short label."""
    if not isinstance(role, str) or not re.fullmatch(r"[ -~]{1,60}", role):
        raise Invalid(field, "expected a role of 1 to 60 printable ASCII characters")
