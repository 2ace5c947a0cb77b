"""The proof of a single entry (C2SP tlog-proof): a file that shows one entry of a log and nothing of any other.

Its `extra` line carries the entry's canonical bytes, so the file and the log's key are all that it takes.
"""

import msgspec

from earlystart_core.entry import leaf_of
from earlystart_core.errors import Invalid
from earlystart_core.proof.checkpoint import Checkpoint, checkpoint_in
from earlystart_core.proof.hashing import HASH
from earlystart_core.proof.keys import Vkey
from earlystart_core.proof.paths import check_inclusion
from earlystart_core.proof.strict import bytes_in, check_carried, in_base64, number_in

FIELD = "proof"
HEAD = "c2sp.org/tlog-proof@v1"
MOST = 32 * 2**20  # bytes: an entry may be large
LONGEST = 63  # hashes of a path


class Single(msgspec.Struct, frozen=True):
    """One entry, its path, and the checkpoint that the path leads to."""

    extra: bytes | None  # canonical bytes
    index: int  # position - 1
    path: tuple[bytes, ...]
    checkpoint: Checkpoint

    def __str__(self) -> str:
        extra = [] if self.extra is None else [f"extra {in_base64(self.extra)}"]
        lines = [HEAD, *extra, f"index {self.index}", *map(in_base64, self.path), ""]
        return "\n".join(lines) + f"\n{self.checkpoint}"

    def check(self, vkey: Vkey, canonical: bytes | None = None) -> bytes:
        """The canonical bytes of the entry, where the log signed a tree that holds it at this index.

        With a witness's key: where that witness saw such a tree, of whichever log; `checkpoint.origin` says which.

        canonical: the entry, for a file that does not carry it, or to hold against the one that it carries.

        Raises:
            Invalid: the entry is nowhere, or an argument is of another kind.
            Tampered: the signature or the path does not hold, or it is of another entry or another log.
        """
        entry = self.extra if canonical is None else canonical
        if entry is None:
            raise Invalid(FIELD, "expected the entry in its extra line, or beside it, got neither")
        if not isinstance(entry, bytes):
            raise Invalid("canonical", f"expected bytes, got {type(entry).__name__}")
        self.checkpoint.check(vkey)
        check_inclusion(self.index, self.checkpoint.size, leaf_of(entry), self.path, self.checkpoint.root)
        return entry


def single_in(given: bytes) -> Single:
    """The proof that those bytes are.

    Raises:
        Invalid: they are none; the sentence says where.
    """
    if len(given) > MOST:
        raise Invalid(FIELD, f"expected at most {MOST:,} bytes, got {len(given):,}")
    check_carried(FIELD, given)
    above, blank, note = given.partition(b"\n\n")
    if not blank:
        raise Invalid(FIELD, "expected a blank line before its checkpoint, got none")
    if not above.isascii():
        raise Invalid(FIELD, "expected ASCII before its checkpoint, got other bytes")
    lines = above.decode().split("\n")
    if lines.pop(0) != HEAD:
        raise Invalid(FIELD, f"expected {HEAD} as its first line, got another")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = bytes_in(FIELD, "extra data", lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise Invalid(FIELD, "expected a line with its index, got none")
    index = number_in(FIELD, "index", lines.pop(0).removeprefix("index "))
    if len(lines) > LONGEST:
        raise Invalid(FIELD, f"expected at most {LONGEST} hashes, got {len(lines)}")
    return Single(extra, index, tuple(bytes_in(FIELD, "hash", line, HASH) for line in lines), checkpoint_in(note))
