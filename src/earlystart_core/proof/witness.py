"""A witness: signs only what goes on from what it signed before. Where it keeps that is its own business.

`cosign` is pure: its caller must hold a lock from reading the last checkpoint until the new one is kept, and must
keep it before handing the signature out (C2SP tlog-witness).
"""

from collections.abc import Sequence

from earlystart_core.errors import Tampered
from earlystart_core.proof.checkpoint import Checkpoint, another_log
from earlystart_core.proof.keys import Signer, Vkey
from earlystart_core.proof.paths import check_consistency


def cosign(
    last: Checkpoint | None, path: Sequence[bytes], new: Checkpoint, *, log: Vkey, witness: Signer, seconds: int
) -> Checkpoint:
    """The new checkpoint with the witness's signature.

    last: what it cosigned before, None at first. path: the consistency proof from there. log: the log's own key.
    seconds: when, since 1970.

    Raises:
        Tampered: the log did not sign it, or it does not go on from the last one.
    """
    new.check(log)
    if last is None or last.size == 0:
        if path:
            raise Tampered("the proof is too long: nothing was cosigned before, so expected no hash")
    else:
        if last.origin != new.origin:
            raise Tampered(another_log(new.origin, last.origin))
        if new.size < last.size:
            raise Tampered(
                f"the log is shorter than at the last checkpoint: expected {last.size} or more, got {new.size}"
            )
        check_consistency(last.size, new.size, last.root, new.root, path)
    return Checkpoint(new.origin, new.size, new.root, new.note.cosigned_by(witness, seconds))
