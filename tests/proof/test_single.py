"""The proof of one entry in a file of its own: it needs the log's verifier key and nothing else."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earlystart_core.entry import canonical_of
from earlystart_core.errors import Invalid, Tampered
from earlystart_core.log import Log
from earlystart_core.memory_log import MemoryLog
from earlystart_core.proof.checkpoint import Checkpoint, body_of, signed
from earlystart_core.proof.notes import Note
from earlystart_core.proof.of_log import LogProof
from earlystart_core.proof.single import Single, single_in
from earlystart_core.proof.witness import cosign
from tests.fuzz.odd import Text

from .conftest import OTHER_PEM, PEM, filled, signer
from .test_notes import MALFORMED_NOTES

ORIGIN = "earlystart.example/caselog/test"


def test_each_entry_of_a_log_has_its_proof(log: Log, proof: Callable[[Log], LogProof]) -> None:
    of = proof(filled(log, 300))
    of.checkpoint(PEM, ORIGIN)
    filled(log, 50)  # the proof leads to the checkpoint, not to the head
    canonical = [canonical_of(each) for each in log.read().entries()]
    for position in (1, 2, 255, 256, 257, 300):
        text = str(of.entry(position))
        found = single_in(text.encode())
        assert found.check(signer(ORIGIN).vkey) == canonical[position - 1]
        assert str(found) == text
        assert text.startswith(f"c2sp.org/tlog-proof@v1\nextra {base64.b64encode(canonical[position - 1]).decode()}\n")
        assert f"\nindex {position - 1}\n" in text
    for position in (0, -1, 301, 350):
        with pytest.raises(Invalid, match="from 1 to 300"):
            of.entry(position)


def test_a_proof_leads_to_the_checkpoint_that_is_given(log: Log, proof: Callable[[Log], LogProof]) -> None:
    of = proof(filled(log, 20))
    with pytest.raises(Invalid, match="expected a signed checkpoint"):
        of.entry(3)
    held = str(signed(signer(), 7, log.tree.root(7)))
    assert of.entry(3, held).checkpoint.size == 7
    other = str(signed(signer(), 7, bytes(32)))
    with pytest.raises(Tampered, match="leads to another root"):
        of.entry(3, other)


def one() -> tuple[Single, list[bytes]]:
    log = MemoryLog(_clock())
    filled(log, 300)
    found = LogProof(log.tree, _clock()).entry(42, signed(signer(), 300, log.tree.root()))
    return found, [canonical_of(each) for each in log.read().entries()]


def _clock() -> Callable:
    from tests.conftest import Clock

    return Clock()


PROOF, ENTRIES = one()
TEXT = str(PROOF)


def spoiled(before: str, after: str) -> bytes:
    assert before in TEXT
    return TEXT.replace(before, after, 1).encode()


def test_a_proof_of_something_else_does_not_hold() -> None:
    key = signer().vkey
    assert PROOF.check(key) == ENTRIES[41]
    other = base64.b64encode(ENTRIES[42]).decode()
    mine = base64.b64encode(ENTRIES[41]).decode()
    for given_bytes, sentence in (
        (spoiled(mine, other), "leads to another root"),
        (spoiled("index 41", "index 40"), "leads to another root|too short|too long"),
        (spoiled("index 41", "index 300"), "below the size"),
        (spoiled("\n300\n", "\n299\n"), "does not hold"),
        (str(Single(PROOF.extra, 41, PROOF.path[:-1], PROOF.checkpoint)).encode(), "too short"),
        (str(Single(PROOF.extra, 41, (*PROOF.path, bytes(32)), PROOF.checkpoint)).encode(), "too long"),
        (str(Single(PROOF.extra, 41, PROOF.path[::-1], PROOF.checkpoint)).encode(), "leads to another root"),
    ):
        with pytest.raises(Tampered, match=sentence):
            single_in(given_bytes).check(key)
    with pytest.raises(Tampered, match="not signed by"):
        PROOF.check(signer(pem=OTHER_PEM).vkey)
    with pytest.raises(Tampered, match="leads to another root"):
        PROOF.check(key, ENTRIES[42])


def test_a_checkpoint_that_names_another_log_than_the_key_proves_nothing() -> None:
    """The key signed it all the same: as for a whole log, that is no proof about the log of the key's name."""
    size, root = PROOF.checkpoint.size, PROOF.checkpoint.root
    note = Note(body_of("earlystart.example/another", size, root), ()).signed_by(signer())
    other = Single(PROOF.extra, PROOF.index, PROOF.path, Checkpoint("earlystart.example/another", size, root, note))
    note.check(signer().vkey)
    with pytest.raises(Tampered, match=f"^the checkpoint is of another log: expected {ORIGIN}, got "):
        single_in(str(other).encode()).check(signer().vkey)
    with pytest.raises(Tampered, match="of another log"):
        cosign(None, [], other.checkpoint, log=signer().vkey, witness=signer("witness", OTHER_PEM), seconds=1)


