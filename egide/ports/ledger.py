"""Where the ledger's rows are kept, and the independent party that countersigns its heads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


class LedgerStore(Protocol):
    """Rows of the ledger. Appending happens in the same transaction as the change that the event records.

    The store is not trusted: `egide.stages.ledger.verify` recomputes everything in it. Erasing a side row is the one
    change that a kept ledger allows.
    """

    def size(self) -> int:
        """One more than the largest leaf index, 0 when empty."""
        ...

    def append_leaf(self, index: int, leaf: bytes, leaf_hash: bytes, side: bytes | None) -> None:
        """`leaf_hash` is node (0, index); `side` comes sealed. Two writers of one index: the second must fail."""
        ...

    def put_node(self, level: int, index: int, hash_: bytes) -> None:
        """Keeps a complete subtree's hash, level 1 and above."""
        ...

    def node(self, level: int, index: int) -> bytes:
        """Raises Tampered with key ledger.node-missing."""
        ...

    def nodes(self, level: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The nodes of a level that exist with start <= index < end, in order."""
        ...

    def leaf(self, index: int) -> bytes:
        """Raises Tampered with key ledger.leaf-missing."""
        ...

    def leaves(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The leaves that exist with start <= index < end, in order."""
        ...

    def side(self, index: int) -> bytes | None:
        """The sealed side row; None once erased."""
        ...

    def erase_side(self, index: int) -> None: ...

    def put_checkpoint(self, size: int, note: bytes) -> None:
        """Keeps a signed head; the same size again replaces it (a cosignature was added)."""
        ...

    def last_checkpoint(self) -> bytes | None:
        """The one of the largest size."""
        ...

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """All of them as (size, note), by size."""
        ...


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness agreed: its signature lines, to be checked and added to the checkpoint."""

    lines: bytes


@dataclass(frozen=True, slots=True)
class LastSeen:
    """The witness remembers another size than the proof starts from: prove from this one."""

    size: int


class Witness(Protocol):
    """Keeps the last head it saw of each ledger and countersigns only what extends it (C2SP tlog-witness)."""

    def add_checkpoint(self, old: int, proof: Sequence[bytes], note: bytes) -> Cosigned | LastSeen:
        """Raises Tampered (witness.fork, witness.inconsistent), Denied (witness.unknown-ledger, witness.signature,
        witness.refused) or Unreachable (witness.unreachable)."""
        ...
