"""Where the hub remembers: on trusted compute, never at a host."""

from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from egide.ports.ledger import LedgerStore

T = TypeVar("T")


class Records(Protocol):
    """Typed rows (egide.model.records) in one transactional place, beside the ledger that records their changes."""

    ledger: LedgerStore

    def changing(self) -> AbstractContextManager[None]:
        """One transaction. All its writes are kept, or none; it fails unless the ledger grew within it: no change
        without its event."""
        ...

    def get(self, kind: type[T], *key: object) -> T | None: ...
    def where(self, kind: type[T], /, **equal: Any) -> list[T]:
        """Rows with these values, in key order; `field__in=[...]` selects several."""
        ...

    def count(self, kind: type[T], /, **equal: Any) -> int: ...
    def add(self, row: object) -> None:
        """Raises Denied (records.exists) when the key is taken."""
        ...

    def add_all(self, rows: list[Any]) -> None: ...
    def replace(self, row: object) -> None: ...
    def remove(self, kind: type[T], /, **equal: Any) -> int: ...

    def backup(self) -> bytes:
        """A consistent copy of everything, in clear and in memory: the caller seals it."""
        ...

    def close(self) -> None:
        """Gives back this thread's connection; the next use opens another."""
        ...
