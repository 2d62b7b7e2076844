"""Who keeps the hub's long-lived secrets. Data keys pass through; dataset keys (KEKs) and seeds stay with the keeper.

Names: `kek/<dataset>/<version>`, `stage2/<domain set>`, `permit/<permit id>`, `sign/snapshot`, `sign/ledger`,
`sign/receipt`, `sign/permit`; texts: `age/hub`. Every method raises Unreachable (keys.*) when the keeper cannot
answer or has no such secret, Tampered when what it kept was altered. Each change is whole or not at all.
"""

from typing import Protocol

from egide.crypto.key import Key
from egide.model.sealed import WrappedKey


class Keys(Protocol):
    hub: str

    def wrap(self, dataset: str, key: Key) -> WrappedKey:
        """`key` under the dataset's newest KEK."""
        ...

    def unwrap(self, row: WrappedKey, hub: str | None = None) -> Key:
        """The data key. `hub` when the row was made by another hub. Unreachable (keys.missing) once the KEK version
        is destroyed, Tampered (seal.key_broken) when the row lies."""
        ...

    def kek_version(self, dataset: str) -> int:
        """The newest version; Unreachable (keys.missing) before the first `rotate`."""
        ...

    def rotate(self, dataset: str) -> int:
        """Makes the next KEK version, 1 for a new dataset. Older ones keep opening what they wrapped."""
        ...

    def destroy(self, dataset: str, version: int) -> None:
        """Forgets a KEK version for ever. Doing it twice changes nothing; a version's number is never used again."""
        ...

    def create(self, name: str) -> Key:
        """Makes a named secret. BadUsage (keys.exists) when there is one."""
        ...

    def secret(self, name: str, create: bool = False) -> Key:
        """A named secret, made first when `create` is set and there is none."""
        ...

    def forget(self, name: str) -> None:
        """Destroys a named secret, a closed permit's for example. Doing it twice changes nothing."""
        ...

    def signing_seed(self, name: str) -> Key:
        """The 32 bytes of an Ed25519 private key; `name` begins with `sign/`."""
        ...

    def deposit(self, name: str, text: str) -> None:
        """Keeps a secret that is a text, an age identity for example. BadUsage (keys.exists) when there is one."""
        ...

    def text(self, name: str) -> str:
        """A deposited text."""
        ...

    def names(self) -> tuple[str, ...]:
        """What is kept, by name only."""
        ...
