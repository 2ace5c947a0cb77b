"""Whether an index of tags says what the entries say, by sums that are the same only where the tags are.

A tag, and a type and version, stand for a number: Python's own hash of text, SipHash under a key that each process
draws when it starts, so nobody can have prepared an index for it (unless PYTHONHASHSEED gives the key). A row of an
index, a tag and the type of its entry, stands for the sum of the two, an entry for the sum of its rows. A wrong,
missing or added row changes that but for one chance in 2^64. Sums of two processes agree only where they share a key:
where both were forked from one.
"""

from collections.abc import Iterable

from earlystart_core.proof.entries import Frame, Shape

_MASK = 2**64 - 1


def number_of_shape(shape: Shape) -> int:
    """The number of a type and version, a signed one of 64 bits; that of a tag is its `hash`."""
    return hash(f"{shape[1]}\x00{shape[0]}")  # no tag holds a NUL


def sums(frames: Iterable[Frame | None]) -> list[int]:
    """The sum of each entry, from 0 to 2^64 - 1; 0 where it cannot be read."""
    shapes: dict[Shape, int] = {}
    found = []
    for frame in frames:
        if frame is None:
            found.append(0)
            continue
        shape = (frame.type, frame.version)
        if shape not in shapes:
            shapes[shape] = number_of_shape(shape)
        tags = {*frame.tags}
        found.append(sum(map(hash, tags)) + len(tags) * shapes[shape] & _MASK)
    return found
