"""Whoever alters what a hub stored, with every hub key in hand, is found out: the object is refused and named.

This is about the store, the key table and the heads; the ledger and the records as a whole are in
`test_tampering_records.py`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.hubs import kept
from support.scene import DATASET, scene
from support.vandal import DEEDS, Target, Vandal, targets

from egide.crypto.key import Key
from egide.crypto.sign import SigningKey
from egide.journey.known import head_of, open_part, read_dataset
from egide.journey.record import signer
from egide.journey.snapshots import snapshot_verify
from egide.journey.start import SNAPSHOT_KEY
from egide.model.errors import HubError, Tampered, Unreachable
from egide.model.records import KeyRow, SnapshotRow
from egide.model.sealed import Role
from egide.model.snapshot import Head
from egide.stages.seal.snapshot import compose
from egide.wiring import Hub, open_lake


@pytest.fixture(scope="module")
def delivered(hub: Hub, place: Path) -> Hub:
    return scene(hub, place)


def forgetful(hub: Hub) -> Hub:
    """The same hub without the keys it has unwrapped."""
    return replace(hub, _keys_of={})


def named(hub: Hub, head: Head) -> set[str]:
    """What `snapshot verify` calls altered or missing."""
    told = snapshot_verify(hub, f"{head.dataset}@{head.sequence}")
    return {*told["altered"], *told["missing"]}  # type: ignore[misc]


def content(hub: Hub, target: Target) -> object:
    """What reading an object for its purpose gives."""
    if target.entry is None:
        return read_dataset(hub, target.head)
    with open_part(hub, target.head.dataset, target.entry) as file:
        return pq.read_table(file)


def refused(hub: Hub, target: Target, harmed: set[str]) -> bool:
    """Whether reading refuses, naming one of the objects harmed."""
    try:
        content(hub, target)
    except Tampered as problem:
        assert problem.facts["name"] in harmed
        return True
    return False


def check(hub: Hub, vandal: Vandal, before: dict[str, object], number: int) -> tuple[str, Role, bool]:
    """One deed against one object, drawn in turn: it is named, and no reader is given other content than was sealed."""
    deed = list(DEEDS)[number % len(DEEDS)]
    target = vandal.random.choice(vandal.targets)
    with vandal.undone():
        harmed = DEEDS[deed](vandal, target)
        told = {
            name for head in {t.head for t in vandal.targets if t.name in harmed} for name in named(hub, head)
        }
        assert told >= harmed, (deed, target.role)
        roots = {t.name for t in vandal.targets if t.role is Role.ROOT}
        assert told == harmed or harmed & roots, (deed, target.role)
        hurt = [t for t in vandal.targets if t.name in harmed]
        turned_away = [turns_away(hub, t, deed, harmed, before[t.name]) for t in hurt]
    return deed, target.role, all(turned_away)


def turns_away(hub: Hub, target: Target, deed: str, harmed: set[str], before: object) -> bool:
    """Whether reading refuses the object. A reader of ranges may pass over harm in bytes that it does not read, and
    then must give what was sealed. What the holder of the object's own key sealed anew under its name proves itself
    segment by segment: only its hash betrays it, which whole readers and `snapshot verify` compute (docs/format.md)."""
    if deed == "reseal" and target.role not in (Role.ROOT, Role.MANIFEST):
        return False
    if refused(hub, target, harmed):
        return True
    assert content(hub, target) == before, (deed, target.role)
    return False


def vandalise(hub: Hub, times: int, seed: int) -> Counter[tuple[str, bool]]:
    vandal = Vandal(hub, seed)
    before = {t.name: content(hub, t) for t in vandal.targets}
    done: Counter[tuple[str, bool]] = Counter()
    roles = Counter[Role]()
    for number in range(times):
        deed, role, turned_away = check(hub, vandal, before, number)
        done[deed, turned_away] += 1
        roles[role] += 1
    assert {Role.PART, Role.QUARANTINE, Role.MANIFEST, Role.ROOT, Role.IDENTITY} <= roles.keys()
    assert all(sum(n for (deed, _), n in done.items() if deed == d) >= times // len(DEEDS) for d in DEEDS)
    return done


def test_the_store_is_sound_before(delivered: Hub) -> None:
    told = snapshot_verify(forgetful(delivered))
    assert (told["altered"], told["missing"]) == ([], [])
    assert len(told["snapshots"]) == 4  # type: ignore[arg-type]
    vandal = Vandal(delivered, 0)
    assert {len(data) > 2 * 65_536 for data in vandal.whole.values()} == {True, False}


def test_whatever_is_done_to_an_object_is_named(delivered: Hub) -> None:
    done = vandalise(delivered, 208, seed=20)
    print(
        f"\n{sum(done.values())} deeds: {sum(n for (_, yes), n in done.items() if yes)} refused at the first read"
    )


@pytest.mark.prove
def test_whatever_is_done_to_an_object_is_named_many_times(delivered: Hub) -> None:
    done = vandalise(delivered, 2600, seed=21)
    print(f"\n{sum(done.values())} deeds: {sorted(done.items())}")


def test_our_own_engine_refuses_what_was_altered(delivered: Hub) -> None:
    """DuckDB over sealed objects: the answer is right, or there is none and the object is named."""
    vandal = Vandal(delivered, 5)
    parts = [t for t in vandal.targets if t.role is Role.PART and t.head.dataset == DATASET]
    target = max(parts, key=lambda t: len(vandal.whole[t.name]))
    assert target.entry is not None

    def answer() -> list[tuple[object, ...]]:
        lake = open_lake(delivered, DATASET, [target.entry])  # type: ignore[list-item]
        everything = lake.scan([target.name])
        return lake.rows(f"SELECT count(*), sum(hash(COLUMNS(*))) FROM ({everything})")

    right = answer()
    names = [d for d in DEEDS if d != "reseal"]
    caught = 0
    for number in range(3 * len(names)):
        with vandal.undone():
            harmed = DEEDS[names[number % len(names)]](vandal, target)
            try:
                assert answer() == right or target.name not in harmed
            except Tampered as problem:
                assert problem.facts["name"] == target.name
                caught += 1
    assert caught > 2 * len(names)


def altered_rows(hub: Hub) -> list[tuple[str, Callable[[KeyRow, KeyRow], list[KeyRow]]]]:
    def swapped(one: KeyRow, other: KeyRow) -> list[KeyRow]:
        return [replace(one, wrapped=other.wrapped), replace(other, wrapped=one.wrapped)]

    def flipped(one: KeyRow, other: KeyRow) -> list[KeyRow]:
        return [replace(one, wrapped=bytes([one.wrapped[0] ^ 1]) + one.wrapped[1:])]

    def shortened(one: KeyRow, other: KeyRow) -> list[KeyRow]:
        return [replace(one, wrapped=one.wrapped[:-1])]

    def moved(one: KeyRow, other: KeyRow) -> list[KeyRow]:
        return [
            replace(
                one, dataset=next(r.dataset for r in hub.records.where(KeyRow) if r.dataset != one.dataset)
            )
        ]

    def chosen(one: KeyRow, other: KeyRow) -> list[KeyRow]:
        wrapped = hub.keys.wrap(one.dataset, replace_key(hub, one.key_id))
        return [replace(one, wrapped=wrapped.wrapped)]

    return [(f.__name__, f) for f in (swapped, flipped, shortened, moved, chosen)]


def replace_key(hub: Hub, key_id: str) -> Key:
    """A fresh key under the id of another: what the holder of the KEK can wrap properly."""
    return Key(key_id, Key.generate().expose())


@pytest.mark.parametrize("role", [Role.PART, Role.MANIFEST, Role.ROOT])
def test_an_altered_key_table_is_named_by_the_objects_it_no_longer_opens(delivered: Hub, role: Role) -> None:
    vandal = Vandal(delivered, 6)
    one, other = [t for t in vandal.targets if t.role is role and t.head.dataset == DATASET][:2]
    rows = [delivered.records.get(KeyRow, t.key_id) for t in (one, other)]
    assert rows[0] is not None and rows[1] is not None
    for name, alter in altered_rows(delivered):
        with kept(delivered):
            rewrite(delivered, alter(rows[0], rows[1]))
            assert one.name in named(forgetful(delivered), one.head), name
            with pytest.raises(HubError):
                content(forgetful(delivered), one)
        assert named(forgetful(delivered), one.head) == set()


def test_a_row_of_the_key_table_that_claims_a_key_we_never_had_is_refused(delivered: Hub) -> None:
    """The keyring cannot tell a forged version from a destroyed one: it says which key is not there."""
    target = next(t for t in targets(delivered) if t.role is Role.PART)
    row = delivered.records.get(KeyRow, target.key_id)
    assert row is not None
    with kept(delivered):
        rewrite(delivered, [replace(row, kek_version=row.kek_version + 1)])
        for read in (lambda hub: named(hub, target.head), lambda hub: content(hub, target)):
            with pytest.raises(Unreachable, match=f"kek/{target.head.dataset}/2"):
                read(forgetful(delivered))


def rewrite(hub: Hub, rows: list[object]) -> None:
    """Straight into the database, as someone with the file would."""
    for row in rows:
        hub.records.replace(row)


def head_row(hub: Hub, dataset: str, sequence: int) -> SnapshotRow:
    found = hub.records.get(SnapshotRow, dataset, sequence)
    assert found is not None
    return found


def test_a_head_that_points_elsewhere_is_refused(delivered: Hub) -> None:
    newest, older = head_row(delivered, DATASET, 2), head_row(delivered, DATASET, 1)
    elsewhere = head_row(delivered, f"{DATASET}.identity", 2)
    for wrong in (older, elsewhere):
        with kept(delivered):
            rewrite(delivered, [replace(newest, root=wrong.root, key_id=wrong.key_id)])
            head = head_of(delivered, DATASET)
            assert head is not None
            assert wrong.root in named(forgetful(delivered), head)
            with pytest.raises(Tampered):
                read_dataset(forgetful(delivered), head)


def forged(hub: Hub, key: SigningKey) -> SnapshotRow:
    """A root that leaves most of the data out, everything about it in order, signed with this key; its row."""
    head = head_of(hub, DATASET)
    assert head is not None
    root, _ = read_dataset(hub, head)
    dropped = {(p.table, p.period): [] for p in root.parts[1:]}
    made = compose(root, dropped, base=root, key=key, folder=hub.temp)
    hub.store.put(made.root.sealed.name, made.root.path)
    made.root.path.unlink()
    wrapped = hub.keys.wrap(DATASET, made.root.key)
    hub.records.add(KeyRow(wrapped.key_id, wrapped.dataset, wrapped.kek_version, wrapped.wrapped))
    return replace(head_row(hub, DATASET, head.sequence), root=made.head.root, key_id=made.head.key_id)


def test_a_root_signed_by_another_key_is_refused(delivered: Hub) -> None:
    with kept(delivered):
        row = forged(delivered, SigningKey.generate())
        rewrite(delivered, [row])
        head = head_of(delivered, DATASET)
        assert head is not None
        assert row.root in named(forgetful(delivered), head)
        with pytest.raises(Tampered):
            read_dataset(forgetful(delivered), head)


def test_a_root_signed_by_the_hubs_own_key_behind_the_ledgers_back_is_named(delivered: Hub) -> None:
    """Someone with every key writes a root that verifies: the ledger recorded another."""
    with kept(delivered):
        row = forged(delivered, signer(delivered, SNAPSHOT_KEY))
        rewrite(delivered, [row])
        head = head_of(delivered, DATASET)
        assert head is not None
        read_dataset(forgetful(delivered), head)  # nothing is wrong with it, but that it was never recorded
        assert row.root in named(forgetful(delivered), head)
        assert row.root in snapshot_verify(forgetful(delivered))["altered"]  # type: ignore[operator]


@pytest.mark.parametrize("dataset", [DATASET, f"{DATASET}.identity"])
def test_a_head_taken_back_is_named(delivered: Hub, dataset: str) -> None:
    """The newest snapshot is struck from the records: the older one verifies, and the ledger knows better."""
    gone = head_row(delivered, dataset, 2)
    with kept(delivered):
        delivered.records.remove(SnapshotRow, dataset=dataset, sequence=2)
        assert gone.root in snapshot_verify(forgetful(delivered))["missing"]  # type: ignore[operator]
    assert snapshot_verify(forgetful(delivered))["missing"] == []