def test_a_proof_without_its_entry_needs_it_beside() -> None:
    bare = Single(None, PROOF.index, PROOF.path, PROOF.checkpoint)
    read = single_in(str(bare).encode())
    assert read.check(signer().vkey, ENTRIES[41]) == ENTRIES[41]
    with pytest.raises(Invalid, match="got neither"):
        read.check(signer().vkey)


HASH = base64.b64encode(PROOF.path[0]).decode()
MALFORMED = {
    "empty": (b"", "a blank line before its checkpoint"),
    "another head": (spoiled("proof@v1", "proof@v2"), "as its first line"),
    "no index": (spoiled("index 41\n", ""), "a line with its index"),
    "a leading zero": (spoiled("index 41", "index 041"), "without leading zeros"),
    "a sign": (spoiled("index 41", "index +41"), "without leading zeros"),
    "other digits": (spoiled("index 41", "index \u0664\u0661"), "expected ASCII"),
    "a short hash": (spoiled(HASH, "AAAA"), "the hash as 32 bytes, got 3"),
    "no base64": (spoiled(HASH, "?" + HASH[1:]), "the hash in base64"),
    "loose bits": (spoiled(HASH, HASH[:-2] + "/="), "canonical base64"),
    "extra that is none": (spoiled("extra e", "extra ?"), "extra data in base64"),
    "two extras": (spoiled("index 41", "extra AAAA\nindex 41"), "a line with its index"),
    "carriage returns": (TEXT.replace("\n", "\r\n").encode(), "line feeds alone, got Windows line ends"),
    "a long path": (spoiled(HASH, "\n".join([HASH] * 64)), "at most 63 hashes"),
    "no checkpoint": (TEXT.encode().partition(b"\n\n")[0] + b"\n\n", "got an empty one"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_proof_is_refused_with_its_own_sentence(name: str) -> None:
    given_bytes, sentence = MALFORMED[name]
    with pytest.raises(Invalid, match=sentence):
        single_in(given_bytes)


@pytest.mark.parametrize("name", MALFORMED_NOTES)
def test_a_proof_is_as_strict_about_its_checkpoint(name: str) -> None:
    with pytest.raises(Invalid):
        single_in(TEXT.encode().partition(b"\n\n")[0] + b"\n\n" + MALFORMED_NOTES[name][0])


@given(st.data())
def test_a_proof_that_reads_has_one_spelling_and_holds_only_as_it_was(data: st.DataObject) -> None:
    touched = bytearray(TEXT.encode())
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(touched) - 1))
        if data.draw(st.booleans()):
            touched[at] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del touched[at]
    try:
        found = single_in(bytes(touched))
    except Invalid:
        return
    assert str(found).encode() == bytes(touched)
    if bytes(touched) != TEXT.encode():
        with pytest.raises(Tampered):
            found.check(signer().vkey)


@given(st.binary(max_size=200))
def test_no_bytes_bring_the_parser_down(noise: bytes) -> None:
    for given_bytes in (noise, TEXT.encode().partition(b"index")[0] + noise):
        with pytest.raises(Invalid):
            single_in(given_bytes)


@pytest.mark.parametrize("odd", [1, "vkey", b"", None, (1,)])
def test_what_is_no_key_or_no_entry_is_invalid(log: Log, proof: Callable[[Log], LogProof], odd: object) -> None:
    of = proof(filled(log, 3))
    of.checkpoint(PEM, ORIGIN)
    found = of.entry(2)
    with pytest.raises(Invalid, match="expected a verifier key"):
        found.check(odd)  # type: ignore[arg-type]  # that is what is tried
    if not isinstance(odd, bytes | None):
        with pytest.raises(Invalid, match="expected bytes"):
            found.check(signer(ORIGIN).vkey, odd)  # type: ignore[arg-type]


def test_a_name_of_a_class_of_its_own_is_shown_as_text(log: Log, proof: Callable[[Log], LogProof]) -> None:
    of = proof(filled(log, 3))
    of.checkpoint(PEM, ORIGIN)
    with pytest.raises(Invalid, match=r"the name in this log's earlier checkpoints, got other\.example"):
        of.checkpoint(PEM, Text("other.example"))
