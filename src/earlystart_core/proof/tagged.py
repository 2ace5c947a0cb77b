"""Whether an index of tags says what the entries say, by sums that are the same only where the tags are.

A tag, and a type and version, stand for a number: Python's own hash of text, SipHash under a key that each process
draws when it starts, so nobody can have prepared an index for it. Where PYTHONHASHSEED gives the key, four tags of the
same sum as another are found in a minute; there a store has something drawn stand before each text.

A row of an index, a tag and the type of its entry, stands for the sum of the two, an entry for the sum of its rows. A
wrong, missing or added row changes that but for one chance in 2^64. Sums of two processes agree only where they share a
key: where both were forked from one.
"""

from collections.abc import Callable, Iterable

from earlystart_core.proof.entries import Frame, Shape

_MASK = 2**64 - 1
Number = Callable[[str], int]  # of a text: a signed one of 64 bits


def number_of_shape(shape: Shape, number: Number) -> int:
    """The number of a type and version, a signed one of 64 bits."""
    return number(f"{shape[1]}\x00{shape[0]}")  # no tag holds a NUL


def commands(frames: Iterable[Frame | None], number: Number) -> list[int]:
    """The number of each entry's command_id, from 0 to 2^64 - 1; 0 where it has none, or cannot be read."""
    return [0 if frame is None or frame.command_id is None else number(frame.command_id) & _MASK for frame in frames]


def sums(frames: Iterable[Frame | None], number: Number) -> list[int]:
    """The sum of each entry, from 0 to 2^64 - 1; 0 where it cannot be read."""
    shapes: dict[Shape, int] = {}
    found = []
    for frame in frames:
        if frame is None:
            found.append(0)
            continue
        shape = (frame.type, frame.version)
        if shape not in shapes:
            shapes[shape] = number_of_shape(shape, number)
        tags = {*frame.tags}
        found.append(sum(map(number, tags)) + len(tags) * shapes[shape] & _MASK)
    return found
