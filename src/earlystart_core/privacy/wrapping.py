"""Wrapping: data keys stand in a store of keys only under the key-encryption key, which never stands beside them."""

from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from earlystart_core.errors import Tampered
from earlystart_core.privacy.keys import Key, commitment


class KeyEncryption(Protocol):
    """Whoever holds the key-encryption key: this process (`LocalKey`), or a key service that never gives it out."""

    def wrap(self, key: Key) -> bytes:
        """The key's secret, wrapped."""

    def unwrap(self, kid: str, wrapped: bytes) -> Key:
        """The key that was wrapped.

        Raises:
            Tampered: it was altered, or another key-encryption key wrapped it.
            StoreUnavailable: the service does not answer.
        """


class LocalKey(msgspec.Struct, frozen=True):
    """A key-encryption key of 32 bytes in this process: AES-KW, RFC 3394."""

    kek: bytes

    def __repr__(self) -> str:
        return "LocalKey(…)"

    def wrap(self, key: Key) -> bytes:
        return wrap(self.kek, key)

    def unwrap(self, kid: str, wrapped: bytes) -> Key:
        return unwrap(self.kek, kid, wrapped)


def wrap(kek: bytes, key: Key) -> bytes:
    """The key's secret under the key-encryption key (32 bytes): AES-KW, RFC 3394; 40 bytes."""
    return aes_key_wrap(kek, key.secret)


def unwrap(kek: bytes, kid: str, wrapped: bytes) -> Key:
    """The key that was wrapped.

    Raises:
        Tampered: it was altered, or another key-encryption key wrapped it.
    """
    try:
        secret = aes_key_unwrap(kek, wrapped)
    except (InvalidUnwrap, ValueError):
        raise Tampered(f"the key {kid} does not open with this key-encryption key") from None
    return Key(kid, secret, commitment(kid, secret))
