"""How a name reads, whatever its spelling: for names that must not be the same one written twice.

After Unicode Technical Standard #39: letters of one script alone (section 5.2), compared by a skeleton that look-alikes
share (section 4). Its table of look-alikes is long; here are those that are left once the script is Latin.
Two names that read differently may still be one person's: that is for people to know.
"""

import unicodedata

_LATIN = {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ŧ": "t", "\u0131": "i"}
_ALIKE = (("0", "o"), ("1", "l"), ("i", "l"), ("|", "l"), ("rn", "m"), ("vv", "w"))


def skeleton(name: str) -> str:
    """Small letters of a to z and digits: equal for names that differ in case, accents, signs, gaps or look-alikes.

    Raises:
        ValueError: a letter or digit of another alphabet, or a sign that may stand for one.
    """
    kept = []
    for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold()):
        read = _LATIN.get(char, char)
        kind = unicodedata.category(char)
        is_letter = kind[0] in "LN" and kind != "Lm"  # Lm: signs such as the apostrophe of O'Brien
        if not read.isascii() and (is_letter or kind in ("Sk", "Sm", "So")):
            raise ValueError(f"expected letters of the Latin alphabet and digits, got the character U+{ord(char):04X}")
        if is_letter or char == "|":
            kept.append(read)
    found = "".join(kept)
    for seen, read in _ALIKE:
        found = found.replace(seen, read)
    return found
