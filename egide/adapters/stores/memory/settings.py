"""Settings of a memory store: what messages call it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemorySettings:
    name: str = "memory"

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "MemorySettings":
        return cls(given.get("name", "memory"))
