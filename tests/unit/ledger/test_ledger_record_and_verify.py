"""Recording, proving, and every way of tampering with the rows: each refused and named."""

from dataclasses import replace

import pytest
from ledger_kit import ORIGIN, Kept, event, plain
from memory_ledger import MemoryLedger

from egide.crypto import tree
from egide.crypto.note import Checkpoint, Note, open_checkpoint
from egide.crypto.sign import SigningKey
from egide.model.errors import BadUsage, HubError, Tampered
from egide.model.event import EventKind
from egide.stages import ledger
from egide.stages.ledger.verify import BLOCK


def head_of(note: bytes) -> Checkpoint:
    return Checkpoint.parse(Note.parse(note).text)


def rewrite(kept: Kept, index: int, leaf: bytes) -> None:
    """What someone with every hub key can do: change a leaf, rebuild the tree, sign every head again."""
    leaves = [leaf if i == index else kept.store.rows[i] for i in range(kept.store.size())]
    forged, sizes = MemoryLedger(sides=kept.store.sides), set(kept.store.heads)
    for place, data in enumerate(leaves):
        forged.append_leaf(place, data, tree.leaf_hash(data), None)
        for level, number, found in tree.completed(place, tree.leaf_hash(data), forged.node):
            forged.put_node(level, number, found)
        if place + 1 in sizes:
            ledger.checkpoint(forged, ORIGIN, kept.key)
    kept.store = forged


def test_a_kept_ledger_verifies(kept: Kept) -> None:
    kept.grow(5).sign()
    kept.grow(8).sign()
    kept.grow(2)
    found = ledger.verify(kept.store, ORIGIN, kept.key.verify_key)
    assert (found.size, found.signed, found.sound) == (15, 13, True)
    assert found.root == tree.root_at(15, kept.store.node)


def test_an_empty_ledger_verifies(kept: Kept) -> None:
    assert kept.problems() == []
    kept.sign()
    assert kept.problems() == []


def test_more_than_a_block_verifies(kept: Kept) -> None:
    kept.grow(BLOCK + 3).sign()
    kept.grow(5).sign()
    assert kept.problems() == []
    kept.store.rows[BLOCK + 1] = kept.store.rows[BLOCK]
    assert kept.problems() == ["ledger.leaf-altered", "ledger.checkpoint-root", "ledger.checkpoint-root"]


def test_signing_twice_changes_nothing(kept: Kept) -> None:
    assert kept.grow(3).sign() == kept.sign()
    assert len(kept.store.heads) == 1


def test_the_checkpoint_is_a_c2sp_checkpoint(kept: Kept) -> None:
    note = kept.grow(3).sign()
    assert open_checkpoint(note, kept.verifier) == Checkpoint(ORIGIN, 3, tree.root_at(3, kept.store.node))
    assert note.decode().split("\n")[:2] == [ORIGIN, "3"]


def test_proofs_lead_to_the_checkpoint(kept: Kept) -> None:
    old, new = head_of(kept.grow(7).sign()), head_of(kept.grow(20).sign())
    for index in range(27):
        proof = ledger.prove_inclusion(kept.store, index, 27)
        tree.check_inclusion(tree.leaf_hash(kept.store.leaf(index)), index, 27, new.root, proof)
    tree.check_consistency(7, 27, old.root, new.root, ledger.prove_consistency(kept.store, 7, 27))


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 4), (0, 0)])
def test_no_proof_of_what_is_not_there(kept: Kept, index: int, size: int) -> None:
    kept.grow(3)
    with pytest.raises(BadUsage):
        ledger.prove_inclusion(kept.store, index, size)


def test_history_tells_facts_until_they_are_erased(kept: Kept) -> None:
    kept.grow(4).sign()
    kept.store.erase_side(2)
    told = list(ledger.history(kept.store, plain))
    assert [one.event for one in told] == [event(0), event(1), None, event(3)]
    assert told[2].leaf.kind == event(2).kind
    assert kept.problems() == []  # the tree stays whole


def test_swapped_side_rows_are_refused(kept: Kept) -> None:
    kept.grow(4)
    kept.store.sides[1], kept.store.sides[2] = kept.store.sides[2], kept.store.sides[1]
    with pytest.raises(Tampered) as refused:
        list(ledger.history(kept.store, plain))
    assert refused.value.key == "ledger.side-altered"


@pytest.mark.parametrize("index", range(13))
def test_a_rewritten_leaf_is_named(kept: Kept, index: int) -> None:
    kept.grow(13).sign()
    kept.store.rows[index] = kept.store.rows[index].replace(b"2026", b"2025")
    found = ledger.verify(kept.store, ORIGIN, kept.key.verify_key)
    assert [(p.key, p.facts) for p in found.problems[:1]] == [("ledger.leaf-altered", {"index": index})]
    assert [p.key for p in found.problems[1:]] == ["ledger.checkpoint-root"]


