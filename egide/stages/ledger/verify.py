"""Recomputes the ledger from its leaves and compares every stored node and every signed head. Trusts no stored byte."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from egide.crypto.note import Checkpoint, Verifier, open_checkpoint
from egide.crypto.sign import VerifyKey
from egide.crypto.tree import completed, leaf_hash, root_at
from egide.model.errors import BadInput, Tampered
from egide.ports.ledger import LedgerStore

BLOCK = 1024  # leaves read and compared together: bounded memory, few queries


@dataclass(frozen=True)
class LedgerReport:
    """What was found. `signed` leaves stand under a checkpoint; the rest are newer than the last one."""

    size: int
    root: bytes  # as the leaves give it
    signed: int
    problems: tuple[Tampered, ...]

    @property
    def sound(self) -> bool:
        return not self.problems


@dataclass
class _Rebuilt:
    """The tree as the leaves give it, of which only the right edge is kept."""

    edge: dict[int, bytes] = field(default_factory=dict)
    size: int = 0

    def node(self, level: int, _: int) -> bytes:
        return self.edge[level]

    def add(self, hashed: bytes) -> list[tuple[int, int, bytes]]:
        made = list(completed(self.size, hashed, self.node))
        self.edge |= {level: found for level, _, found in made}
        self.size += 1
        return made

    def root(self) -> bytes:
        return root_at(self.size, self.node)


def verify(
    store: LedgerStore, origin: str, verify_key: VerifyKey, last_trusted: Checkpoint | None = None
) -> LedgerReport:
    """Every problem by name, none raised. `last_trusted` is a head kept elsewhere: a witness, an older export.

    A history rewritten whole and signed again with the real key shows only against `last_trusted` or the witness.
    """
    size = store.size()
    problems: list[Tampered] = []
    heads = _heads(store, Verifier(origin, verify_key), problems)
    signed = max((head.size for head in heads), default=0)
    if size and not heads:
        problems.append(Tampered("ledger.no-checkpoint"))
    if last_trusted is not None:
        heads.append(last_trusted)
    rebuilt = _Rebuilt()
    roots: dict[int, bytes] = {}
    wanted = {head.size for head in heads}
    for start in range(0, size, BLOCK):
        problems += _check_block(store, rebuilt, start, min(start + BLOCK, size), wanted, roots)
    roots |= {0: _Rebuilt().root(), size: rebuilt.root()}
    problems += _compare(heads, roots, size, last_trusted)
    return LedgerReport(size, rebuilt.root(), signed, tuple(problems))


def _heads(store: LedgerStore, verifier: Verifier, problems: list[Tampered]) -> list[Checkpoint]:
    found = []
    for size, note in store.checkpoints():
        try:
            head = open_checkpoint(note, verifier)
        except (Tampered, BadInput):
            problems.append(Tampered("ledger.checkpoint-altered", size=size))
            continue
        if head.size != size:
            problems.append(Tampered("ledger.checkpoint-altered", size=size))
        found.append(head)
    return found


def _check_block(
    store: LedgerStore, rebuilt: _Rebuilt, start: int, end: int, wanted: set[int], roots: dict[int, bytes]
) -> Iterator[Tampered]:
    stored = dict(store.nodes(0, start, end))
    leaves = dict(store.leaves(start, end))
    ours: dict[int, dict[int, bytes]] = {}
    bad: set[tuple[int, int]] = set()
    for index in range(start, end):
        hashed = leaf_hash(leaves[index]) if index in leaves else stored.get(index, bytes(32))
        if index not in leaves or hashed != stored.get(index):
            bad.add((0, index))
            yield Tampered("ledger.leaf-altered" if index in leaves else "ledger.leaf-missing", index=index)
        for level, place, found in rebuilt.add(hashed):
            ours.setdefault(level, {})[place] = found
        if rebuilt.size in wanted:
            roots[rebuilt.size] = rebuilt.root()
    for level in sorted(ours.keys() - {0}):
        yield from _check_level(store, level, ours[level], bad)


def _check_level(
    store: LedgerStore, level: int, ours: dict[int, bytes], bad: set[tuple[int, int]]
) -> Iterator[Tampered]:
    stored = dict(store.nodes(level, min(ours), max(ours) + 1))
    for place, found in ours.items():
        if stored.get(place) == found:
            continue
        # A wrong leaf makes every node above it differ: only the lowest one is news.
        if not {(level - 1, 2 * place), (level - 1, 2 * place + 1)} & bad:
            yield Tampered("ledger.node-altered", level=level, index=place)
        bad.add((level, place))


def _compare(
    heads: list[Checkpoint], roots: dict[int, bytes], size: int, last_trusted: Checkpoint | None
) -> Iterator[Tampered]:
    for head in heads:
        if head.size > size:
            yield Tampered("ledger.leaves-removed", signed=head.size, size=size)
        elif roots[head.size] != head.root:
            key = "ledger.other-history" if head is last_trusted else "ledger.checkpoint-root"
            yield Tampered(key, size=head.size)
