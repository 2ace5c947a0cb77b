"""Signed notes (C2SP signed-note): some lines of text, a blank line, and a line for each signature."""

import msgspec

from earlystart_core.errors import Invalid, Tampered
from earlystart_core.proof.keys import COSIGNATURE, Signer, Vkey
from earlystart_core.proof.strict import NAME, bytes_in, in_base64, text_in
from earlystart_core.visible import visible

MOST_SIGNATURES = 100
_DASH = "\u2014 "
_TIME = 8  # bytes of a cosignature's time


class Signature(msgspec.Struct, frozen=True):
    """One signature line: the key's name and id, and what it made."""

    name: str
    id: bytes  # 4 bytes
    made: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {in_base64(self.id + self.made)}\n"


class Note(msgspec.Struct, frozen=True):
    """A text that ends with a line feed, and its signatures. Nothing in it is to be believed before `check`."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def check(self, vkey: Vkey) -> None:
        """Returns where that key signed this text. Signatures of other keys are passed over.

        Raises:
            Invalid: it is no key.
            Tampered: it did not, or one of its signatures is of another text.
        """
        if not isinstance(vkey, Vkey):
            raise Invalid("vkey", f"expected a verifier key (`vkey_in`), got {type(vkey).__name__}")
        own = [one for one in self.signatures if (one.name, one.id) == (vkey.name, vkey.id)]
        if not own:
            others = ", ".join(sorted({f"{visible(one.name)} ({one.id.hex()})" for one in self.signatures}))
            raise Tampered(f"the checkpoint is not signed by {visible(vkey.name)} ({vkey.id.hex()}), but by {others}")
        for one in own:
            if vkey.kind == COSIGNATURE:
                time, made = one.made[:_TIME], one.made[_TIME:]
                message = cosigned(self.text, int.from_bytes(time, "big"))
            else:
                message, made = self.text.encode(), one.made
            if not vkey.verifies(message, made):
                raise Tampered(
                    f"the signature of {visible(vkey.name)} ({vkey.id.hex()}) does not hold: text or signature changed"
                )

    def signed_by(self, signer: Signer) -> "Note":
        """The same note with a signature more."""
        made = Signature(signer.name, signer.vkey.id, signer.key.sign(self.text.encode()))
        return Note(self.text, (*self.signatures, made))

    def cosigned_by(self, signer: Signer, seconds: int) -> "Note":
        """The same note with a witness's signature more, which says when it saw the note (seconds since 1970)."""
        vkey = Vkey(signer.name, COSIGNATURE, signer.vkey.public)
        made = seconds.to_bytes(_TIME, "big") + signer.key.sign(cosigned(self.text, seconds))
        return Note(self.text, (*self.signatures, Signature(signer.name, vkey.id, made)))


def cosigned(text: str, seconds: int) -> bytes:
    """What a witness signs: the time and the note's text (C2SP tlog-cosignature)."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def note_in(given: bytes, field: str = "checkpoint") -> Note:
    """The note that those bytes are.

    Raises:
        Invalid: they are no signed note; names `field`.
    """
    whole = text_in(field, given)
    text, blank, last = whole.rpartition("\n\n")
    if not blank:
        raise Invalid(field, "expected a blank line before its signatures, got none")
    if not text:
        raise Invalid(field, "expected a text before its signatures, got none")
    lines = last.split("\n")[:-1]
    if not lines:
        raise Invalid(field, "expected a signature after its blank line, got none")
    if len(lines) > MOST_SIGNATURES:
        raise Invalid(field, f"expected at most {MOST_SIGNATURES} signatures, got {len(lines)}")
    return Note(f"{text}\n", tuple(_signature_in(field, line) for line in lines))


def _signature_in(field: str, line: str) -> Signature:
    name, space, made = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not NAME.fullmatch(name):
        raise Invalid(field, "expected after the blank line only signatures: a dash, a key's name and base64")
    found = bytes_in(field, "signature", made)
    if len(found) < 5:
        raise Invalid(field, f"expected a signature behind a key's id of 4 bytes, got {len(found)} bytes in all")
    return Signature(name, found[:4], found[4:])
