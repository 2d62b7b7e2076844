"""Salted commitments: the ledger binds itself to facts that it does not show and that can later be erased.

commitment = SHA-256(salt || canonical(facts)), the salt 32 random bytes kept only in the side row. Once salt and
facts are gone nothing tells which facts were meant, however few the possibilities were.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from egide.model.canonical import canonical, parse_canonical
from egide.model.errors import Tampered
from egide.model.event import Event, Fact, Leaf

SALT_BYTES = 32


@dataclass(frozen=True)
class Committed:
    """An event ready for the ledger: the public leaf, and the side row to seal."""

    leaf: bytes
    side: bytes


def commit(event: Event) -> Committed:
    salt = secrets.token_bytes(SALT_BYTES)
    leaf = Leaf(event.kind, event.at, commitment_of(salt, event.facts))
    return Committed(bytes(leaf), canonical({"salt": salt.hex(), "facts": event.facts}))


def commitment_of(salt: bytes, facts: Mapping[str, Fact]) -> str:
    return hashlib.sha256(salt + canonical(facts)).hexdigest()


def reveal(leaf: bytes, side: bytes) -> Event:
    """The event behind a leaf, given its opened side row. Raises Tampered when the two do not belong together."""
    shown = Leaf.parse(leaf)
    salt, facts = read_side(side)
    if commitment_of(salt, facts) != shown.commitment:
        raise Tampered("ledger.side-altered")
    return Event(shown.kind, shown.at, facts)


def read_side(side: bytes) -> tuple[bytes, dict[str, Fact]]:
    """Salt and facts of an opened side row. Raises Tampered with key ledger.side-altered."""
    try:
        match parse_canonical(side):
            case {"salt": str(salt), "facts": dict(facts)} if all(
                isinstance(v, str | int) for v in facts.values()
            ):
                return bytes.fromhex(salt), facts
    except ValueError as problem:
        raise Tampered("ledger.side-altered") from problem
    raise Tampered("ledger.side-altered")
