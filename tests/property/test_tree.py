"""The Merkle tree against RFC 6962 written as plainly as its text, and against the vectors that others publish."""

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.crypto import tree
from egide.model.errors import Tampered

LARGEST = 70


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + plain_root(leaves[:k]) + plain_root(leaves[k:])).digest()


def plain_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*plain_path(m, leaves[:k]), plain_root(leaves[k:])]
    return [*plain_path(m - k, leaves[k:]), plain_root(leaves[:k])]


def plain_proof(m: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """RFC 6962, 2.1.2: SUBPROOF."""
    if m == len(leaves):
        return [] if whole else [plain_root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*plain_proof(m, leaves[:k], whole), plain_root(leaves[k:])]
    return [*plain_proof(m - k, leaves[k:], False), plain_root(leaves[:k])]


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


class Nodes(dict[tuple[int, int], bytes]):
    """The complete subtrees, as a store keeps them."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        super().__init__()
        for index, leaf in enumerate(leaves):
            for level, place, found in tree.completed(index, tree.leaf_hash(leaf), self.read):
                self[level, place] = found

    def read(self, level: int, index: int) -> bytes:
        return self[level, index]


def some_leaves(count: int) -> list[bytes]:
    return [b"leaf %d" % n for n in range(count)]


def refused(check: Callable[..., None], *arguments: object) -> bool:
    try:
        check(*arguments)
    except Tampered:
        return True
    return False


def test_every_root_up_to_70() -> None:
    leaves = some_leaves(LARGEST)
    nodes = Nodes(leaves)
    for size in range(LARGEST + 1):
        assert tree.root_at(size, nodes.read) == plain_root(leaves[:size])


def test_every_inclusion_proof_up_to_70() -> None:
    leaves = some_leaves(LARGEST)
    nodes = Nodes(leaves)
    for size in range(1, LARGEST + 1):
        root = plain_root(leaves[:size])
        for index in range(size):
            proof = tree.inclusion_proof(index, size, nodes.read)
            assert proof == plain_path(index, leaves[:size])
            tree.check_inclusion(tree.leaf_hash(leaves[index]), index, size, root, proof)


def test_every_consistency_proof_up_to_70() -> None:
    leaves = some_leaves(LARGEST)
    nodes = Nodes(leaves)
    roots = [plain_root(leaves[:size]) for size in range(LARGEST + 1)]
    for new in range(LARGEST + 1):
        for old in range(new + 1):
            proof = tree.consistency_proof(old, new, nodes.read)
            assert proof == (plain_proof(old, leaves[:new]) if old else [])
            tree.check_consistency(old, new, roots[old], roots[new], proof)


def test_only_complete_subtrees_are_kept() -> None:
    assert len(Nodes(some_leaves(64))) == 127
    assert len(Nodes(some_leaves(70))) == 127 + 3 + 7


@settings(max_examples=60, deadline=None)
@given(size=st.integers(2, 200), pick=st.data())
def test_any_change_to_an_inclusion_proof_is_refused(size: int, pick: st.DataObject) -> None:
    leaves = some_leaves(size)
    nodes, root = Nodes(leaves), plain_root(leaves)
    index = pick.draw(st.integers(0, size - 1))
    leaf, proof = tree.leaf_hash(leaves[index]), tree.inclusion_proof(index, size, nodes.read)
    place = pick.draw(st.integers(0, len(proof) - 1))
    other = hashlib.sha256(b"other").digest()
    wrong = [
        (other, index, size, root, proof),
        (leaf, index, size, other, proof),
        (leaf, index, size, root, proof[:-1]),
        (leaf, index, size, root, [*proof, root]),
        (leaf, index, size, root, [root, *proof]),
        (leaf, index, size, root, [*proof[:place], other, *proof[place + 1 :]]),
        (leaf, -1, size, root, proof),
        (leaf, index, 4 * size, root, proof),
        (leaf, size, size, root, proof),
        *[(leaf, elsewhere, size, root, proof) for elsewhere in range(size) if elsewhere != index],
    ]
    assert [case for case in wrong if not refused(tree.check_inclusion, *case)] == []


@settings(max_examples=60, deadline=None)
@given(new=st.integers(2, 200), pick=st.data())
def test_any_change_to_a_consistency_proof_is_refused(new: int, pick: st.DataObject) -> None:
    old = pick.draw(st.integers(1, new - 1))
    leaves = some_leaves(new)
    nodes = Nodes(leaves)
    before, after = plain_root(leaves[:old]), plain_root(leaves)
    proof = tree.consistency_proof(old, new, nodes.read)
    place = pick.draw(st.integers(0, len(proof) - 1))
    other = hashlib.sha256(b"other").digest()
    wrong = [
        (old, new, other, after, proof),
        (old, new, before, other, proof),
        (old, new, after, before, proof),
        (old, new, before, after, []),
        (old, new, before, after, proof[:-1]),
        (old, new, before, after, [*proof, proof[-1]]),
        (old, new, before, after, [*proof[:place], other, *proof[place + 1 :]]),
        (new, old, after, before, proof),
        (old, 4 * new, before, after, proof),
        (new, new, before, after, []),
        (0, new, before, after, proof),
    ]
    assert [case for case in wrong if not refused(tree.check_consistency, *case)] == []


@settings(max_examples=60, deadline=None)
@given(size=st.integers(2, 120), pick=st.data())
def test_a_rewritten_past_has_no_consistency_proof(size: int, pick: st.DataObject) -> None:
    old = pick.draw(st.integers(1, size))
    changed = pick.draw(st.integers(0, old - 1))
    honest, forged = some_leaves(size), some_leaves(size)
    forged[changed] = b"rewritten"
    proof = tree.consistency_proof(old, size, Nodes(forged).read)
    assert refused(tree.check_consistency, old, size, plain_root(honest[:old]), plain_root(forged), proof)


# Known answers of the certificate-transparency project's Merkle tree tests, over its eight reference leaves.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"


def test_published_roots() -> None:
    nodes = Nodes(CT_LEAVES)
    assert [tree.root_at(size, nodes.read).hex() for size in range(1, 9)] == CT_ROOTS
    assert tree.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 1, []),
        (0, 8, [A, B, C]),
        (5, 8, [D, E, CT_ROOTS[3]]),
        (2, 3, [CT_ROOTS[1]]),
        (1, 5, [CT_ROOTS[0], B, D]),
    ],
)
def test_published_paths(index: int, size: int, path: list[str]) -> None:
    proof = tree.inclusion_proof(index, size, Nodes(CT_LEAVES).read)
    assert [step.hex() for step in proof] == path


@pytest.mark.parametrize(
    ("old", "new", "path"), [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [F, E, CT_ROOTS[3]]), (2, 5, [B, D])]
)
def test_published_consistency(old: int, new: int, path: list[str]) -> None:
    proof = tree.consistency_proof(old, new, Nodes(CT_LEAVES).read)
    assert [step.hex() for step in proof] == path
