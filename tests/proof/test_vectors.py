"""The hash tree against published vectors: RFC 6962's reference tree, and the proofs of transparency-dev/merkle."""

import base64
import json
from functools import partial
from pathlib import Path

import pytest

from earlystart_core.entry import leaf_of
from earlystart_core.errors import Tampered
from earlystart_core.proof.compact import Range
from earlystart_core.proof.hashing import EMPTY, node_hash
from earlystart_core.proof.paths import check_consistency, check_inclusion, consistency, inclusion, root_of

DATA = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
LEAVES = [leaf_of(data) for data in DATA]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
NAMED = {
    "l0": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "l1": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "l2": "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "l3": "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "l4": "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "l5": "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    "l6": "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "l7": "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
    "n01": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "n03": "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "n23": "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "n45": "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "n46": "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
    "n67": "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "n47": "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
}
NAMES = {bytes.fromhex(text): name for name, text in NAMED.items()}
PATHS = """
n=2: 0[l1] 1[l0]
n=3: 0[l1 l2] 1[l0 l2] 2[n01]
n=4: 0[l1 n23] 1[l0 n23] 2[l3 n01] 3[l2 n01]
n=5: 0[l1 n23 l4] 1[l0 n23 l4] 2[l3 n01 l4] 3[l2 n01 l4] 4[n03]
n=6: 0[l1 n23 n45] 1[l0 n23 n45] 2[l3 n01 n45] 3[l2 n01 n45] 4[l5 n03] 5[l4 n03]
n=7: 0[l1 n23 n46] 1[l0 n23 n46] 2[l3 n01 n46] 3[l2 n01 n46] 4[l5 l6 n03] 5[l4 l6 n03] 6[n45 n03]
n=8: 0[l1 n23 n47] 1[l0 n23 n47] 2[l3 n01 n47] 3[l2 n01 n47] 4[l5 n67 n03] 5[l4 n67 n03] 6[l7 n45 n03] 7[l6 n45 n03]
"""
PROOFS = """
(1,2)[l1] (1,3)[l1 l2] (2,3)[l2] (1,4)[l1 n23] (2,4)[n23] (3,4)[l2 l3 n01]
(1,5)[l1 n23 l4] (2,5)[n23 l4] (3,5)[l2 l3 n01 l4] (4,5)[l4]
(1,6)[l1 n23 n45] (2,6)[n23 n45] (3,6)[l2 l3 n01 n45] (4,6)[n45] (5,6)[l4 l5 n03]
(1,7)[l1 n23 n46] (2,7)[n23 n46] (3,7)[l2 l3 n01 n46] (4,7)[n46] (5,7)[l4 l5 l6 n03] (6,7)[n45 l6 n03]
(1,8)[l1 n23 n47] (2,8)[n23 n47] (3,8)[l2 l3 n01 n47] (4,8)[n47] (5,8)[l4 l5 n67 n03] (6,8)[n45 n67 n03]
(7,8)[l6 l7 n45 n03]
"""
DECIMAL = {
    16: "acfca191dcca991f54c07c54700b28ac8625e74614b2dadb96e7ae94694bedc8",
    100: "7a1541f5e93292eb40660749ef8f36ef074d30052102fab1abfd03bf09e5685d",
    256: "828515d033c19d8c901f37eccb8aed919667703486f8d2fff1cf7040321c5db1",
    257: "1eda049a4351d86f76252bd7ec0b7746ad75b7fa0316ad5f541dbda458a312c4",
    1000: "638afa98022925bacfddadb15ef22fd0199c1ac99c2973b6158243d13fce05c2",
}


def node_of(leaves: list[bytes], level: int, number: int) -> bytes:
    """The hash of a whole subtree, by the definition."""
    if level == 0:
        return leaves[number]
    below = level - 1
    return node_hash(node_of(leaves, below, 2 * number), node_of(leaves, below, 2 * number + 1))


reference = partial(node_of, LEAVES)


def test_the_hashes_of_leaves_and_nodes_are_those_of_rfc_6962() -> None:
    assert EMPTY.hex() == ROOTS[0]
    assert leaf_of(b"").hex() == NAMED["l0"]
    assert leaf_of(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    above = node_hash(b"N123", b"N456")
    assert above.hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(9))
def test_roots_of_the_reference_tree(size: int) -> None:
    found = Range()
    for leaf in LEAVES[:size]:
        found.push(leaf)
    assert found.root().hex() == ROOTS[size]
    if size:
        assert root_of(reference, 0, size).hex() == ROOTS[size]


@pytest.mark.parametrize("size", DECIMAL)
def test_roots_of_larger_trees(size: int) -> None:
    found = Range()
    found.extend([leaf_of(str(number).encode()) for number in range(size)])
    assert found.root().hex() == DECIMAL[size]
    assert len(found.hashes) == size.bit_count()


def test_inclusion_paths_of_the_reference_tree() -> None:
    said = []
    for size in range(2, 9):
        paths = []
        for index in range(size):
            path = inclusion(reference, index, size)
            check_inclusion(index, size, LEAVES[index], path, bytes.fromhex(ROOTS[size]))
            paths.append(f"{index}[{' '.join(NAMES[hash_] for hash_ in path)}]")
        said.append(f"n={size}: {' '.join(paths)}")
    assert said == PATHS.strip().splitlines()
    assert inclusion(reference, 0, 1) == []


def test_consistency_proofs_of_the_reference_tree() -> None:
    said = []
    for new in range(2, 9):
        for old in range(1, new):
            path = consistency(reference, old, new)
            check_consistency(old, new, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]), path)
            said.append(f"({old},{new})[{' '.join(NAMES[hash_] for hash_ in path)}]")
    assert said == " ".join(PROOFS.split("\n")).strip().replace("] (", "]\n(").splitlines()
    assert all(consistency(reference, size, size) == [] for size in range(1, 9))


def cases(kind: str) -> list[tuple[str, dict]]:
    text = (Path(__file__).parents[1] / "data" / "merkle" / f"{kind}.json").read_text("utf-8")
    found = list(json.loads(text).items())
    assert len(found) == 98
    return found


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


@pytest.mark.parametrize(("name", "case"), cases("inclusion"), ids=lambda each: each if isinstance(each, str) else "")
def test_inclusion_proofs_of_transparency_dev(name: str, case: dict) -> None:
    path = [decoded(each) for each in case["proof"] or []]
    given = case["leafIdx"], case["treeSize"], decoded(case["leafHash"]), path, decoded(case["root"])
    if case["wantErr"]:
        with pytest.raises(Tampered):
            check_inclusion(*given)
    else:
        check_inclusion(*given)


@pytest.mark.parametrize(("name", "case"), cases("consistency"), ids=lambda each: each if isinstance(each, str) else "")
def test_consistency_proofs_of_transparency_dev(name: str, case: dict) -> None:
    path = [decoded(each) for each in case["proof"] or []]
    given = case["size1"], case["size2"], decoded(case["root1"]), decoded(case["root2"]), path
    if case["wantErr"]:
        with pytest.raises(Tampered):
            check_consistency(*given)
    else:
        check_consistency(*given)
