"""Counts as people say them: one entry, two entries."""


def counted(count: int, one: str, more: str | None = None) -> str:
    """The count and what is counted: `1 entry`, `2,000 entries`. more: a plural that is not made by an s."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


def entries(count: int) -> str:
    """So many entries."""
    return counted(count, "entry", "entries")
