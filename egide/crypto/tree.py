"""The ledger's Merkle tree: RFC 6962 section 2.1, SHA-256. Pure functions over a reader of stored nodes.

A store keeps the hash of every complete subtree under (level, index): level 0 holds the leaf hashes, node (l, i)
covers leaves i * 2**l to (i + 1) * 2**l. Such a node never changes, so appending writes two nodes on average.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from egide.model.errors import Tampered

NodeReader = Callable[[int, int], bytes]
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed(index: int, leaf: bytes, node: NodeReader) -> Iterator[tuple[int, int, bytes]]:
    """The nodes (level, index, hash) that appending the leaf hash number `index` completes, leaf first."""
    level, found = 0, leaf
    yield level, index, found
    while index & 1:
        found = node_hash(node(level, index - 1), found)
        level, index = level + 1, index >> 1
        yield level, index, found


def root_at(size: int, node: NodeReader) -> bytes:
    """The root when the tree had `size` leaves; any size up to today's."""
    return _span(0, size, node) if size else EMPTY_ROOT


def _split(width: int) -> int:
    """The largest power of two below `width`, where RFC 6962 parts a tree."""
    return 1 << ((width - 1).bit_length() - 1)


def _span(start: int, end: int, node: NodeReader) -> bytes:
    """The hash of leaves start to end, a span that RFC 6962's splitting reaches: so complete ones are aligned."""
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(width)
    return node_hash(_span(start, middle, node), _span(middle, end, node))


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """Section 2.1.1. Raises ValueError unless 0 <= index < size."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of this size")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_span(middle, end, node))
            end = middle
        else:
            path.append(_span(start, middle, node))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: NodeReader) -> list[bytes]:
    """Section 2.1.2. Empty from size 0 and between equal sizes. Raises ValueError unless 0 <= old <= new."""
    if not 0 <= old <= new:
        raise ValueError("a tree only grows")
    if old in (0, new):
        return []
    start, end, proof = 0, new, []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_span(middle, end, node))
            end = middle
        else:
            proof.append(_span(start, middle, node))
            start = middle
    if start:  # the old root itself is known to whoever checks
        proof.append(_span(start, end, node))
    return proof[::-1]


def check_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Leaf hash `leaf` is number `index` of the tree of `size` leaves under `root` (RFC 9162, 2.1.3.2).

    Raises Tampered with key ledger.not-included.
    """
    wrong = Tampered("ledger.not-included", index=index, size=size)
    if not 0 <= index < size:
        raise wrong
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise wrong
        if place & 1 or place == last:
            found = node_hash(step, found)
            place, last = _skip_lonely(place, last)
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last != 0 or found != root:
        raise wrong


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """The tree of `new` leaves only added to the tree of `old` leaves (RFC 9162, 2.1.4.2).

    Raises Tampered with key ledger.not-consistent.
    """
    wrong = Tampered("ledger.not-consistent", old=old, new=new)
    if not 0 <= old <= new:
        raise wrong
    if old in (0, new):
        if proof or old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise wrong
        return
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not steps or _roots_from(old, new, steps) != (old_root, new_root):
        raise wrong


def _roots_from(old: int, new: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            place, last = _skip_lonely(place, last)
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    return (before, after) if last == 0 else None


def _skip_lonely(place: int, last: int) -> tuple[int, int]:
    """Passes the levels where the rightmost subtree has no sibling."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last
