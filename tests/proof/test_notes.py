"""Signed notes, verifier keys, checkpoints, witnesses: published examples, and a sentence for each malformed form."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from earlystart_core.errors import Invalid, Tampered
from earlystart_core.proof.checkpoint import body_of, checkpoint_in, signed
from earlystart_core.proof.hashing import EMPTY
from earlystart_core.proof.keys import Vkey, signer_in, vkey_in
from earlystart_core.proof.notes import Note, note_in
from earlystart_core.proof.paths import consistency
from earlystart_core.proof.single import single_in
from earlystart_core.proof.strict import MOST
from earlystart_core.proof.witness import cosign

from .conftest import OTHER_PEM, PEM, signer
from .test_vectors import ROOTS, reference

EXAMPLE_VKEY = b"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n"
EXAMPLE = (
    "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYN"
    "ZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
KNOWN = (
    "earlystart.example/caselog/test\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n"
    "\u2014 earlystart.example/caselog/test 4dJqjTtcSak+hhGernkVOghVlnWl6SleXAUUnfZczUDdlmeUEg6BJjajz6OOZHQ1H+JcoKpH5l"
    "QpGu3XohxKbHEaSQk=\n"
)
KNOWN_VKEY = "earlystart.example/caselog/test+e1d26a8d+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
WITNESS_VKEY = "ig-officer.example/w1+028119d4+BD1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM"
WITNESSED = (
    "\u2014 ig-officer.example/w1 AoEZ1AAAAABpVbkAb4gEDzs1qBW6JYC4Fiizc1kzzzwrTrD6j0V9DlZt/vtsGj89tx3ZufY0A2wJKSeQrn"
    "Sz1O91kP6w0hx+N281Bg==\n"
)
WITNESS = signer("ig-officer.example/w1", OTHER_PEM)
ROOT = bytes.fromhex(ROOTS[8])


def test_the_example_of_c2sp_holds() -> None:
    note = note_in(EXAMPLE)
    note.check(vkey_in(EXAMPLE_VKEY))
    assert note.text == "This is an example message.\n"
    assert str(note).encode() == EXAMPLE


def test_the_known_checkpoint_is_made_again_to_the_byte() -> None:
    made = signed(signer(), 8, ROOT)
    assert str(made) == KNOWN
    assert sha256(KNOWN.encode()).hexdigest() == "55f8a769a8ad0ce412c3bf0eb99cd7d401a8069af3513752e8217201ad26411a"
    assert str(signer().vkey) == KNOWN_VKEY
    read = checkpoint_in(KNOWN.encode())
    assert (read.origin, read.size, read.root) == (made.origin, 8, ROOT)
    read.note.check(vkey_in(KNOWN_VKEY.encode()))


def test_the_known_witness_signs_the_same_and_is_checked_by_its_own_key() -> None:
    seen = signed(signer(), 8, ROOT).note.cosigned_by(WITNESS, 1767225600)
    assert str(seen) == KNOWN + WITNESSED
    key = vkey_in(WITNESS_VKEY.encode())
    assert str(key) == WITNESS_VKEY
    read = note_in(str(seen).encode())
    read.check(key)
    read.check(vkey_in(KNOWN_VKEY.encode()))  # the other's signature is passed over
    late = str(seen).replace("AAAAABpVbkA", "AAAAABpVbkB")
    with pytest.raises(Tampered, match="does not hold"):
        note_in(late.encode()).check(key)


MALFORMED_NOTES = {
    "empty": (b"", "got an empty one"),
    "too long": (b"x" * (MOST + 1), "at most 65,536 bytes"),
    "no UTF-8": (b"a\xff\n", "expected UTF-8"),
    "a carriage return": (b"a\r\n\n- b\n", "Windows line ends"),
    "a tab": (b"a\tb\n", "no control characters"),
    "NUL": (b"a\x00\n", "no control characters"),
    "cut off": (EXAMPLE[:-1], "cut off"),
    "no blank line": (b"a\nb\n", "a blank line before its signatures"),
    "no text": (b"\n\n\xe2\x80\x94 a AAAAAAA=\n", "expected a text"),
    "no signature": (b"a\n\n", "expected a signature"),
    "a hyphen for the dash": (EXAMPLE.replace(b"\xe2\x80\x94", b"-"), "only signatures"),
    "no name": (b"a\n\n\xe2\x80\x94 AAAAAAAA\n", "only signatures"),
    "a name with a plus": (b"a\n\n\xe2\x80\x94 a+b AAAAAAAA\n", "only signatures"),
    "two spaces": (b"a\n\n\xe2\x80\x94 a  AAAAAAAA\n", "in base64"),
    "a no-break space": ("a\n\n\u2014 a\u00a0b AAAAAAAA\n".encode(), "only signatures"),
    "no base64": (b"a\n\n\xe2\x80\x94 a AAAA!AAA\n", "in base64"),
    "padding missing": (EXAMPLE.replace(b"=\n", b"\n"), "in base64"),
    "loose bits": (EXAMPLE.replace(b"aQM=", b"aQN="), "canonical base64"),
    "url-safe base64": (b"a\n\n\xe2\x80\x94 a AAAA-_AA\n", "in base64"),
    "a short signature": (b"a\n\n\xe2\x80\x94 a AAAAAA==\n", "an id of 4 bytes|id of 4 bytes"),
    "too many": (b"a\n\n" + b"\xe2\x80\x94 a AAAAAAA=\n" * 101, "at most 100 signatures"),
}


@pytest.mark.parametrize("name", MALFORMED_NOTES)
def test_a_malformed_note_is_refused_with_its_own_sentence(name: str) -> None:
    given_bytes, sentence = MALFORMED_NOTES[name]
    with pytest.raises(Invalid, match=sentence) as raised:
        note_in(given_bytes)
    assert raised.value.field == "checkpoint"


def test_sixteen_signatures_and_more_are_accepted() -> None:
    note = Note("text\n", ())
    signers = [signer(f"example.com/{number}") for number in range(40)]
    for one in signers:
        note = note.signed_by(one)
    read = note_in(str(note).encode())
    for one in signers:
        read.check(one.vkey)


def test_a_note_with_a_blank_line_in_its_text_keeps_it() -> None:
    note = Note("one\n\ntwo\n", ()).signed_by(signer())
    assert note_in(str(note).encode()) == note


def with_body(body: str) -> bytes:
    return str(Note(body, ()).signed_by(signer())).encode()


B64 = base64.b64encode(ROOT).decode()
MALFORMED_BODIES = {
    "two lines": ("a\n8\n", "three lines"),
    "no origin": (f"\n8\n{B64}\n", "an origin on its first line"),
    "a leading zero": (f"a\n08\n{B64}\n", "without leading zeros"),
    "a sign": (f"a\n+8\n{B64}\n", "without leading zeros"),
    "a minus": (f"a\n-8\n{B64}\n", "without leading zeros"),
    "a space": (f"a\n 8\n{B64}\n", "without leading zeros"),
    "an underscore": (f"a\n1_0\n{B64}\n", "without leading zeros"),
    "other digits": (f"a\n\u0668\n{B64}\n", "without leading zeros"),
    "no size": (f"a\n\n{B64}\n", "without leading zeros|no blank line"),
    "2^64": (f"a\n{2**64}\n{B64}\n", "without leading zeros"),
    "2^63": (f"a\n{2**63}\n{B64}\n", "without leading zeros"),
    "a short root": ("a\n8\nAAAA\n", "32 bytes, got 3"),
    "a long root": (f"a\n8\n{base64.b64encode(ROOT + b'x').decode()}\n", "32 bytes, got 33"),
    "hex": (f"a\n8\n{ROOT.hex()}\n", "32 bytes, got 48"),
    "a blank before the root": (f"a\n8\n {B64}\n", "in base64"),
    "another root at size 0": (f"a\n0\n{B64}\n", "of an empty log"),
    "a blank extension": (f"a\n8\n{B64}\n\nmore\n", "no blank line"),
}


@pytest.mark.parametrize("name", MALFORMED_BODIES)
def test_a_malformed_checkpoint_is_refused_with_its_own_sentence(name: str) -> None:
    body, sentence = MALFORMED_BODIES[name]
    with pytest.raises(Invalid, match=sentence):
        checkpoint_in(with_body(body))


def test_extension_lines_are_kept_and_mean_nothing() -> None:
    found = checkpoint_in(with_body(f"a\n8\n{B64}\nmore\n"))
    assert (found.origin, found.size, found.root) == ("a", 8, ROOT)
    found.note.check(signer().vkey)
    assert checkpoint_in(with_body(body_of("a", 0, EMPTY))).size == 0


GOOD = KNOWN_VKEY
MALFORMED_VKEYS = {
    "empty": (b"", "three parts"),
    "two lines": (f"{GOOD}\n{GOOD}\n".encode(), "expected one line, name\\+id\\+key, got 3 lines"),
    "a PEM file": (b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n", "got a key in PEM"),
    "what log checkpoint told": (f"vkey {GOOD}\n".encode(), "the word vkey before it"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), "byte order mark"),
    "two bytes a letter": (GOOD.encode("utf-16"), "byte order mark"),
    "bytes": (b"\xff", "got other bytes"),
    "two parts": (b"a+b", "three parts"),
    "no name": (b"+e1d26a8d+" + GOOD.rpartition("+")[2].encode(), "1 to 200 characters"),
    "a space in the name": (GOOD.replace("caselog", "case log").encode(), "without spaces"),
    "no base64": (b"a+00000000+!!!!", "in base64"),
    "no key": (b"a+00000000+", "type 1"),
    "an unknown type": (f"a+00000000+{base64.b64encode(bytes([2]) + bytes(32)).decode()}".encode(), "type 1"),
    "a short key": (f"a+00000000+{base64.b64encode(bytes([1]) + bytes(31)).decode()}".encode(), "32 bytes, got 31"),
    "another id": (GOOD.replace("e1d26a8d", "e1d26a8e").encode(), "expected the id e1d26a8d"),
    "an id in capitals": (GOOD.replace("e1d26a8d", "E1D26A8D").encode(), "expected the id"),
    "another name": (GOOD.replace("test", "tests").encode(), "expected the id"),
    "another key": (GOOD.replace("AddamA", "AddbmA").encode(), "expected the id"),
}


@pytest.mark.parametrize("name", MALFORMED_VKEYS)
def test_a_malformed_verifier_key_is_refused_with_its_own_sentence(name: str) -> None:
    given_bytes, sentence = MALFORMED_VKEYS[name]
    with pytest.raises(Invalid, match=sentence) as raised:
        vkey_in(given_bytes)
    assert raised.value.field == "vkey"


def test_only_an_ed25519_key_in_plain_pkcs8_signs() -> None:
    assert signer_in(PEM, "a").vkey == Vkey("a", 1, signer().vkey.public)
    key = ed25519.Ed25519PrivateKey.generate()
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    other = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for pem, sentence in ((locked, "under a password"), (other, "another kind"), (b"", "something else")):
        with pytest.raises(Invalid, match=sentence):
            signer_in(pem, "a")
    for name in ("", "a b", "a+b", "a\nb", "x" * 201):
        with pytest.raises(Invalid, match="without spaces or plus"):
            signer_in(PEM, name)


def test_a_signature_that_is_missing_forged_or_of_another_text_is_told() -> None:
    note = checkpoint_in(KNOWN.encode()).note
    with pytest.raises(Tampered, match=r"is not signed by example\.com/foo"):
        note.check(vkey_in(EXAMPLE_VKEY))
    with pytest.raises(Tampered, match=r"is not signed by earlystart\.example"):  # the same name, another key
        note.check(signer(pem=OTHER_PEM).vkey)
    for before, after in (("\n8\n", "\n9\n"), ("O1xJ", "O1xK"), ("XcnaeacG", "XcnaeacH")):
        spoiled = KNOWN.replace(before, after) if before in KNOWN else KNOWN.replace("TtcS", "TtcT")
        with pytest.raises(Tampered, match="does not hold"):
            checkpoint_in(spoiled.encode()).note.check(signer().vkey)


def test_a_witness_signs_only_what_goes_on_from_what_it_signed() -> None:
    log = signer().vkey
    old = signed(signer(), 5, bytes.fromhex(ROOTS[5]))
    new = signed(signer(), 8, ROOT)
    path = consistency(reference, 5, 8)
    first = cosign(None, [], old, log=log, witness=WITNESS, seconds=1)
    then = cosign(first, path, new, log=log, witness=WITNESS, seconds=2)
    then.note.check(vkey_in(WITNESS_VKEY.encode()))
    other = signed(signer("other.example"), 8, ROOT)
    for last, proof, seen, key, sentence in (
        (None, path, new, log, "nothing was cosigned before"),
        (new, [], old, log, "the log is shorter"),
        (old, path[:-1], new, log, "too short|another tree|does not lead"),
        (old, consistency(reference, 5, 7), new, log, "too short|too long|does not lead"),
        (signed(signer(), 5, ROOT), path, new, log, "history before it was changed"),
        (old, path, other, signer("other.example").vkey, "of another log"),
        (old, path, new, WITNESS.vkey, "not signed by"),
        (signed(signer(), 8, bytes.fromhex(ROOTS[7])), [], new, log, "two roots of size 8"),
    ):
        with pytest.raises(Tampered, match=sentence):
            cosign(last, proof, seen, log=key, witness=WITNESS, seconds=3)


@given(st.binary(max_size=300))
def test_no_bytes_bring_the_parsers_down(noise: bytes) -> None:
    for read in (note_in, checkpoint_in, vkey_in):
        with pytest.raises(Invalid):
            read(noise)


@given(st.data())
def test_a_checkpoint_that_reads_has_one_spelling(data: st.DataObject) -> None:
    """Any few bytes of a good one changed: it is refused, or read to the same bytes, or its signature does not hold."""
    spoiled = bytearray(KNOWN.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(spoiled) - 1))
        match data.draw(st.sampled_from(("turn", "cut", "double", "end"))):
            case "turn":
                spoiled[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del spoiled[at]
                spoiled = spoiled or bytearray(b"-")  # what is left has a byte to choose
            case "double":
                spoiled.insert(at, spoiled[at])
            case _:
                del spoiled[max(1, at) :]
    if bytes(spoiled) == KNOWN.encode():
        return
    try:
        found = checkpoint_in(bytes(spoiled))
    except Invalid:
        return
    assert str(found).encode() == bytes(spoiled)
    with pytest.raises(Tampered):
        found.note.check(signer().vkey)


@pytest.mark.parametrize("y", ["00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "00" * 31 + "80"])
def test_a_key_of_small_order_is_refused(y: str) -> None:
    """Under the point 1 the signature of nothing is good for every note."""
    key = Vkey("a", 1, bytes.fromhex(y))
    with pytest.raises(Invalid, match="small order"):
        vkey_in(str(key).encode())


def test_line_ends_of_another_system_are_named() -> None:
    with pytest.raises(Invalid, match="Windows line end"):
        vkey_in(EXAMPLE_VKEY.replace(b"\n", b"\r\n"))
    with pytest.raises(Invalid, match="Windows line ends"):
        checkpoint_in(b"a\r\n1\r\n\r\n")
    with pytest.raises(Invalid, match="Windows line ends"):
        single_in(b"c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\na\r\n")


def test_a_byte_order_mark_is_named() -> None:
    """It cannot be seen, and else the signature is said not to hold."""
    for of, name in ((checkpoint_in, "checkpoint"), (single_in, "proof")):
        with pytest.raises(Invalid, match=f"{name}: expected no byte order mark"):
            of(b"\xef\xbb\xbfa\n1\n\n")
