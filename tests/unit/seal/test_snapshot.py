"""A signed, chained root over shared manifest parts: what changes is rewritten, all else is shared, nothing lies."""

from dataclasses import replace
from pathlib import Path

import pytest

from egide.adapters.stores.memory import MemorySettings, MemoryStore
from egide.crypto.key import Key
from egide.crypto.sign import SigningKey
from egide.model.canonical import canonical
from egide.model.errors import Tampered
from egide.model.sealed import Entry, Role
from egide.model.snapshot import Head, Root
from egide.stages.seal.snapshot import (
    NewSnapshot,
    Written,
    by_place,
    compose,
    names_of,
    read_entries,
    read_root,
    write_object,
)

SIGNER = SigningKey.generate()


class Hub:
    """A store, its key table, and snapshots written one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = MemoryStore(MemorySettings())
        self.keys: dict[str, Key] = {}

    def key_of(self, key_id: str) -> Key:
        return self.keys[key_id]

    def keep(self, written: Written) -> None:
        self.store.put(written.sealed.name, written.path)
        self.keys[written.key.id] = written.key

    def publish(
        self, before: Root | None, changes: dict[tuple[str, str], list[Entry]], **said: object
    ) -> NewSnapshot:
        sequence = before.sequence + 1 if before else 1
        base = Root("h", "d", sequence, "", "2026-01-01T00:00:00Z", "m", "1", ("x",), 0, ())
        new = compose(before, changes, base=replace(base, **said), key=SIGNER, folder=self.folder)  # type: ignore[arg-type]
        for written in (*new.manifests, new.root):
            self.keep(written)
        return new

    def read(self, head: Head) -> Root:
        return read_root(head, "h", self.store, self.key_of, SIGNER.verify_key)

    def entries(self, root: Root, *tables: str) -> list[Entry]:
        return read_entries(root, self.store, self.key_of, lambda p: not tables or p.table in tables)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path)


def entry(table: str, period: str, name: str = "a", rows: int = 5, role: Role = Role.PART) -> Entry:
    ranges = {"D": ("2019-01-01", "2019-12-31")} if role is Role.PART else {}
    return Entry(name * 64, name * 32, 100, 90, rows, table, period, 1, 4, "x", role, ranges)


ONE, TWO, ASIDE = entry("T", "2019"), entry("T", "2020", "b"), entry("T", "all", "c", 3, Role.QUARANTINE)


def test_what_is_written_is_read_back(hub: Hub) -> None:
    new = hub.publish(None, by_place([ONE, TWO, ASIDE]))
    root = hub.read(new.head)
    assert root == new.document and root.rows == 10
    assert sorted(hub.entries(root), key=lambda e: e.object) == [ONE, TWO, ASIDE]
    assert hub.entries(root, "U") == []
    assert dict(names_of(root, hub.entries(root), new.head)).keys() == {
        new.head.root, *(p.object for p in root.parts), *(e.object for e in (ONE, TWO, ASIDE))
    }  # fmt: skip


def test_a_change_shares_all_that_it_does_not_touch(hub: Hub) -> None:
    first = hub.publish(None, by_place([ONE, TWO])).document
    third = entry("T", "2020", "d", 7)
    second = hub.publish(first, {("T", "2020"): [TWO, third]}).document
    assert [p.object for p in first.parts if p.period == "2019"] == [
        p.object for p in second.parts if p.period == "2019"
    ]
    assert second.rows == 17
    dropped = hub.publish(second, {("T", "2019"): []}).document
    assert [p.period for p in dropped.parts] == ["2020"]
    assert hub.publish(None, {}).document.parts == ()


def refusal(hub: Hub, head: Head, key: str = "") -> str:
    with pytest.raises(Tampered) as refused:
        hub.entries(hub.read(head))
    assert not key or refused.value.key == key
    return refused.value.key


@pytest.mark.parametrize("said", [{"hub": "other"}, {"dataset": "other"}, {"sequence": 9}])
def test_a_root_that_speaks_of_elsewhere_is_refused(hub: Hub, said: dict[str, object]) -> None:
    new = hub.publish(None, by_place([ONE]), **said)
    forged = write_object(hub_root(new.document), "h", "d", Role.ROOT, hub.folder)
    hub.keep(forged)
    refusal(hub, Head("d", 1, forged.sealed.name, forged.key.id), "snapshot.root-misplaced")


def hub_root(document: Root, signer: SigningKey = SIGNER) -> bytes:
    signed = document.document()
    return canonical({"root": signed, "signature": signer.sign(canonical(signed)).hex()})


def test_a_root_signed_by_another_key_is_refused(hub: Hub) -> None:
    document = hub.publish(None, by_place([ONE])).document
    forged = write_object(hub_root(document, SigningKey.generate()), "h", "d", Role.ROOT, hub.folder)
    hub.keep(forged)
    refusal(hub, Head("d", 1, forged.sealed.name, forged.key.id))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"root":{},"signature":""}', b'{"root":1,"signature":"zz"}', b"\xff"]
)
def test_a_root_that_is_none_is_refused(hub: Hub, data: bytes) -> None:
    forged = write_object(data, "h", "d", Role.ROOT, hub.folder)
    hub.keep(forged)
    refusal(hub, Head("d", 1, forged.sealed.name, forged.key.id), "snapshot.root-malformed")


@pytest.mark.parametrize(
    "lie", [{"rows": 6}, {"entries": 2}, {"period": "2020"}, {"table": "U"}, {"plain_size": 1}]
)
def test_a_part_that_says_other_than_the_root_is_refused(hub: Hub, lie: dict[str, object]) -> None:
    document = hub.publish(None, by_place([ONE])).document
    lying = replace(document, parts=(replace(document.parts[0], **lie),))  # type: ignore[arg-type]
    forged = write_object(hub_root(lying), "h", "d", Role.ROOT, hub.folder)
    hub.keep(forged)
    refusal(hub, Head("d", 1, forged.sealed.name, forged.key.id))


def test_a_manifest_that_is_no_table_is_refused(hub: Hub) -> None:
    document = hub.publish(None, by_place([ONE])).document
    written = write_object(b"no table", "h", "d", Role.MANIFEST, hub.folder)
    hub.keep(written)
    part = replace(
        document.parts[0],
        object=written.sealed.name,
        key_id=written.key.id,
        size=written.sealed.size,
        plain_size=8,
    )
    forged = write_object(hub_root(replace(document, parts=(part,))), "h", "d", Role.ROOT, hub.folder)
    hub.keep(forged)
    refusal(hub, Head("d", 1, forged.sealed.name, forged.key.id), "snapshot.manifest-malformed")


def test_a_document_of_another_format_is_no_root() -> None:
    document = Root("h", "d", 1, "", "", "m", "1", (), 0, ()).document()
    assert Root.of(document) == Root("h", "d", 1, "", "", "m", "1", (), 0, ())
    for wrong in ({"format": "other"}, {"parts": {}}, {"deliveries": "x"}, {"more": 1}):
        with pytest.raises((ValueError, TypeError, KeyError)):
            Root.of({**document, **wrong})
