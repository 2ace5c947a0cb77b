"""Names that stand in the access log: whoever reads them years later sees every character."""

import unicodedata
from itertools import chain

LONGEST = 100  # characters
_UNSEEN = frozenset(  # printable by their category, and yet nothing is seen of them
    chain(
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
    )
)


def check_readable(field: str, given: object) -> str:
    """The text itself.

    Raises:
        ValueError: it is no text of 1 to 100 characters, or one of them cannot be seen; the sentence names the field.
    """
    if type(given) is not str or not 1 <= len(given) <= LONGEST:  # a subclass of str may show what it does not hold
        raise ValueError(f"{field}: expected text of 1 to {LONGEST} characters")
    seen = given.isprintable() and given == given.strip() and _UNSEEN.isdisjoint(map(ord, given))
    if not seen or unicodedata.category(given[0]).startswith("M"):  # a mark alone stands on what is before it
        raise ValueError(f"{field}: expected characters that can be seen, without blanks at either end")
    return given
