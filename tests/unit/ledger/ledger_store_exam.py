"""The exam that every LedgerStore passes: subclass it with a `store` fixture that gives an empty one."""

import pytest

from egide.crypto.sign import SigningKey
from egide.model.errors import Tampered
from egide.model.event import Event, EventKind
from egide.ports.ledger import LedgerStore
from egide.stages import ledger

ORIGIN = "exam.example/ledger"


def grow(store: LedgerStore, count: int) -> None:
    for _ in range(count):
        event = Event(EventKind.SEALED, "2026-01-02T03:04:05Z", {"n": store.size()})
        ledger.append(store, event, lambda side: b"sealed:" + side)


class LedgerStoreExam:
    def test_it_starts_empty(self, store: LedgerStore) -> None:
        assert store.size() == 0
        assert store.last_checkpoint() is None
        assert list(store.checkpoints()) == list(store.leaves(0, 9)) == list(store.nodes(0, 0, 9)) == []

    def test_rows_come_back_in_order(self, store: LedgerStore) -> None:
        grow(store, 11)
        assert store.size() == 11
        assert [index for index, _ in store.leaves(0, 99)] == list(range(11))
        assert [index for index, _ in store.leaves(3, 5)] == [3, 4]
        assert [index for index, _ in store.nodes(0, 0, 99)] == list(range(11))
        assert [index for index, _ in store.nodes(1, 2, 99)] == [2, 3, 4]
        assert [index for index, _ in store.nodes(3, 0, 99)] == [0]
        assert dict(store.leaves(4, 5)) == {4: store.leaf(4)}
        assert dict(store.nodes(2, 1, 2)) == {1: store.node(2, 1)}

    def test_what_is_missing_is_named(self, store: LedgerStore) -> None:
        grow(store, 2)
        with pytest.raises(Tampered) as leaf:
            store.leaf(2)
        with pytest.raises(Tampered) as node:
            store.node(1, 1)
        assert (leaf.value.key, node.value.key) == ("ledger.leaf-missing", "ledger.node-missing")

    def test_a_side_row_is_erased_and_the_tree_stays(self, store: LedgerStore) -> None:
        grow(store, 5)
        key = SigningKey.generate()
        ledger.checkpoint(store, ORIGIN, key)
        side = store.side(3)
        assert side is not None and side.startswith(b"sealed:")
        store.erase_side(3)
        store.erase_side(3)
        assert store.side(3) is None and store.side(2) is not None
        assert ledger.verify(store, ORIGIN, key.verify_key).sound

    def test_heads_by_size(self, store: LedgerStore) -> None:
        for size, note in ((5, b"five"), (2, b"two"), (5, b"five, cosigned")):
            store.put_checkpoint(size, note)
        assert list(store.checkpoints()) == [(2, b"two"), (5, b"five, cosigned")]
        assert store.last_checkpoint() == b"five, cosigned"

    def test_a_long_ledger_verifies(self, store: LedgerStore) -> None:
        key = SigningKey.generate()
        for _ in range(3):
            grow(store, 43)
            ledger.checkpoint(store, ORIGIN, key)
        found = ledger.verify(store, ORIGIN, key.verify_key)
        assert (found.size, found.signed, found.problems) == (129, 129, ())
