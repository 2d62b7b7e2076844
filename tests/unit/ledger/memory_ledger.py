"""A ledger in memory: the plainest store, whose rows the tests may tamper with."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from egide.model.errors import Tampered


@dataclass
class MemoryLedger:
    rows: dict[int, bytes] = field(default_factory=dict)
    sides: dict[int, bytes] = field(default_factory=dict)
    hashes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    heads: dict[int, bytes] = field(default_factory=dict)

    def size(self) -> int:
        return max(self.rows, default=-1) + 1

    def append_leaf(self, index: int, leaf: bytes, leaf_hash: bytes, side: bytes | None) -> None:
        if index in self.rows:
            raise ValueError("two writers of one index")
        self.rows[index] = leaf
        self.hashes[0, index] = leaf_hash
        if side is not None:
            self.sides[index] = side

    def put_node(self, level: int, index: int, hash_: bytes) -> None:
        self.hashes[level, index] = hash_

    def node(self, level: int, index: int) -> bytes:
        if (level, index) not in self.hashes:
            raise Tampered("ledger.node-missing", level=level, index=index)
        return self.hashes[level, index]

    def nodes(self, level: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        return ((i, self.hashes[level, i]) for i in range(start, end) if (level, i) in self.hashes)

    def leaf(self, index: int) -> bytes:
        if index not in self.rows:
            raise Tampered("ledger.leaf-missing", index=index)
        return self.rows[index]

    def leaves(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        return ((i, self.rows[i]) for i in range(start, end) if i in self.rows)

    def side(self, index: int) -> bytes | None:
        return self.sides.get(index)

    def erase_side(self, index: int) -> None:
        self.sides.pop(index, None)

    def put_checkpoint(self, size: int, note: bytes) -> None:
        self.heads[size] = note

    def last_checkpoint(self) -> bytes | None:
        return self.heads[max(self.heads)] if self.heads else None

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        return iter(sorted(self.heads.items()))
