"""Checkpoints (C2SP tlog-checkpoint): which log, how many entries, which root. What a log signs and others keep."""

import msgspec

from earlystart_core.errors import Invalid
from earlystart_core.proof.hashing import EMPTY, HASH
from earlystart_core.proof.keys import Signer
from earlystart_core.proof.notes import Note, note_in
from earlystart_core.proof.strict import bytes_in, in_base64, number_in

FIELD = "checkpoint"


class Checkpoint(msgspec.Struct, frozen=True):
    """A tree of one log at one size, as a note says it."""

    origin: str  # which log
    size: int  # entries
    root: bytes  # 32 bytes
    note: Note  # what was signed, and by whom: not believed before `note.check`

    def __str__(self) -> str:
        return str(self.note)


def body_of(origin: str, size: int, root: bytes) -> str:
    """The text that is signed."""
    return f"{origin}\n{size}\n{in_base64(root)}\n"


def signed(signer: Signer, size: int, root: bytes) -> Checkpoint:
    """The checkpoint of the log that has the signer's name."""
    return Checkpoint(signer.name, size, root, Note(body_of(signer.name, size, root), ()).signed_by(signer))


def checkpoint_in(given: bytes) -> Checkpoint:
    """The checkpoint that those bytes are. Lines after the root are kept, and mean nothing here.

    Raises:
        Invalid: they are none; the sentence says where.
    """
    note = note_in(given, FIELD)
    lines = note.text.split("\n")[:-1]
    if len(lines) < 3:
        raise Invalid(FIELD, f"expected three lines, its origin, size and root, got {len(lines)}")
    origin, size_text, root_text, *more = lines
    if not origin:
        raise Invalid(FIELD, "expected an origin on its first line, got none")
    if not all(more):
        raise Invalid(FIELD, "expected no blank line between its text and its signatures' blank line, got one")
    size = number_in(FIELD, "size", size_text)
    root = bytes_in(FIELD, "root", root_text, HASH)
    if size == 0 and root != EMPTY:
        raise Invalid(FIELD, "expected the root of an empty log at size 0, got another")
    return Checkpoint(origin, size, root, note)
