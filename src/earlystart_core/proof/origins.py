"""Origins: the name of a log in its checkpoints. A store has two logs, and nobody may take one for the other.

That of an access log ends in `/access`, and that of a record's log does not. A store that signed under another name
before there was this rule goes on under it.
"""

from earlystart_core.errors import Invalid

END = "/access"


def first_origin(leaf: bytes, *, access: bool) -> str:
    """The name of a log that nobody has named, made from the leaf of its first entry."""
    return f"earlystart/{leaf[:8].hex()}{END if access else ''}"


def is_named(origin: str, *, access: bool, before: str | None = None) -> bool:
    """Whether a checkpoint of that origin may be one of such a log. before: the origin that it signed under before."""
    return origin == before or origin.endswith(END) == access


def check_origin(origin: str, *, access: bool) -> None:
    """Raises Invalid unless a log of that kind may have that name."""
    if not is_named(origin, access=access):
        ends = "ends" if access else "does not end"
        raise Invalid("origin", f"expected a name that {ends} in {END}, as an access log's does, got {origin[:60]!r}")


def kind_of_log(*, access: bool) -> str:
    """How a sentence calls such a log."""
    return "the access log" if access else "the record's log"
