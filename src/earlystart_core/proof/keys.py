"""Keys of signatures: who signs, and the line by which anyone can check it (C2SP signed-note).

A verifier key (vkey) is `name+id+base64(type ‖ public key)`; the id is the first four bytes of
SHA-256(name ‖ 0x0A ‖ type ‖ public key), in hex. Types: 1, Ed25519 over the note; 4, a witness's cosignature.
"""

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from earlystart_core.errors import Invalid, shown
from earlystart_core.proof.strict import NAME, bytes_in, check_carried, in_base64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519, COSIGNATURE = 1, 4
KINDS = (ED25519, COSIGNATURE)

# The y of the points of small order, in every spelling (libsodium, ge25519_has_small_order): under such a key one
# signature can be good for many notes. The highest bit, the sign of x, is left out.
_SMALL_ORDER = {
    bytes.fromhex(y)
    for y in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        *(f"{low}{'ff' * 30}7f" for low in ("ec", "ed", "ee")),
    )
}


class Vkey(msgspec.Struct, frozen=True):
    """A verifier key: its name, its type, and 32 bytes of an Ed25519 public key."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes: with the name they say which key made a signature."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{in_base64(bytes([self.kind]) + self.public)}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made that signature of those bytes."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(msgspec.Struct, frozen=True):
    """A name and an Ed25519 private key that signs under it."""

    name: str
    key: "Ed25519PrivateKey"

    @property
    def vkey(self) -> Vkey:
        """What others check its signatures of notes with."""
        return Vkey(self.name, ED25519, self.key.public_key().public_bytes_raw())


def vkey_in(given: bytes) -> Vkey:
    """The verifier key on one line.

    Raises:
        Invalid: not exactly one such line, of a type that is known, whose id is that of its name and key.
    """
    check_carried("vkey", given)
    if given.startswith(b"-----BEGIN"):
        raise Invalid("vkey", "expected the verifier key that log checkpoint tells, name+id+key, got a key in PEM")
    try:
        lines = given.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise Invalid("vkey", "expected one line of text, name+id+key, got other bytes") from None
    if len(lines) > 2 or (len(lines) == 2 and lines[1]):
        raise Invalid("vkey", f"expected one line, name+id+key, got {len(lines)} lines")
    if lines[0].startswith("vkey "):
        raise Invalid("vkey", "expected name+id+key alone, got the word vkey before it: take that away")
    parts = lines[0].split("+", 2)
    if len(parts) != 3:
        raise Invalid("vkey", "expected one line with three parts, name+id+key")
    name, id_, key = parts
    check_name("vkey", name)
    material = bytes_in("vkey", "type and public key", key)
    if not material or material[0] not in KINDS:
        raise Invalid("vkey", f"expected a key of type 1 (Ed25519) or 4 (cosignature), got {material[:1].hex() or '-'}")
    if len(material) != 33:
        raise Invalid("vkey", f"expected a public key of 32 bytes, got {len(material) - 1}")
    if material[1:32] + bytes([material[32] & 0x7F]) in _SMALL_ORDER:
        raise Invalid("vkey", "expected a public key, got a point of small order: it proves nothing")
    found = Vkey(name, material[0], material[1:])
    if found.id.hex() != id_:
        raise Invalid("vkey", f"expected the id {found.id.hex()} for that name and key, got {id_[:20]!r}")
    return found


def signer_in(pem: bytes, name: str) -> Signer:
    """The signer of that name with an Ed25519 key from unencrypted PKCS#8 PEM.

    Raises:
        Invalid: the key is another, or none; or the name cannot be a key's.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    check_name("origin", name)
    if not isinstance(pem, bytes):
        raise Invalid("key", f"expected an Ed25519 key as the bytes of PKCS#8 PEM, got {type(pem).__name__}")
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise Invalid("key", "expected an Ed25519 key as PKCS#8 PEM, got one under a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid("key", "expected an Ed25519 key as PKCS#8 PEM, got something else") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid("key", "expected an Ed25519 key, got a key of another kind")
    return Signer(str.__str__(name), key)


def check_name(field: str, name: str) -> None:
    """Returns where a key can have that name.

    Raises:
        Invalid: it is empty, too long, begins with a byte order mark, or has a space, a plus or a control character
            in it.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name) or any("\ud800" <= char <= "\udfff" for char in name):
        raise Invalid(field, f"expected a name of 1 to 200 characters without spaces or plus, got {shown(name)}")
    if name.startswith("\ufeff"):  # a checkpoint begins with it: read back, it would be an editor's
        raise Invalid(field, f"expected a name without a byte order mark at its beginning, got {shown(name)}")
