"""Proofs for outsiders: a leaf is in the tree; the tree only grew."""

from egide.crypto import tree
from egide.model.errors import BadUsage
from egide.ports.ledger import LedgerStore


def prove_inclusion(store: LedgerStore, index: int, size: int) -> list[bytes]:
    """Leaf `index` is in the tree of `size` leaves. Raises BadUsage when there is no such leaf or tree."""
    if not 0 <= index < size <= store.size():
        raise BadUsage("ledger.no-such-leaf", index=index, size=size)
    return tree.inclusion_proof(index, size, store.node)


def prove_consistency(store: LedgerStore, old: int, new: int) -> list[bytes]:
    """The tree of `new` leaves extends that of `old`. Raises BadUsage when there are no such trees."""
    if not 0 <= old <= new <= store.size():
        raise BadUsage("ledger.no-such-size", old=old, new=new)
    return tree.consistency_proof(old, new, store.node)
