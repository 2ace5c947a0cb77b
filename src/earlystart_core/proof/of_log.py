"""What a record can prove about its log."""

from typing import TYPE_CHECKING

from earlystart_core.counting import entries
from earlystart_core.entry import canonical, leaf_of
from earlystart_core.errors import Invalid, Tampered, shown
from earlystart_core.proof.checkpoint import Checkpoint, signed
from earlystart_core.proof.judging import given_checkpoint, verify_log
from earlystart_core.proof.keys import check_name, signer_in, vkey_in
from earlystart_core.proof.origins import check_origin, first_origin, is_named, kind_of_log
from earlystart_core.proof.paths import check_inclusion
from earlystart_core.proof.single import Single
from earlystart_core.proof.strict import bytes_of
from earlystart_core.proof.tree import Signed, Tree
from earlystart_core.readable import readable
from earlystart_core.utc import Clock, utc_clock
from earlystart_core.visible import visible

if TYPE_CHECKING:
    from earlystart_core.proof.verify import Verified

MOST_PROCESSES = 256  # that share the work of one verification


class LogProof:
    """The proof of one log: `record.proof`, and of who looked: `record.access_proof`."""

    def __init__(self, tree: Tree, clock: Clock, *, access: bool = False) -> None:
        """access: whether it is the access log, whose checkpoints have names of their own."""
        self._tree = tree
        self._clock = utc_clock(clock)
        self._access = access

    @readable()
    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` entries, 32 bytes; of all where it is left out.

        Raises:
            Invalid: the log has not that many.
        """
        if size is not None:
            _check_whole("size", size)
        return self._tree.root(size)

    @readable()
    def verify(
        self, checkpoint: Checkpoint | str | bytes | None = None, vkey: str | None = None, *, processes: int = 1
    ) -> "Verified":
        """The whole log, read and hashed again. A doubt is not raised: it is among the `doubts`.

        checkpoint: one that someone kept; without it the last that was signed here. vkey: the log's verifier key.
        processes: how many share the work, 1 to 256; with more than one, a script needs `if __name__ == "__main__"`.

        Raises:
            Invalid: the checkpoint or the vkey is malformed, or there is a vkey and no checkpoint.
        """
        key = None if vkey is None else vkey_in(bytes_of("vkey", vkey))
        _check_whole("processes", processes)
        if not 1 <= processes <= MOST_PROCESSES:
            raise Invalid("processes", f"expected 1 to {MOST_PROCESSES}, got {shown(processes)}")
        return verify_log(self._tree, given_checkpoint(checkpoint), key, processes, access=self._access)

    @readable()
    def checkpoint(self, key: bytes, origin: str | None = None) -> Checkpoint:
        """A signed checkpoint of the log as it is; `str()` gives its text. It is remembered as the last one.

        key: an Ed25519 key as PKCS#8 PEM. origin: the log's name in its checkpoints, which never changes; without it
        the one used before, at first `earlystart/` and the beginning of the first entry's leaf. That of the access log
        ends in `/access`, that of the log does not.

        Raises:
            Invalid: the key is no such key, the origin is another than before, or there is no entry yet.
            Tampered: the log does not go on from what was signed before.
            StoreUnavailable: the store takes no writing.
        """
        if origin is not None:
            check_name("origin", origin)

        def make(last: Signed | None) -> Signed:
            size = self._tree.size()
            before = None if last is None else last.checkpoint
            name = origin or (before.origin if before else first_origin(self._tree.leaves(0, 1), access=self._access))
            signer = signer_in(key, name)
            if before is None:
                check_origin(name, access=self._access)
            if size == 0:
                raise Invalid("log", "expected an entry at least, got none: there is nothing to sign yet")
            if before is not None:
                self._goes_on(before, name, size)
            return Signed(signed(signer, size, self._tree.root(size)), self._clock())

        return self._tree.sign(make).checkpoint

    @readable()
    def entry(self, position: int, checkpoint: Checkpoint | str | bytes | None = None) -> Single:
        """The proof of one entry, for a file `.tlog-proof` (`str()` gives its text); it shows nothing of any other.

        checkpoint: a signed one that covers the position; without it the last that was signed here.

        Raises:
            Invalid: there is no such checkpoint or entry.
            Tampered: the entry is not the one whose leaf the checkpoint covers.
        """
        _check_whole("position", position)
        last = self._tree.last_signed() if checkpoint is None else None
        under = given_checkpoint(checkpoint) or (None if last is None else last.checkpoint)
        if under is None:
            raise Invalid("checkpoint", "expected a signed checkpoint that covers the entry, got none")
        if last is None and not is_named(under.origin, access=self._access) and under.origin != self._origin():
            raise Invalid(
                "checkpoint", f"expected one of {kind_of_log(access=self._access)}, got {visible(under.origin)}"
            )
        covered = min(under.size, self._tree.size())
        if not 1 <= position <= covered:
            raise Invalid("position", f"expected one that the checkpoint covers, from 1 to {covered}, got {position}")
        rows = next(iter(self._tree.rows(position - 1, position)))
        data = rows.data[0] if rows.positions else None
        if data is None:
            raise Tampered(f"position {position}: the entry or its data is gone")
        found = Single(
            canonical(rows.frames[0], data),
            position - 1,
            tuple(self._tree.inclusion(position - 1, covered)),
            under,
        )
        check_inclusion(found.index, under.size, leaf_of(found.extra or b""), found.path, under.root)
        return found

    def _origin(self) -> str | None:
        last = self._tree.last_signed()
        return None if last is None else last.checkpoint.origin

    def _goes_on(self, before: Checkpoint, name: str, size: int) -> None:
        if name != before.origin:
            raise Invalid(
                "origin",
                f"expected {visible(before.origin)}, the name in this log's earlier checkpoints, got {visible(name)}",
            )
        if size < before.size:
            raise Tampered(
                f"the log is shorter than at its last checkpoint: it had {entries(before.size)}, now {size:,}"
            )
        if self._tree.root(before.size) != before.root:
            raise Tampered(
                f"the root of the first {entries(before.size)} is not the last checkpoint's: nothing is signed"
            )


def _check_whole(field: str, number: int) -> None:
    """Raises Invalid unless it is a whole number."""
    if isinstance(number, bool) or not isinstance(number, int):
        raise Invalid(field, f"expected a whole number, got {type(number).__name__}")
