"""Our own reading of sealed objects: SQL that the hub wrote, over files that only it can open."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from egide.ports.engine import Feed

Transform = Callable[[Any], Any]  # an Arrow record batch in, one with the same columns out


class Lake(Protocol):
    """A trusted engine over the objects of one snapshot."""

    def scan(self, objects: Sequence[str]) -> str:
        """SQL for the rows of these sealed Parquet objects, columns united by name."""
        ...

    def columns(self, relation: str) -> dict[str, str]:
        """Names and engine types of a relation."""
        ...

    def persons(self, name: str, ids: Sequence[bytes]) -> str:
        """Registers a list of persons; SQL that selects it."""
        ...

    def feed(self, relation: str, transforms: Mapping[str, Transform]) -> Feed:
        """A relation as a feed whose named columns pass through a transform, batch by batch."""
        ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to our own SQL. Raises Tampered naming an object that does not open."""
        ...
