"""A wrong call in this library's own words: what was expected, what came."""

import re
from typing import Any


def sentence_of(error: Any) -> str:
    """What Typer found wrong with a call; of the value of an option, as every other value is told.

    Typer checks values by pydantic, whose words are for programmers; where another version does not, its own stand.
    """
    text = str(error.format_message()).rstrip(".")
    named = re.match(r"Invalid value for '([^']+)': ", text)
    faults = getattr(error.__context__, "errors", None)
    if named is None or faults is None:
        return text
    fault = faults()[0]
    kind, bounds, given = fault["type"], fault.get("ctx", {}), str(fault["input"])[:40]
    one_of = re.search(r" is not one of (.+?)\.?$", fault["msg"])
    if kind.startswith("int_"):
        expected = "a whole number"
    elif "ge" in bounds:
        expected = f"{bounds['ge']:,} or more"
    elif "le" in bounds:
        expected = f"at most {bounds['le']:,}"
    elif one_of:
        expected = f"one of {one_of[1]}".replace("'", "")
    else:
        return text
    return f"{named[1]}: expected {expected}, got {given!r}"
