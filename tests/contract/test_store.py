"""The exam that every store passes."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from egide.adapters.stores import STORES, FolderSettings, FolderStore, MemoryStore, open_store
from egide.model.errors import BadUsage, Tampered, Unreachable
from egide.ports.store import Store


def stored(store: Store, data: bytes, folder: Path) -> str:
    name = hashlib.sha256(data).hexdigest()
    source = folder / f"source-{name[:8]}"
    source.write_bytes(data)
    store.put(name, source)
    return name


class StoreExam:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def aside(self, tmp_path: Path) -> Path:
        aside = tmp_path / "aside"
        aside.mkdir()
        return aside

    def test_an_object_comes_back(self, store: Store, aside: Path) -> None:
        data = os.urandom(100_000)
        name = stored(store, data, aside)
        reader = store.reader(name)
        assert reader.size == store.size(name) == len(data)
        assert reader.read_at(0, len(data)) == data
        assert reader.read_at(70_000, 10) == data[70_000:70_010]
        reader.close()

    def test_a_wrong_name_is_refused(self, store: Store, aside: Path) -> None:
        source = aside / "x"
        source.write_bytes(b"x")
        with pytest.raises(Tampered):
            store.put("0" * 64, source)
        assert not store.has("0" * 64)
        assert list(store.names()) == []

    @pytest.mark.parametrize(
        "name",
        ["", "../../etc/passwd", "A" * 64, "é" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "0" * 62 + "/x"],
    )
    def test_what_is_not_a_name_is_refused(self, store: Store, aside: Path, name: str) -> None:
        source = aside / "x"
        source.write_bytes(b"x")
        for ask in (store.reader, store.has, store.size, store.delete, lambda n: store.put(n, source)):
            with pytest.raises(Tampered):
                ask(name)

    def test_storing_twice_changes_nothing(self, store: Store, aside: Path) -> None:
        assert stored(store, b"same", aside) == stored(store, b"same", aside)
        assert len(list(store.names())) == 1

    def test_a_stored_object_never_changes(self, store: Store, aside: Path) -> None:
        name = stored(store, b"first", aside)
        (aside / "other").write_bytes(b"other")
        with pytest.raises(Tampered):
            store.put(name, aside / "other")
        assert store.reader(name).read_at(0, 5) == b"first"

    def test_the_source_may_go_or_change_afterwards(self, store: Store, aside: Path) -> None:
        name = stored(store, b"kept", aside)
        for source in aside.iterdir():
            source.write_bytes(b"gone")
            source.unlink()
        assert store.reader(name).read_at(0, 4) == b"kept"

    def test_a_missing_object_is_named(self, store: Store) -> None:
        for ask in (store.reader, store.size):
            with pytest.raises(Tampered) as seen:
                ask("0" * 64)
            assert (seen.value.key, seen.value.facts["name"]) == ("store.missing", "0" * 64)
        assert not store.has("0" * 64)

    def test_reads_of_nothing_and_outside(self, store: Store, aside: Path) -> None:
        reader = store.reader(stored(store, b"12345", aside))
        assert reader.read_at(0, 0) == reader.read_at(5, 0) == b""
        for offset, length in ((0, 6), (5, 1), (-1, 2), (2, -1)):
            with pytest.raises(ValueError, match="leaves"):
                reader.read_at(offset, length)

    def test_an_empty_object(self, store: Store, aside: Path) -> None:
        name = stored(store, b"", aside)
        assert store.has(name) and store.size(name) == 0
        assert store.reader(name).read_at(0, 0) == b""

    def test_a_big_object(self, store: Store, aside: Path) -> None:
        data = os.urandom(1 << 20) * 20 + b"end"
        reader = store.reader(stored(store, data, aside))
        assert hashlib.sha256(reader.read_at(0, reader.size)).digest() == hashlib.sha256(data).digest()

    def test_listing_and_deleting(self, store: Store, aside: Path) -> None:
        names = sorted(stored(store, bytes([n]), aside) for n in range(20))
        assert sorted(store.names()) == names
        store.delete(names[0])
        store.delete(names[0])
        assert sorted(store.names()) == names[1:]
        assert not store.has(names[0])

    def test_many_put_the_same_at_once(self, store: Store, aside: Path) -> None:
        data = os.urandom(300_000)
        (aside / "same").write_bytes(data)
        name, failures = hashlib.sha256(data).hexdigest(), []

        def put() -> None:
            try:
                store.put(name, aside / "same")
            except Exception as problem:  # collected, then asserted empty in the test's own thread
                failures.append(problem)

        threads = [threading.Thread(target=put) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert list(store.names()) == [name]
        assert store.reader(name).read_at(0, len(data)) == data


class TestMemoryStore(StoreExam):
    @pytest.fixture
    def store(self, tmp_path: Path) -> MemoryStore:
        return MemoryStore()


class TestFolderStore(StoreExam):
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return tmp_path / "store"

    @pytest.fixture
    def store(self, root: Path) -> FolderStore:
        return FolderStore(FolderSettings(root))

    def test_it_lays_objects_out_as_written(self, store: FolderStore, root: Path, aside: Path) -> None:
        name = stored(store, b"x", aside)
        files = [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()]
        assert files == [f"objects/{name[:2]}/{name}"]
        assert (root / files[0]).stat().st_mode & 0o222 == 0

    def test_an_altered_object_is_not_taken_for_stored(
        self, store: FolderStore, root: Path, aside: Path
    ) -> None:
        name = stored(store, b"right", aside)
        path = root / "objects" / name[:2] / name
        path.chmod(0o600)
        path.write_bytes(b"wrong")
        with pytest.raises(Tampered) as seen:
            stored(store, b"right", aside)
        assert seen.value.facts["name"] == name

    def test_an_object_cut_while_open_is_seen(self, store: FolderStore, root: Path, aside: Path) -> None:
        name = stored(store, b"x" * 5000, aside)
        reader = store.reader(name)
        path = root / "objects" / name[:2] / name
        path.chmod(0o600)
        os.truncate(path, 100)
        with pytest.raises(Tampered) as seen:
            reader.read_at(50, 1000)
        assert seen.value.facts["name"] == name

    def test_links_are_not_followed(self, store: FolderStore, root: Path, aside: Path) -> None:
        name = stored(store, b"real", aside)
        place = root / "objects" / name[:2]
        (place / name).rename(aside / name)
        (place / name).symlink_to(aside / name)
        for ask in (store.reader, store.size, store.has):
            with pytest.raises(Tampered, match="link"):
                ask(name)
        (place / name).unlink()
        place.rename(aside / "moved")
        place.symlink_to(aside / "moved")
        with pytest.raises(Tampered, match="link"):
            store.reader(name)
        with pytest.raises(Tampered, match="link"):
            stored(store, b"real", aside)
        assert not (aside / "moved" / name).exists()

    def test_what_a_killed_put_left_is_found_and_cleaned(
        self, store: FolderStore, root: Path, aside: Path
    ) -> None:
        import fcntl

        name = stored(store, b"x", aside)
        place = root / "objects" / name[:2]
        (place / ".incoming-dead").write_bytes(b"half")
        (place / "notes.txt").write_bytes(b"?")
        with (place / ".incoming-live").open("wb") as live:
            fcntl.flock(live, fcntl.LOCK_EX)
            assert store.leftovers() == [f"{name[:2]}/.incoming-dead"]
            assert store.clean() == [f"{name[:2]}/.incoming-dead"]
        assert list(store.names()) == [name]
        (root / "objects" / "readme").write_bytes(b"?")
        assert sorted(store.strangers()) == ["./readme", f"{name[:2]}/notes.txt"]
        assert list(store.names()) == [name]

    @pytest.mark.parametrize(
        ("number", "key"),
        [
            (28, "store.full"),
            (122, "store.full"),
            (30, "store.readonly"),
            (13, "store.readonly"),
            (5, "store.unreachable"),
        ],
    )
    def test_a_failing_disk_is_said_and_nothing_stays(
        self,
        store: FolderStore,
        root: Path,
        aside: Path,
        monkeypatch: pytest.MonkeyPatch,
        number: int,
        key: str,
    ) -> None:
        def failing(handle: int, data: memoryview) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "write", failing)
        with pytest.raises(Unreachable) as seen:
            stored(store, b"x", aside)
        monkeypatch.undo()
        assert (seen.value.key, seen.value.exit_code) == (key, 4)
        assert [p for p in root.rglob("*") if p.is_file()] == []

    def test_readers_let_go_of_their_files(self, store: FolderStore, aside: Path) -> None:
        name = stored(store, b"x", aside)
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(50):
            store.reader(name)
        store.reader(name).close()
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    def test_an_empty_place_lists_nothing(self, store: FolderStore) -> None:
        assert list(store.names()) == [] == store.leftovers() == store.strangers()
        assert not store.has("0" * 64)


def test_stores_are_opened_by_kind(tmp_path: Path) -> None:
    assert set(STORES) >= {"folder", "memory"}
    assert open_store("folder", {"path": str(tmp_path), "name": "first"}).name == "first"
    assert open_store("memory", {}).name == "memory"
    for kind, given in (("folder", {}), ("tape", {})):
        with pytest.raises(BadUsage):
            open_store(kind, given)
