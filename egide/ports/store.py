"""A place that keeps sealed objects and is trusted with nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable


class RangeReader(Protocol):
    """Random access to one stored object. `read_at` returns exactly `length` bytes, or raises."""

    size: int

    def read_at(self, offset: int, length: int) -> bytes: ...
    def close(self) -> None: ...


class Store(Protocol):
    """Create-only, content-addressed. Raises Unreachable when it cannot answer, Tampered when bytes lie."""

    name: str

    def put(self, name: str, source: Path) -> None:
        """Keeps the file's bytes under `name` and returns once they are durable. The bytes' SHA-256 must be `name`
        (else Tampered). Storing the same object twice changes nothing."""
        ...

    def reader(self, name: str) -> RangeReader:
        """Raises Tampered with key store.missing when there is no such object."""
        ...

    def has(self, name: str) -> bool: ...
    def size(self, name: str) -> int: ...
    def names(self) -> Iterator[str]: ...
    def delete(self, name: str) -> None: ...


@runtime_checkable
class TidyStore(Store, Protocol):
    """A store that can say what does not belong in it: a folder on a disk that somebody else also sees."""

    def leftovers(self) -> list[str]:
        """Temporary files whose writer is gone."""
        ...

    def clean(self) -> list[str]:
        """Removes the leftovers and says which they were."""
        ...

    def strangers(self) -> list[str]:
        """What is neither an object nor a temporary file."""
        ...

    def probe(self) -> None:
        """Writes and removes something. Raises Unreachable when the store takes nothing."""
        ...
