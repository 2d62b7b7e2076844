"""Stores: where sealed objects are kept. One folder each, one line below; each passes tests/contract/test_store.py."""

from collections.abc import Callable, Mapping

from egide.adapters.stores.folder import FolderSettings, FolderStore
from egide.adapters.stores.memory import MemorySettings, MemoryStore
from egide.model.errors import BadUsage
from egide.ports.store import Store

STORES: dict[str, Callable[[Mapping[str, str]], Store]] = {
    "folder": lambda given: FolderStore(FolderSettings.of(given)),
    "memory": lambda given: MemoryStore(MemorySettings.of(given)),
}


def open_store(kind: str, given: Mapping[str, str]) -> Store:
    """The store of this kind with these settings. Raises BadUsage for an unknown kind or bad settings."""
    if kind not in STORES:
        raise BadUsage("store.kind", kind=kind)
    return STORES[kind](given)


__all__ = ["STORES", "FolderSettings", "FolderStore", "MemorySettings", "MemoryStore", "open_store"]
