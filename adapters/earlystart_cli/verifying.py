"""Verifying: a store's log, an export of it with nothing else at hand, or the proof of a single entry."""

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from earlystart_cli.files import content_of, reading
from earlystart_cli.options import Json
from earlystart_cli.output import note, put, put_json, writing
from earlystart_cli.progress import working
from earlystart_cli.proving import MOST, Held, VkeyFile, held_in
from earlystart_cli.stores import Stored, on_sql, opened
from earlystart_core.errors import Invalid, Tampered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from earlystart_core.erasing.shredding import Shredded
    from earlystart_core.proof.checkpoint import Checkpoint
    from earlystart_core.proof.keys import Vkey
    from earlystart_core.proof.verify import Verified
    from earlystart_sql.beside import Beside

    Found = tuple[Verified, Shredded | None, Beside | None]

EXAMPLE = "earlystart log verify --export leeds.ndjson --vkey log.vkey --checkpoint 2026-03-31.checkpoint"
LARGE = 200_000  # entries from which on a second process is worth its start
LONGEST = 64 * 2**20  # bytes of a line
MOST_PROOF = 32 * 2**20  # bytes


def verify(
    *,
    store: Stored,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="Verify this export, and need no store at all."),
    ] = None,
    proof: Annotated[
        Path | None,
        typer.Option("--proof", metavar="FILE", help="Verify the proof of one entry (.tlog-proof); needs --vkey."),
    ] = None,
    checkpoint: Held = None,
    vkey: VkeyFile = None,
    json: Json = False,
) -> int:
    """Hash the whole log again: leaves, gaps, order, tree, checkpoint; check ledger and keys. Status 1 on any doubt."""
    from earlystart_core.proof.keys import vkey_in

    key = None if vkey is None else vkey_in(content_of("--vkey", vkey, MOST))
    if proof is not None:
        return _entry(proof, key, others=(export, checkpoint))
    try:
        held = held_in(checkpoint)
        exported = None if export is None else _of_export(export, held, key)
    except Tampered as none:
        note(f"earlystart: {none}")
        return 1
    found, shredded, beside = exported or _of_store(store, held, key)
    if json:
        put_json(_as_json(found, shredded, beside))
    else:
        put(_told(found, key, shredded, beside))
    for doubt in found.doubts:
        note(f"earlystart: {doubt}")
    return 0 if found.sound else 1


def _of_store(store: Stored, held: "Checkpoint | None", key: "Vkey | None") -> "Found":
    from earlystart_core.erasing.shredding import shredded_in
    from earlystart_core.proof.judging import verify_log
    from earlystart_core.proof.verify import MOST as MOST_DOUBTS
    from earlystart_sql.beside import check_beside

    with opened(store, keys_read_only=True) as record, working("verifying"):
        tree = record.store.log.tree
        processes = min(2, os.cpu_count() or 1) if tree.size() >= LARGE else 1
        found = verify_log(tree, held, key, processes)
        if not found.sound:
            return found, None, None
        # What was shredded, and what stands beside the log, is read as any other question is: from entries that are
        # sound.
        shredded, beside = shredded_in(record.store.log), check_beside(on_sql(record))
        return msgspec.structs.replace(found, doubts=tuple(beside.doubts[:MOST_DOUBTS])), shredded, beside


def _of_export(path: Path, held: "Checkpoint | None", key: "Vkey | None") -> "Found":
    """Raises Tampered where an editor or a mail program changed every line."""
    from earlystart_core.erasing.shredding import Shreds
    from earlystart_core.proof.judging import verify_export

    shreds = Shreds()
    try:
        with reading("--export", path) as file, working("verifying"):
            found = verify_export(shreds.passing(lines_of(file)), held, key)
            return found, shreds.found(), None
    except Invalid as error:
        if error.field != "export":
            raise
        raise Tampered(str(error)) from None


def lines_of(file: IO[bytes]) -> "Iterator[bytes]":
    """The lines of an export, up to one that is longer than an entry's: its beginning is the last, and a doubt."""
    while line := file.readline(LONGEST):
        yield line
        if len(line) == LONGEST and not line.endswith(b"\n"):
            return


def _entry(path: Path, key: "Vkey | None", others: tuple[Path | None, ...]) -> int:
    """Of the proof of one entry: prints the entry, exactly as it is hashed."""
    from earlystart_core.proof.keys import ED25519
    from earlystart_core.proof.single import single_in

    if any(other is not None for other in others):
        raise Invalid("--proof", "expected a proof alone: it holds its checkpoint, and needs no export")
    if key is None:
        raise Invalid("--vkey", "expected the log's verifier key: without it a proof proves nothing")
    try:
        found = single_in(content_of("--proof", path, MOST_PROOF + 1))
        entry = found.check(key)
    except (Invalid, Tampered) as error:
        if isinstance(error, Invalid) and error.field == "--proof":
            raise
        note(f"earlystart: {error}")
        return 1
    signed = (
        "signed by its key"
        if key.kind == ED25519
        else f"as the witness {key.name} saw it: whether that is the log that you mean, only the log's own key can tell"
    )
    note(f"entry {found.index + 1} of {found.checkpoint.size} in the log {found.checkpoint.origin}, {signed}")
    with writing() as write:
        write(entry + b"\n")
    return 0


def _as_json(found: "Verified", shredded: "Shredded | None", beside: "Beside | None") -> dict[str, Any]:
    return {
        "size": found.size,
        "root": found.root.hex(),
        "consistent_since": found.since.size if found.since and found.sound else None,
        "origin": found.since.origin if found.since else None,
        "shredded": shredded and {"values": shredded.values, "certificates": shredded.certificates},
        "signatures": found.signed,
        "kept": found.kept,
        "ledger": beside and beside.ledger,
        "keys": beside and beside.keys,
        "unsigned": found.unsigned,
        "doubts": [{"position": doubt.position, "found": doubt.found} for doubt in found.doubts],
    }


def _told(found: "Verified", key: "Vkey | None", shredded: "Shredded | None", beside: "Beside | None") -> list[str]:
    from earlystart_core.proof.hashing import BLOCK
    from earlystart_core.proof.strict import in_base64
    from earlystart_core.proof.verify import MOST as MOST_DOUBTS

    lines = [f"size              {found.size}", f"root              {in_base64(found.root)}"]
    if not found.sound:
        count = len(found.doubts)
        return [*lines, f"doubts            {count}{' or more' if count >= MOST_DOUBTS else ''}"]
    since = "no checkpoint"
    if found.since is not None:
        since = f"{found.since.size} {'entry' if found.since.size == 1 else 'entries'}, {found.since.origin}"
    signatures = f"good, {key.name}" if key is not None and found.signed else "not checked: no --vkey"
    lines += [
        f"consistent since  {since}",
        f"shredded          {shredded}",
        "gaps              none",
        f"signatures        {signatures}",
    ]
    if beside is not None:
        lines += [f"import ledger     {beside.ledger}", f"keys              {beside.keys}"]
    if found.unsigned:
        lines.append(f"unsigned          {found.unsigned} behind the checkpoint, under no signature yet")
    if found.kept is not None and found.kept < found.size // BLOCK * BLOCK:
        lines.append(f"tree kept         to entry {found.kept}: the entries after it were compared with no stored hash")
    return lines
