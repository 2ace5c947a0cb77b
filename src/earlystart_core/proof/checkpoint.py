"""Checkpoints (C2SP tlog-checkpoint): which log, how many entries, which root. What a log signs and others keep."""

import msgspec

from earlystart_core.errors import Invalid, Tampered
from earlystart_core.proof.hashing import EMPTY, HASH
from earlystart_core.proof.keys import ED25519, Signer, Vkey
from earlystart_core.proof.notes import Note, note_in
from earlystart_core.proof.strict import bytes_in, in_base64, number_in
from earlystart_core.visible import visible

FIELD = "checkpoint"


class Checkpoint(msgspec.Struct, frozen=True):
    """A tree of one log at one size, as a note says it."""

    origin: str  # which log
    size: int  # entries
    root: bytes  # 32 bytes
    note: Note  # what was signed, with its signatures; call `check` before you rely on it

    def __str__(self) -> str:
        return str(self.note)

    def check(self, vkey: Vkey) -> None:
        """Returns where that key signed it: a log's key its own log, a witness's key whichever log it saw.

        Raises:
            Tampered: it did not, or it is of another log than the key.
        """
        self.note.check(vkey)
        if vkey.kind == ED25519 and self.origin != vkey.name:
            raise Tampered(another_log(self.origin, vkey.name))


def another_log(got: str, expected: str) -> str:
    """The sentence for a checkpoint of another log, by their origins."""
    return f"the checkpoint is of another log: expected {visible(expected)}, got {visible(got)}"


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
