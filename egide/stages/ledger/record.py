"""An event becomes a leaf, and the tree's head becomes a signed checkpoint."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from egide.crypto.commit import commit, reveal
from egide.crypto.note import Checkpoint, Note, Verifier, open_checkpoint, sign_note
from egide.crypto.sign import SigningKey
from egide.crypto.tree import completed, leaf_hash, root_at
from egide.model.errors import Tampered
from egide.model.event import Event, Leaf
from egide.ports.ledger import LedgerStore

Sealer = Callable[[bytes], bytes]


def append(store: LedgerStore, event: Event, seal_side: Sealer) -> int:
    """Adds one leaf and the nodes it completes; returns its index. Call it inside the transaction of what it records.

    Raises Tampered when a node that the tree needs is missing.
    """
    made, index = commit(event), store.size()
    hashed = leaf_hash(made.leaf)
    store.append_leaf(index, made.leaf, hashed, seal_side(made.side))
    for level, place, found in completed(index, hashed, store.node):
        if level:
            store.put_node(level, place, found)
    return index


def checkpoint(store: LedgerStore, origin: str, key: SigningKey) -> bytes:
    """Signs today's head and keeps it; returns the kept one when nothing was added since.

    Raises Tampered when the stored nodes no longer lead to the last signed head: the hub never signs a fork of itself.
    """
    size, last = store.size(), store.last_checkpoint()
    if last is not None:
        head = open_checkpoint(last, Verifier(origin, key.verify_key))
        if head.size > size:
            raise Tampered("ledger.leaves-removed", signed=head.size, size=size)
        if root_at(head.size, store.node) != head.root:
            raise Tampered("ledger.checkpoint-root", size=head.size)
        if head.size == size:
            return last
    note = bytes(sign_note(str(Checkpoint(origin, size, root_at(size, store.node))), origin, key))
    store.put_checkpoint(size, note)
    return note


@dataclass(frozen=True)
class Recorded:
    """A leaf as `egide ledger show` prints it; `event` is None once its side row was erased."""

    index: int
    leaf: Leaf
    event: Event | None


def history(
    store: LedgerStore, unseal_side: Sealer, start: int = 0, end: int | None = None
) -> Iterator[Recorded]:
    """The events in order. Raises Tampered when a side row does not open or does not match its leaf."""
    for index, leaf in store.leaves(start, store.size() if end is None else end):
        side = store.side(index)
        yield Recorded(index, Leaf.parse(leaf), None if side is None else reveal(leaf, unseal_side(side)))


def last_head(store: LedgerStore) -> tuple[Note, Checkpoint] | None:
    """The last kept head, not checked."""
    last = store.last_checkpoint()
    if last is None:
        return None
    note = Note.parse(last)
    return note, Checkpoint.parse(note.text)
