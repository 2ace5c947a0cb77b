"""An export and an old checkpoint are all that it takes, and whatever is spoiled in them is named where it is."""

import json
from collections.abc import Callable, Iterable
from hashlib import sha256

import pytest

from earlystart_core.errors import Invalid
from earlystart_core.proof.checkpoint import signed
from earlystart_core.proof.judging import verify_export
from earlystart_sql.log import SqlLog

from .conftest import filled, lines, signer
from .test_attacks import SIZE, told


@pytest.mark.parametrize("leaves", [True, False])
def test_an_export_alone_is_verified(sql_log: SqlLog, leaves: bool) -> None:
    filled(sql_log, SIZE)
    held = signed(signer(), 600, sql_log.tree.root(600))
    found = verify_export(lines(sql_log, leaves=leaves), held, signer().vkey)
    assert (found.size, found.root, found.signed, told(found)) == (SIZE, sql_log.tree.root(), True, [])


def test_an_export_of_nothing_proves_nothing() -> None:
    found = verify_export([])
    assert (found.size, told(found)) == (0, ["the export holds no entry: expected one at least"])


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_an_export_that_an_editor_changed_is_named_as_such(
    sqlite_url: str, open_log: Callable[..., SqlLog], mark: bytes
) -> None:
    """Twenty entries that were changed since would send someone after a thief."""
    given = list(lines(filled(open_log(sqlite_url), 30), leaves=True))
    changed = [mark + given[0], *given[1:]] if mark else [line.replace(b"\n", b"\r\n") for line in given]
    with pytest.raises(Invalid, match="export: expected no byte" if mark else "export: expected line feeds alone"):
        verify_export(changed)


def spoiled_exports(given: list[bytes]) -> Iterable[tuple[str, list[bytes], str]]:
    at = 299
    edited = given[at].replace(b'"number":299', b'"number":298')
    yield "edited", [*given[:at], edited, *given[at + 1 :]], "position 300: its bytes do not give its leaf"
    yield "deleted", given[:at] + given[at + 1 :], "position 300: it is missing; the next entry is at 301"
    swapped = [*given[:at], given[at + 1], given[at], *given[at + 2 :]]
    yield "reordered", swapped, "position 300: it is missing; the next entry is at 301"
    yield "replayed", given[: at + 1] + given[at:], "position 300: it is there a second time"
    yield "shortened", given[:500], "the log is shorter than the checkpoint: it had 600 entries, now 500"
    yield "cut off", [*given[:-1], given[-1][:-1]], f"position {SIZE}: its line is cut off"
    yield "truncated", [*given[:-1], given[-1][:40]], f"position {SIZE}: expected the canonical bytes"
    yield "begun late", given[1:], "position 1: it is missing; the next entry is at 2"
    yield "noise", [*given[:at], b"noise\n", *given[at + 1 :]], "position 300: expected the canonical bytes"
    leaf = given[at].index(b'"leaf":"') + 8
    for name, text in (("another leaf", b"0" * 64), ("a leaf in capitals", b"A" * 64), ("no leaf", b"x" * 64)):
        line = given[at][:leaf] + text + given[at][leaf + 64 :]
        yield name, [*given[:at], line, *given[at + 1 :]], "position 300: its "


def test_a_spoiled_export_is_named_where_it_is_spoiled(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    held = signed(signer(), 600, log.tree.root(600))
    for name, given, sentence in spoiled_exports(lines(log)):
        found = verify_export(given, held, signer().vkey)
        assert any(one.startswith(sentence) for one in told(found)), (name, told(found))


def test_an_export_rewritten_with_its_leaves_is_not_the_checkpoints(
    sqlite_url: str, open_log: Callable[..., SqlLog]
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    held = signed(signer(), 600, log.tree.root(600))
    given = lines(log, leaves=False)
    given[299] = given[299].replace(b'"number":299', b'"number":298')
    assert told(verify_export(given, held, signer().vkey)) == [
        "the root of the first 600 entries is not the checkpoint's: it covers other ones"
    ]


def test_an_export_can_be_verified_without_this_library(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    """Anyone can do it: JSON, SHA-256 and this page of Python, without a line of the library."""
    log = filled(open_log(sqlite_url), 100)

    def tree(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return leaves[0]
        middle = 1
        while middle * 2 < len(leaves):
            middle *= 2
        return sha256(b"\x01" + tree(leaves[:middle]) + tree(leaves[middle:])).digest()

    hashes = []
    for line in lines(log):
        fields = json.loads(line)
        leaf = fields.pop("leaf")
        bytes_ = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert sha256(b"\x00" + bytes_).hexdigest() == leaf
        hashes.append(bytes.fromhex(leaf))
    assert tree(hashes) == log.tree.root()
