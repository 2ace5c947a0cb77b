"""A sealed value: personal text, encrypted for each of its subjects, bound to the entry and field it stands in.

Opening has three outcomes and no fourth: the text, `Shredded`, or `Tampered` raised (audit.md 3.1, 3.2).
"""

import base64
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

from earlystart_core.errors import StoreUnavailable, Tampered
from earlystart_core.privacy.keys import Chance, Key, Keys, Shredded, find_joint

NONCE = 12  # bytes
_encode = msgspec.json.Encoder(order="sorted").encode


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text under one subject's key, or under those of several together."""

    alg: str  # A256GCM-SIV, or A256GCM where the machine's OpenSSL lacks it
    ct: str  # base64(nonce ‖ ciphertext and tag)
    kcv: str  # commitment to the key, checked before opening
    kid: str  # the name of the key, or of several that are needed together, joined by +


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One envelope a subject, in the order of the subjects."""

    sealed: tuple[Envelope, ...]


def _cipher(alg: str, secret: bytes) -> AESGCM | AESGCMSIV:
    return AESGCMSIV(secret) if alg == "A256GCM-SIV" else AESGCM(secret)


def _preferred() -> str:
    try:
        AESGCMSIV(bytes(32))
    except UnsupportedAlgorithm:
        return "A256GCM"
    return "A256GCM-SIV"


ALGORITHM = _preferred()


def _bound(alg: str, key: Key, place: dict[str, Any]) -> bytes:
    """The associated data: a ciphertext cannot be moved to another entry, type, version, field or key."""
    return _encode({"alg": alg, "kcv": key.kcv, "kid": key.kid, **place})


def seal(text: str, keys: list[Key], place: dict[str, Any], chance: Chance) -> Sealed:
    """The text sealed for those keys. `place`: what the ciphertext is bound to (`words.place_of`)."""
    envelopes = []
    for key in keys:
        nonce = chance(NONCE)
        ct = _cipher(ALGORITHM, key.secret).encrypt(nonce, text.encode(), _bound(ALGORITHM, key, place))
        envelopes.append(Envelope(ALGORITHM, base64.b64encode(nonce + ct).decode(), key.kcv, key.kid))
    return Sealed(tuple(envelopes))


def open_sealed(sealed: Sealed, place: dict[str, Any], keys: Keys) -> str | Shredded:
    """The text, through the first envelope whose key still stands; Shredded when none does.

    Raises:
        Tampered: an envelope does not open in this place with the key that it names.
        StoreUnavailable: this key store never had any of the keys.
    """
    left: Shredded | None = None
    for envelope in sealed.sealed:
        key = find_joint(keys, envelope.kid)
        if isinstance(key, Shredded):
            left = key
        elif key is not None:
            return _open(envelope, key, place)
    if left is None:
        raise StoreUnavailable("the key store holds no key for this text: expected the keys kept beside this log")
    return left


def _open(envelope: Envelope, key: Key, place: dict[str, Any]) -> str:
    if envelope.alg not in ("A256GCM-SIV", "A256GCM") or envelope.kcv != key.kcv:
        raise Tampered(f"text sealed under {envelope.kid} does not commit to that key")
    try:
        blob = base64.b64decode(envelope.ct, validate=True)
        plain = _cipher(envelope.alg, key.secret).decrypt(blob[:NONCE], blob[NONCE:], _bound(envelope.alg, key, place))
    except (InvalidTag, ValueError):
        raise Tampered(f"text sealed under {envelope.kid} does not open in the place where it stands") from None
    return plain.decode()