@pytest.mark.parametrize("index", range(13))
def test_a_rewritten_leaf_with_its_nodes_breaks_the_signed_root(kept: Kept, index: int) -> None:
    kept.grow(13).sign()
    heads = dict(kept.store.heads)
    rewrite(kept, index, kept.store.rows[index].replace(b"2026", b"2025"))
    kept.store.heads = heads
    assert kept.problems() == ["ledger.checkpoint-root"]


def test_swapped_leaves_are_named(kept: Kept) -> None:
    kept.grow(9).sign()
    kept.store.rows[3], kept.store.rows[4] = kept.store.rows[4], kept.store.rows[3]
    assert kept.problems() == ["ledger.leaf-altered", "ledger.leaf-altered", "ledger.checkpoint-root"]


def test_a_removed_leaf_is_named(kept: Kept) -> None:
    kept.grow(9).sign()
    del kept.store.rows[4]
    assert kept.problems() == ["ledger.leaf-missing"]


def test_removed_last_leaves_are_named(kept: Kept) -> None:
    kept.grow(9).sign()
    del kept.store.rows[8], kept.store.rows[7]
    assert kept.problems() == ["ledger.leaves-removed"]
    with pytest.raises(Tampered, match=r"9"):
        kept.sign()


def test_a_leaf_slipped_in_below_the_head_is_named(kept: Kept) -> None:
    kept.grow(4).sign()
    for index in range(4, 1, -1):
        kept.store.rows[index] = kept.store.rows[index - 1]
    assert "ledger.checkpoint-root" in kept.problems()


def test_every_altered_or_missing_node_is_named(kept: Kept) -> None:
    kept.grow(13).sign()
    for level, index in list(kept.store.hashes):
        good = kept.store.hashes.pop((level, index))
        expected = "ledger.leaf-altered" if level == 0 else "ledger.node-altered"
        assert kept.problems() == [expected]
        kept.store.hashes[level, index] = bytes(32)
        assert kept.problems() == [expected]
        kept.store.hashes[level, index] = good
    assert kept.problems() == []


def test_every_flipped_byte_of_a_checkpoint_is_refused(kept: Kept) -> None:
    note = kept.grow(6).sign()
    for place in range(len(note)):
        kept.store.heads[6] = note[:place] + bytes([note[place] ^ 1]) + note[place + 1 :]
        assert "ledger.checkpoint-altered" in kept.problems(), place


def test_a_checkpoint_signed_by_another_key_is_refused(kept: Kept) -> None:
    kept.grow(6)
    kept.store.heads[6] = replace(kept, key=SigningKey.generate()).sign()
    assert kept.problems() == ["ledger.checkpoint-altered", "ledger.no-checkpoint"]
    with pytest.raises(HubError):
        kept.sign()


def test_a_checkpoint_filed_under_another_size_is_refused(kept: Kept) -> None:
    kept.grow(6).sign()
    kept.store.heads[5] = kept.store.heads.pop(6)
    assert kept.problems() == ["ledger.checkpoint-altered"]


def test_the_hub_never_signs_a_fork_of_itself(kept: Kept) -> None:
    kept.grow(6).sign()
    heads = dict(kept.store.heads)
    rewrite(kept, 2, b"forged")
    kept.store.heads = heads
    with pytest.raises(Tampered) as refused:
        kept.grow(1).sign()
    assert refused.value.key == "ledger.checkpoint-root"


def test_a_fork_signed_with_the_real_key_shows_only_against_a_head_kept_elsewhere(kept: Kept) -> None:
    trusted = head_of(kept.grow(6).sign())
    rewrite(kept, 2, kept.store.rows[2].replace(b"2026", b"2025"))
    kept.grow(3).sign()
    assert kept.problems() == []
    assert kept.problems(last_trusted=trusted) == ["ledger.other-history"]


def test_a_rolled_back_ledger_shows_only_against_a_head_kept_elsewhere(kept: Kept) -> None:
    kept.grow(6).sign()
    trusted = head_of(kept.grow(3).sign())
    older = Kept(MemoryLedger(), kept.key)
    for index in range(6):
        data = kept.store.rows[index]
        older.store.append_leaf(index, data, kept.store.hashes[0, index], None)
        for level, place, found in tree.completed(index, kept.store.hashes[0, index], older.store.node):
            older.store.put_node(level, place, found)
    older.store.heads[6] = kept.store.heads[6]
    assert older.problems() == []
    assert older.problems(last_trusted=trusted) == ["ledger.leaves-removed"]


def test_two_writers_of_one_index_do_not_both_win(kept: Kept) -> None:
    kept.grow(2)
    with pytest.raises(ValueError, match="two writers"):
        kept.store.append_leaf(1, b"", bytes(32), None)


def test_an_unsigned_ledger_says_so(kept: Kept) -> None:
    assert kept.grow(1).problems() == ["ledger.no-checkpoint"]


def test_every_kind_can_be_recorded(kept: Kept) -> None:
    kept.grow(len(EventKind)).sign()
    assert {one.leaf.kind for one in ledger.history(kept.store, plain)} == set(EventKind)
