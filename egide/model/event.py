"""What the ledger records. The leaf anyone may read holds a kind, a time and a salted commitment, nothing else.

Names, identifiers and counts are facts: they sit in a side row that is sealed and can be erased (DESIGN 7.8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from egide.model.canonical import canonical, check_instant, parse_canonical
from egide.model.errors import Tampered

Fact = str | int


class EventKind(StrEnum):
    """The closed list. Labels in two languages: `event.*` in messages/ledger.toml.

    There is deliberately no kind for an objection, an erasure or an exclusion list: RECORDS_CHANGED is also written
    for routine changes, so that the public leaf does not say that somebody objected.
    """

    HUB_INITIALISED = "hub-initialised"
    ACCOUNT_ENROLLED = "account-enrolled"
    ACCOUNT_REVOKED = "account-revoked"
    HOLDER_ADDED = "holder-added"
    DELIVERED = "delivered"
    DELIVERY_REFUSED = "delivery-refused"
    SEALED = "sealed"
    SNAPSHOT = "snapshot"
    PROJECT_APPLIED = "project-applied"
    OPINION_GIVEN = "opinion-given"
    AUTHORISED = "authorised"
    AUTHORISATION_REFUSED = "authorisation-refused"
    PERMIT_ISSUED = "permit-issued"
    PERMIT_AMENDED = "permit-amended"
    PERMIT_REVOKED = "permit-revoked"
    PERMIT_EXPIRED = "permit-expired"
    QUERIED = "queried"
    QUERY_REFUSED = "query-refused"
    OUTPUT_MADE = "output-made"
    REVIEWED = "reviewed"
    RELEASED = "released"
    RELEASE_REFUSED = "release-refused"
    RECORDS_CHANGED = "records-changed"
    KEY_ROTATED = "key-rotated"
    SHREDDED = "shredded"
    BACKUP_MADE = "backup-made"
    RESTORED = "restored"
    LOSS_ACCEPTED = "loss-accepted"
    DOCTOR_CLEANED = "doctor-cleaned"


@dataclass(frozen=True)
class Event:
    """Something that happened. `at` is UTC to the second; `facts` are committed to, never published."""

    kind: EventKind
    at: str
    facts: Mapping[str, Fact]

    def __post_init__(self) -> None:
        check_instant(self.at)
        object.__setattr__(self, "kind", EventKind(self.kind))
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))
        canonical(self.facts)  # what cannot be written down cannot be committed to


@dataclass(frozen=True)
class Leaf:
    """What the tree holds and what anyone may read."""

    kind: EventKind
    at: str
    commitment: str  # 64 hex digits: SHA-256(salt || canonical(facts))

    def __bytes__(self) -> bytes:
        return canonical({"kind": self.kind.value, "time": self.at, "commitment": self.commitment})

    @classmethod
    def parse(cls, data: bytes) -> "Leaf":
        """Raises Tampered unless `data` is exactly a leaf in canonical form."""
        try:
            match parse_canonical(data):
                case {"kind": str(kind), "time": str(at), "commitment": str(digest), **rest} if not rest:
                    check_instant(at)
                    return cls(EventKind(kind), at, digest)
        except ValueError as problem:
            raise Tampered("ledger.leaf-malformed") from problem
        raise Tampered("ledger.leaf-malformed")
