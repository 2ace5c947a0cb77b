"""An export of the log, read back: one entry a line, its canonical bytes, with its leaf or without.

With leaves a changed line is named; without them only the root tells.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from earlystart_core.proof.entries import Doubt, Rows

AT_ONCE = 4_096  # lines
_CUT, _AFTER, _LEAF = b'"data":', b',"occurred_at":', b',"leaf":"'
_LEAF_LENGTH = len(_LEAF) + 64 + 1


def rows_of(lines: Iterable[bytes], last: int) -> Iterator[Rows]:
    """The entries of those lines, each with its line feed; `last`: the position before the first."""
    left = iter(lines)
    while some := list(islice(left, AT_ONCE)):
        rows = _rows(some, last)
        last = rows.positions[-1]
        yield rows


def _rows(lines: list[bytes], last: int) -> Rows:
    frames: list[bytes] = []
    data: list[bytes] = []
    leaves: list[bytes | None] = []
    positions: list[int] = []
    doubts: list[Doubt] = []
    for line in lines:
        cut = line.find(_CUT) + len(_CUT)
        after = line.rfind(_AFTER)
        body, leaf = line[cut:after], None
        if body[-_LEAF_LENGTH:].startswith(_LEAF):
            leaf = _leaf_in(body[-_LEAF_LENGTH + len(_LEAF) : -1])
            body = body[:-_LEAF_LENGTH]
            if leaf is None:
                doubts.append(Doubt(last + 1, "its leaf is no hash: expected 64 digits of lower-case hex"))
        if cut < len(_CUT) or after < cut:
            frame, body = b"", line
        else:
            frame = line[:cut] + line[after:].removesuffix(b"\n")
        last = _position(frame, last + 1)
        if not line.endswith(b"\n"):
            doubts.append(Doubt(last, "its line is cut off: expected a line feed at the end of the export"))
        frames.append(frame)
        data.append(body)
        leaves.append(leaf)
        positions.append(last)
    return Rows(positions, frames, data, leaves, None, doubts)


def _position(frame: bytes, otherwise: int) -> int:
    """The position that the frame says, the one that is next where it says none."""
    at = frame.rfind(b',"position":')
    end = frame.find(b",", at + 12)
    text = frame[at + 12 : end] if at >= 0 else b""
    return int(text) if text.isdigit() and len(text) < 19 else otherwise


def _leaf_in(text: bytes) -> bytes | None:
    try:
        found = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None
    return found if found.hex().encode() == text else None
