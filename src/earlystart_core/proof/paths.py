"""Inclusion and consistency proofs: made as RFC 6962 section 2.1 defines them, verified as RFC 9162 section 2.1 says.

Indexes count from 0, so the entry at a position has the index position - 1.
"""

from collections.abc import Callable, Sequence

from earlystart_core.errors import Invalid, Tampered
from earlystart_core.proof.hashing import HASH, node_hash, split

NodeAt = Callable[[int, int], bytes]  # the hash of the whole subtree at a level and a number


def root_of(node: NodeAt, first: int, last: int) -> bytes:
    """The root of the leaves first ≤ index < last, at least one, as they stand together in a tree."""
    size = last - first
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, first >> level)
    middle = first + split(size)
    return node_hash(root_of(node, first, middle), root_of(node, middle, last))


def inclusion(node: NodeAt, index: int, size: int) -> list[bytes]:
    """The proof that a leaf is in the tree of that size: from its sibling up to the root's child.

    Raises:
        Invalid: there is no such leaf.
    """
    if not 0 <= index < size:
        raise Invalid("index", f"expected an index below the size {size}, got {index}")
    path: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + split(last - first)
        if index < middle:
            path.append(root_of(node, middle, last))
            last = middle
        else:
            path.append(root_of(node, first, middle))
            first = middle
    return path[::-1]


def consistency(node: NodeAt, old: int, new: int) -> list[bytes]:
    """The proof that the tree of the new size begins with that of the old size.

    Raises:
        Invalid: the old size is 0, or greater than the new one.
    """
    if not 0 < old <= new:
        raise Invalid("size", f"expected an old size from 1 to {new}, got {old}")
    path: list[bytes] = []
    first, last = 0, new
    while old != last:
        middle = first + split(last - first)
        if old <= middle:
            path.append(root_of(node, middle, last))
            last = middle
        else:
            path.append(root_of(node, first, middle))
            first = middle
    return [*([] if first == 0 else [root_of(node, first, last)]), *path[::-1]]


def check_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Returns where the path leads from that leaf to that root.

    Raises:
        Tampered: it does not, or it is of another length, another leaf or another tree.
    """
    if not 0 <= index < size:
        raise Tampered(f"the proof is of index {index}: expected one below the size of its tree, {size}")
    _check_hashes(leaf, *path, root)
    place, end, found = index, size - 1, leaf
    for hash_ in path:
        if end == 0:
            raise Tampered(f"the proof is too long for index {index} of {size}: it goes beyond the root")
        if place & 1 or place == end:
            found = node_hash(hash_, found)
            while place & 1 == 0 and place:
                place, end = place >> 1, end >> 1
        else:
            found = node_hash(found, hash_)
        place, end = place >> 1, end >> 1
    if end != 0:
        raise Tampered(f"the proof is too short for index {index} of {size}: it ends below the root")
    if found != root:
        raise Tampered(f"the proof of index {index} leads to another root than that of the tree of size {size}")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """Returns where the tree of the new size and root begins with that of the old size and root.

    Raises:
        Tampered: it does not, or the proof is malformed.
    """
    if not 0 < old <= new:
        raise Tampered(f"the proof is from size {old} to size {new}: expected a size from 1 to no smaller one")
    if old == new:
        if path:
            raise Tampered(f"the proof from size {old} to the same size is too long: expected no hash")
        if old_root != new_root:
            raise Tampered(f"there are two roots of size {old}: one history was changed into another")
        return
    if not path:
        raise Tampered(f"the proof from size {old} to size {new} is too short: expected a hash at least")
    _check_hashes(old_root, new_root, *path)
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    place, end = old - 1, new - 1
    while place & 1:
        place, end = place >> 1, end >> 1
    before = after = hashes[0]
    for hash_ in hashes[1:]:
        if end == 0:
            raise Tampered(f"the proof from size {old} to size {new} is too long: it goes beyond the root")
        if place & 1 or place == end:
            before, after = node_hash(hash_, before), node_hash(hash_, after)
            while place & 1 == 0 and place:
                place, end = place >> 1, end >> 1
        else:
            after = node_hash(after, hash_)
        place, end = place >> 1, end >> 1
    if end != 0:
        raise Tampered(f"the proof from size {old} to size {new} is too short: it ends below the root")
    if before != old_root:
        raise Tampered(f"the proof does not lead to the root of size {old}: history before it was changed")
    if after != new_root:
        raise Tampered(f"the proof does not lead to the root of size {new}: it is of another tree")


def _check_hashes(*hashes: bytes) -> None:
    for hash_ in hashes:
        if len(hash_) != HASH:
            raise Tampered(f"a hash of the proof is cut or padded: expected {HASH} bytes, got {len(hash_)}")
