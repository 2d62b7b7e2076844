"""A store that lasts as long as its process: for tests and rehearsals."""

from egide.adapters.stores.memory.settings import MemorySettings
from egide.adapters.stores.memory.store import MemoryStore

__all__ = ["MemorySettings", "MemoryStore"]
