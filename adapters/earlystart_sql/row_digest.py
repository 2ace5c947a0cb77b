"""Digests of rows that may change or go, under a secret of the key store: who has the database alone can make none."""

import hmac

import msgspec

_encode = msgspec.msgpack.encode


def row_digest(secret: bytes, table: str, *values: object) -> bytes:
    """The digest of a row of that table, 32 bytes: HMAC-SHA256 over the table's name and each value with its type."""
    return hmac.digest(secret, _encode((table, values)), "sha256")
