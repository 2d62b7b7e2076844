"""A small ledger of invented facts, signed with a fresh key; what running a tool gave."""

from dataclasses import dataclass
from pathlib import Path

from memory_ledger import MemoryLedger

from egide.crypto.note import Checkpoint, Verifier
from egide.crypto.sign import SigningKey
from egide.model.event import Event, EventKind
from egide.stages import ledger

ORIGIN = "hub.example/ledger"
TOOLS = Path(__file__).parents[3] / "tools"
KINDS = list(EventKind)


def plain(side: bytes) -> bytes:
    """Stands for the caller's sealing, which other tests exercise."""
    return side


def event(number: int) -> Event:
    return Event(
        KINDS[number % len(KINDS)], f"2026-01-01T00:{number // 60 % 60:02d}:{number % 60:02d}Z", {"n": number}
    )


@dataclass
class Kept:
    """A ledger with its key."""

    store: MemoryLedger
    key: SigningKey

    @property
    def verifier(self) -> Verifier:
        return Verifier(ORIGIN, self.key.verify_key)

    def grow(self, count: int) -> "Kept":
        for _ in range(count):
            ledger.append(self.store, event(self.store.size()), plain)
        return self

    def sign(self) -> bytes:
        return ledger.checkpoint(self.store, ORIGIN, self.key)

    def problems(self, last_trusted: Checkpoint | None = None) -> list[str]:
        found = ledger.verify(self.store, ORIGIN, self.key.verify_key, last_trusted)
        return [problem.key for problem in found.problems]


@dataclass
class Ran:
    code: int
    out: str
    err: str
