"""Settings of a folder store: what messages call it, and where it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from egide.model.errors import BadUsage


@dataclass(frozen=True, slots=True)
class FolderSettings:
    path: Path
    name: str = "folder"

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "FolderSettings":
        """Raises BadUsage without a path."""
        if not given.get("path"):
            raise BadUsage("store.path")
        return cls(Path(given["path"]), given.get("name", "folder"))
