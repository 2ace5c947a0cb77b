"""Signing a checkpoint of a log, and proving a single entry to someone who may see no other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earlystart_cli.files import content_of
from earlystart_cli.output import note, writing
from earlystart_cli.stores import Stored, opened
from earlystart_core.errors import Invalid, Tampered

if TYPE_CHECKING:
    from collections.abc import Callable

    from earlystart_core.proof.checkpoint import Checkpoint
    from earlystart_core.proof.of_log import LogProof
    from earlystart_core.record import Record

CHECKPOINT_EXAMPLE = "earlystart log checkpoint --db leeds.db --key log.pem > 2026-03-31.checkpoint"
ACCESS_EXAMPLE = "earlystart audit checkpoint --db leeds.db --key log.pem > 2026-03-31.access-checkpoint"
PROVE_EXAMPLE = "earlystart log prove 42 --db leeds.db > 42.tlog-proof"
MOST = 65_536  # bytes of a key, a vkey or a checkpoint

Held = Annotated[
    Path | None,
    typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that someone kept: the log must go on from it."),
]
VkeyFile = Annotated[
    Path | None,
    typer.Option("--vkey", metavar="FILE", help="The log's verifier key: the checkpoint must be signed by it."),
]


def held_in(path: Path | None) -> "Checkpoint | None":
    """The checkpoint in a file that someone kept.

    Raises:
        Invalid: the file cannot be read, or is too long.
        Tampered: it holds none.
    """
    from earlystart_core.proof.checkpoint import checkpoint_in

    content = None if path is None else content_of("--checkpoint", path, MOST + 1)
    try:
        return None if content is None else checkpoint_in(content)
    except Invalid as error:
        raise Tampered(str(error)) from None


KeyFile = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The log's Ed25519 key, as PKCS#8 PEM.", show_default=False)
]
Origin = Annotated[
    str | None,
    typer.Option("--origin", metavar="NAME", help="The log's name at its first checkpoint; it never changes."),
]


def checkpoint(key: KeyFile, *, store: Stored, origin: Origin = None) -> int:
    """Sign the log as it is: print a checkpoint, and remember it. The key's verifier key goes to standard error."""
    return _sign(key, store, origin, lambda record: record.proof)


def access_checkpoint(key: KeyFile, *, store: Stored, origin: Origin = None) -> int:
    """Sign the access log as it is: print a checkpoint, and remember it. Its verifier key goes to standard error."""
    return _sign(key, store, origin, lambda record: record.access_proof)


def _sign(key: Path, store: Stored, origin: str | None, proof_of: "Callable[[Record], LogProof]") -> int:
    from earlystart_core.proof.keys import signer_in

    pem = content_of("--key", key, MOST)
    try:
        with opened(store) as record:
            signed = proof_of(record).checkpoint(pem, origin)
    except Tampered as doubt:
        note(f"earlystart: {doubt}")
        return 1
    note(f"vkey {signer_in(pem, signed.origin).vkey}")
    with writing() as write:
        write(str(signed).encode())
    return 0


def prove(
    position: Annotated[int, typer.Argument(metavar="POSITION", help="Of the entry.", show_default=False)],
    *,
    store: Stored,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="The checkpoint to lead to; without it the last one signed."),
    ] = None,
) -> int:
    """Print the proof of one entry (a .tlog-proof): the entry, its way to the root, and the signed checkpoint."""
    text = None if checkpoint is None else content_of("--checkpoint", checkpoint, MOST)
    try:
        with opened(store) as record:
            found = record.proof.entry(position, text)
    except Invalid as error:
        if error.field != "checkpoint" or text is not None:
            raise
        raise Invalid(error.field, f"{error.message}; earlystart log checkpoint signs one") from None
    except Tampered as doubt:
        note(f"earlystart: {doubt}")
        return 1
    with writing() as write:
        write(str(found).encode())
    return 0
