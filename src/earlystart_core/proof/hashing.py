"""The hash tree of RFC 6962 section 2.1 (RFC 9162 section 2.1), over SHA-256. `entry.leaf_of` gives its leaves.

A node's place is its level and its number: at level L the number N stands for the leaves N·2^L up to (N+1)·2^L.
"""

from collections.abc import Sequence
from hashlib import sha256

HASH = 32  # bytes
LEVEL = 8  # of the smallest subtrees that are kept beside a log
BLOCK = 1 << LEVEL  # leaves of such a one
EMPTY = sha256(b"").digest()  # the root of no leaves

Node = tuple[int, int, bytes]  # level, number, hash


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash above two hashes: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def halved(hashes: Sequence[bytes]) -> list[bytes]:
    """The level above an even number of hashes."""
    pairs = iter(hashes)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]


def whole_root(hashes: Sequence[bytes]) -> bytes:
    """The root above as many hashes as a power of two, all of one level."""
    while len(hashes) > 1:
        hashes = halved(hashes)
    return hashes[0]


def split(size: int) -> int:
    """Where the tree of that many leaves parts, two or more: the greatest power of two that is less."""
    return 1 << (size - 1).bit_length() - 1


def cut(leaves: bytes) -> list[bytes]:
    """Hashes that stand one behind the other, apart."""
    return [leaves[at : at + HASH] for at in range(0, len(leaves), HASH)]
