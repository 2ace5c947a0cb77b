"""Names in the access log: whoever reads them years later must see every character."""

import unicodedata

from earlystart_core.visible import is_hidden

LONGEST = 100  # characters


def check_visible(field: str, given: object) -> str:
    """The text itself.

    Raises:
        ValueError: it is no text of 1 to 100 characters, or one of them cannot be seen; the sentence names the field.
    """
    if type(given) is not str or not 1 <= len(given) <= LONGEST:  # a subclass of str may show what it does not hold
        raise ValueError(f"{field}: expected text of 1 to {LONGEST} characters")
    is_mark = unicodedata.category(given[0]).startswith("M")  # alone it stands on what is before it
    if is_mark or given != given.strip() or any(map(is_hidden, given)):
        raise ValueError(f"{field}: expected characters that can be seen, without blanks at either end")
    return given
