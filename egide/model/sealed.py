"""What a store holds and what binds a sealed object to its place (docs/format.md)."""

from dataclasses import dataclass, field
from enum import StrEnum

from egide import FORMAT


class Role(StrEnum):
    """What a sealed object is for. In the clear nowhere; bound into its authenticated data."""

    PART = "part"
    QUARANTINE = "quarantine"
    MANIFEST = "manifest"
    ROOT = "root"
    EXCLUSIONS = "exclusions"
    BACKUP = "backup"
    OUTPUT = "output"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Context:
    """Where an object belongs. Compulsory to seal and to unseal: an object moved elsewhere does not open."""

    hub: str
    dataset: str
    role: Role
    key_id: str

    def __post_init__(self) -> None:
        for part in (self.hub, self.dataset, self.role, self.key_id):
            if not part or "\x1f" in part:
                raise ValueError("a context's parts are non-empty and hold no separator")

    def aad(self) -> bytes:
        """The associated data: five fields joined by U+001F, UTF-8."""
        return "\x1f".join((FORMAT, self.hub, self.dataset, self.role, self.key_id)).encode()


@dataclass(frozen=True, slots=True)
class SealedObject:
    """An immutable encrypted file, named by the SHA-256 of its bytes."""

    name: str  # 64 hex digits
    size: int  # bytes in the store
    plain_size: int  # bytes of payload, padding not counted
    context: Context


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a manifest part: an object and what is needed to find, open and prune it."""

    object: str
    key_id: str
    size: int
    plain_size: int
    rows: int
    table: str
    period: str  # "2021", or "all" for a register
    bucket: int
    buckets: int  # how many person buckets there were: powers of two, so that they merge
    delivery: str
    role: Role = Role.PART
    ranges: dict[str, tuple[str, str]] = field(default_factory=dict)  # pruning column -> (min, max), ISO text
    redaction: str = ""  # reserved: id of the redaction record that rewrote this object


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A row of the key table: a data key sealed under a dataset's key of one version. Lives in the records only."""

    key_id: str
    dataset: str
    kek_version: int
    wrapped: bytes = field(repr=False)
