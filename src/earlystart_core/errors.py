"""What can go wrong, as one tree: each leaf says what the caller should do about it.

Messages name the thing, what was expected and what came, and never hold the value of a personal field.
"""


def shown(value: object, most: int = 40) -> str:
    """The beginning of what a caller gave, quoted for a message; the name of its type where it has no text."""
    try:
        return repr(str.__str__(value)[:most] if isinstance(value, str) else str(value)[:most])
    except Exception:  # noqa: BLE001 - anything may be given, and a message about it must not fail
        return type(value).__name__


class EarlyStartError(Exception):
    """The root of everything this library raises on purpose. `str()` is one sentence to show."""


class Refused(EarlyStartError):
    """A rule of the service says no: show the sentence, do not retry.

    `code` is stable (`word.reason`), for programs; `message` is for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Conflict(EarlyStartError):
    """Someone else recorded a bearing fact first, on each of three tries: read again, then resend."""


class Invalid(EarlyStartError):
    """The call itself was wrong: mend the named field and resend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class NotPermitted(EarlyStartError):
    """The person asking may not do or see this: stop."""


class Unreadable(EarlyStartError):
    """Stored data has an unknown type, an unknown version or a malformed shape: stop, never skip."""


class Tampered(EarlyStartError):
    """Stored data fails its proof: stop, and tell information governance."""


class StoreUnavailable(EarlyStartError):
    """The store cannot be opened, locked or written; nothing of the call was kept: try again later."""
