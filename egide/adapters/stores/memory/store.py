"""Objects in a dictionary. Passes the exam of the others, so that tests may use it in their place."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from egide.adapters.stores.memory.settings import MemorySettings
from egide.adapters.stores.names import check_name
from egide.model.errors import Tampered


class MemoryReader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or offset + length > len(self.data):
            raise ValueError("the range leaves the object")
        return self.data[offset : offset + length]

    def close(self) -> None:
        """Nothing is held open."""


class MemoryStore:
    """The `Store` port in memory."""

    def __init__(self, settings: MemorySettings | None = None) -> None:
        self.name = (settings or MemorySettings()).name
        self._objects: dict[str, bytes] = {}

    def put(self, name: str, source: Path) -> None:
        check_name(name, self.name)
        data = source.read_bytes()
        if hashlib.sha256(data).hexdigest() != name:
            raise Tampered("store.altered", name=name, store=self.name)
        self._objects.setdefault(name, data)

    def reader(self, name: str) -> MemoryReader:
        return MemoryReader(self._kept(name))

    def has(self, name: str) -> bool:
        check_name(name, self.name)
        return name in self._objects

    def size(self, name: str) -> int:
        return len(self._kept(name))

    def names(self) -> Iterator[str]:
        yield from sorted(self._objects)

    def delete(self, name: str) -> None:
        check_name(name, self.name)
        self._objects.pop(name, None)

    def _kept(self, name: str) -> bytes:
        check_name(name, self.name)
        if name not in self._objects:
            raise Tampered("store.missing", name=name, store=self.name)
        return self._objects[name]
