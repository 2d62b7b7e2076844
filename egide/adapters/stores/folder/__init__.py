"""A store in a folder: a disk of the hub, or one that a host lends."""

from egide.adapters.stores.folder.settings import FolderSettings
from egide.adapters.stores.folder.store import FolderReader, FolderStore

__all__ = ["FolderReader", "FolderSettings", "FolderStore"]
