"""The hash tree at any size: pymerkle agrees, ranges join, and a proof that is touched anywhere no longer holds."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from earlystart_core.entry import leaf_of
from earlystart_core.errors import Invalid, Tampered
from earlystart_core.proof.compact import Range
from earlystart_core.proof.hashing import cut
from earlystart_core.proof.paths import check_consistency, check_inclusion, consistency, inclusion

from .test_vectors import node_of

SIZES = st.integers(1, 150)
LEAVES = [leaf_of(str(number).encode()) for number in range(150)]
node = partial(node_of, LEAVES)
ORACLE = InmemoryTree(algorithm="sha256")
for _number in range(150):
    ORACLE.append_entry(str(_number).encode())


def root(size: int) -> bytes:
    found = Range()
    found.extend(LEAVES[:size])
    return found.root()


@given(SIZES)
def test_roots_are_those_of_pymerkle(size: int) -> None:
    assert root(size) == ORACLE.get_root(size)


@given(SIZES, st.data())
def test_inclusion_is_that_of_pymerkle(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion(node, index, size)
    theirs = ORACLE.prove_inclusion(index + 1, size)
    assert theirs.path[1:] == path
    verify_inclusion(LEAVES[index], root(size), theirs)
    check_inclusion(index, size, LEAVES[index], path, root(size))


@given(SIZES, st.data())
def test_consistency_holds_as_pymerkle_says(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    check_consistency(old, size, root(old), root(size), consistency(node, old, size))
    verify_consistency(root(old), root(size), ORACLE.prove_consistency(old, size))


@given(st.lists(st.integers(0, 40), max_size=6))
def test_however_leaves_come_the_range_is_one(steps: list[int]) -> None:
    one, many, joined, at = Range(), Range(), Range(), 0
    for step in steps:
        some = (LEAVES * 2)[at : at + step]
        at += step
        for leaf in some:
            one.push(leaf)
        many.extend(some)
        for leaf in some:
            joined.merge(Range(1, [leaf]))
    assert one.size == many.size == joined.size == at
    assert one.hashes == many.hashes == joined.hashes
    assert one.copy().root() == many.root() == joined.root()


@given(st.integers(0, 4), st.integers(0, 64))
def test_a_range_takes_another_that_stands_behind_it(blocks: int, behind: int) -> None:
    first, second, whole = Range(), Range(), Range()
    first.extend(LEAVES[: 16 * blocks])
    second.extend(LEAVES[16 * blocks : 16 * blocks + min(behind, 16)])
    whole.extend(LEAVES[: 16 * blocks + min(behind, 16)])
    first.merge(second)
    assert (first.size, first.hashes) == (whole.size, whole.hashes)


def test_a_range_refuses_what_cannot_stand_behind_it() -> None:
    one = Range(1, [LEAVES[0]])
    with pytest.raises(ValueError, match="a multiple of 2"):
        one.push(LEAVES[1], 1)
    with pytest.raises(ValueError, match="one hash for each one"):
        Range(3, [LEAVES[0]])


@given(SIZES, st.data())
def test_a_touched_inclusion_proof_does_not_hold(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path, there = inclusion(node, index, size), root(size)
    for spoiled in touched(path, data):
        with pytest.raises(Tampered):
            check_inclusion(index, size, LEAVES[index], spoiled, there)
    other = data.draw(st.integers(-1, size + 2).filter(lambda other: other != index))
    with pytest.raises(Tampered):
        check_inclusion(other, size, LEAVES[index], path, there)


@given(SIZES, st.data())
def test_a_touched_consistency_proof_does_not_hold(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    path = consistency(node, old, size)
    for spoiled in touched(path, data):
        with pytest.raises(Tampered):
            check_consistency(old, size, root(old), root(size), spoiled)
    with pytest.raises(Tampered):
        check_consistency(old, size, leaf_of(b"other"), root(size), path)


def touched(path: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """The proof spoiled: longer, shorter, a bit turned, a hash cut, two hashes swapped."""
    found = [[*path, path[0] if path else LEAVES[0]]]
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        bit = data.draw(st.integers(0, 255))
        turned = (int.from_bytes(path[at], "big") ^ (1 << bit)).to_bytes(32, "big")
        found += [path[:-1], path[1:], [*path[:at], turned, *path[at + 1 :]], [*path[:at], b"", *path[at + 1 :]]]
    if len(path) > 1:
        found.append([path[1], path[0], *path[2:]])
    return found


def test_what_cannot_be_proven_is_a_wrong_call() -> None:
    for index, size in ((-1, 3), (3, 3), (0, 0)):
        with pytest.raises(Invalid, match="below the size"):
            inclusion(node, index, size)
    for old, new in ((0, 3), (4, 3)):
        with pytest.raises(Invalid, match="an old size from 1"):
            consistency(node, old, new)
    assert cut(b"".join(LEAVES[:3])) == LEAVES[:3]
