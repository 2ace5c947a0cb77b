"""The system: the one place that reads its clock, its chance, its processors, and what it hashes text with."""

import os
from datetime import UTC, datetime


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def new_stamp() -> str:
    """A text that no store has had before."""
    return os.urandom(8).hex()


def hash_key_is_given() -> bool:
    """Whether the environment says which key Python hashes text with: then others may know it."""
    return os.environ.get("PYTHONHASHSEED", "random") not in ("", "random")


_DRAWN = os.urandom(16).hex()


def hash_of_drawn(text: str) -> int:
    """The hash of a text behind another that each process draws, a signed number of 64 bits."""
    return hash(_DRAWN + text)
