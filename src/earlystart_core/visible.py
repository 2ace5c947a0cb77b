"""Names as they can be compared: what prints nothing, turns the direction of text or ends a line is an escape."""

import re

# Characters that Python calls printable and that show nothing: fillers, blanks, selectors of variants.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def visible(name: str) -> str:
    r"""The name on one line; each character that cannot be seen as `\xNN`, `\uNNNN` or `\UNNNNNNNN`.

    A byte of a file's name that is no UTF-8 (Python reads it as half a surrogate pair) stands as `\xNN`.
    """
    if type(name) is str and name.isascii() and name.isprintable():  # a class of its own may say something else
        return name
    return "".join(escaped(char) if is_hidden(char) else char for char in name)


def is_hidden(char: str) -> bool:
    """Whether a character is invisible, or changes how others are shown."""
    return not char.isprintable() or _BLANK.match(char) is not None


def escaped(char: str) -> str:
    """The escape that stands for a character."""
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")
