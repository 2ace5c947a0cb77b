"""The case record under integrated early-years services: immutable facts, views rebuilt from them, two clocks."""

from earlystart_core.answer import Answer
from earlystart_core.decide import Done
from earlystart_core.entry import Practitioner
from earlystart_core.errors import (
    Conflict,
    EarlyStartError,
    Invalid,
    NotPermitted,
    Refused,
    StoreUnavailable,
    Tampered,
    Unreadable,
)
from earlystart_core.record import AsAt, Record

__all__ = [
    "Answer",
    "AsAt",
    "Conflict",
    "Done",
    "EarlyStartError",
    "Invalid",
    "NotPermitted",
    "Practitioner",
    "Record",
    "Refused",
    "StoreUnavailable",
    "Tampered",
    "Unreadable",
]
