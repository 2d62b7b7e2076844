"""The options that every command has, and what a command works with: where its hub is, who acts, how it answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egide.crypto.identity import Identity
    from egide.model.records import AccountRow
    from egide.wiring import Hub, Progress

HOME_HELP = "The hub's folder; else EGIDE_HOME, else ~/.egide."
JSON_HELP = "Print one JSON object on standard output, all else on standard error."
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
AS_HELP = "Identity file of who acts; else EGIDE_IDENTITY, else the owner's."


@dataclass(frozen=True)
class Run:
    """One call of one command."""

    given_home: Path | None
    json: bool
    identity: Path | None = None

    @property
    def home(self) -> Path:
        from egide.wiring import home_of

        return home_of(self.given_home)

    def hub(self) -> "Hub":
        """Raises BadUsage where there is no hub, Unreachable when its keyring cannot be opened."""
        from egide.wiring import open_hub

        return open_hub(self.home)

    def has_hub(self) -> bool:
        from egide.wiring import is_hub

        return is_hub(self.home)

    def actor(self, hub: "Hub") -> "tuple[AccountRow, Identity]":
        """Who says they act. Raises Denied when their key is not enrolled."""
        from egide.journey.start import acting

        return acting(hub, self.identity)

    @contextmanager
    def progress(self) -> "Iterator[Progress]":
        """What a long journey calls: bars on standard error where somebody looks, nothing elsewhere."""
        from egide.cli.progress import bars

        with bars() as tick:
            yield tick
