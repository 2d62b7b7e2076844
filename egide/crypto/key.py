"""Keys are handles: they do not print, pickle or compare in the open."""

import secrets
from dataclasses import dataclass, field
from typing import NoReturn

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """A 256-bit secret with a public id."""

    id: str
    _secret: bytes = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self._secret) != KEY_BYTES:
            raise ValueError("a key has 32 bytes")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key does not leave the process")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a key does not leave the process")

    @classmethod
    def generate(cls) -> "Key":
        return cls(id=secrets.token_hex(16), _secret=secrets.token_bytes(KEY_BYTES))

    def expose(self) -> bytes:
        """The raw secret, for `egide.crypto` only."""
        return self._secret
