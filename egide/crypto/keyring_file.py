"""The keyring as bytes: secrets under a passphrase. docs/format.md gives the layout.

scrypt (RFC 7914) makes 48 bytes of the passphrase: 32 to encrypt with AES-256-GCM, 16 to tell a wrong passphrase
from a damaged file. Its cost stands in the file and is bounded on reading, so that no file can ask for all memory
or be downgraded to a cheap guess.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from egide.crypto.key import KEY_BYTES, Key
from egide.model.canonical import canonical
from egide.model.errors import Tampered, Unreachable

FORMAT = "egide-keyring/1"
CHECK = 16
SALT = 32
NONCE = 12
LARGEST = 16 << 20  # bytes of a keyring file


@dataclass(frozen=True, slots=True)
class Cost:
    """scrypt's cost; the default is OWASP's (2024) and takes 128 MiB for about a third of a second."""

    n: int = 1 << 17
    r: int = 8
    p: int = 1

    def bearable(self) -> bool:
        power_of_two = self.n & (self.n - 1) == 0
        return power_of_two and 1 << 14 <= self.n <= 1 << 20 and 8 <= self.r <= 32 and 1 <= self.p <= 16


@dataclass(frozen=True, slots=True)
class Lock:
    """What a passphrase became: made once per process, since making it is slow on purpose."""

    cost: Cost
    salt: bytes
    check: bytes
    _key: bytes = field(repr=False)

    @classmethod
    def of(cls, passphrase: bytes, cost: Cost, salt: bytes | None = None) -> "Lock":
        salt = salt or secrets.token_bytes(SALT)
        made = Scrypt(salt, KEY_BYTES + CHECK, cost.n, cost.r, cost.p).derive(passphrase)
        return cls(cost, salt, made[KEY_BYTES:], made[:KEY_BYTES])

    def cipher(self) -> AESGCM:
        return AESGCM(self._key)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a keyring holds. Changes make another one."""

    hub: str
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    latest: Mapping[str, int] = field(default_factory=dict)  # dataset -> newest KEK version ever made

    def key(self, name: str) -> Key:
        """Raises Unreachable (keys.missing)."""
        if name not in self.secrets:
            raise Unreachable("keys.missing", name=name)
        return Key(name, self.secrets[name])

    def with_new(self, name: str) -> "Contents":
        return replace(self, secrets={**self.secrets, name: secrets.token_bytes(KEY_BYTES)})

    def with_text(self, name: str, text: str) -> "Contents":
        return replace(self, texts={**self.texts, name: text})

    def without(self, name: str) -> "Contents":
        return replace(self, secrets={n: s for n, s in self.secrets.items() if n != name})

    def with_next_kek(self, dataset: str) -> "Contents":
        version = self.latest.get(dataset, 0) + 1
        return replace(self.with_new(kek_name(dataset, version)), latest={**self.latest, dataset: version})


def kek_name(dataset: str, version: int) -> str:
    return f"kek/{dataset}/{version}"


def write_keyring(contents: Contents, lock: Lock) -> bytes:
    """The file's bytes, under a fresh nonce."""
    head = {
        "format": FORMAT,
        "kdf": {
            "name": "scrypt",
            "n": lock.cost.n,
            "r": lock.cost.r,
            "p": lock.cost.p,
            "salt": lock.salt.hex(),
        },
        "check": lock.check.hex(),
    }
    plain = canonical(
        {
            "hub": contents.hub,
            "secrets": {name: secret.hex() for name, secret in contents.secrets.items()},
            "texts": contents.texts,
            "latest": contents.latest,
        }
    )
    nonce = secrets.token_bytes(NONCE)
    sealed = nonce + lock.cipher().encrypt(nonce, plain, canonical(head))
    document = {**head, "sealed": sealed.hex()}
    return canonical({**document, "checksum": _checksum(document)}) + b"\n"


def read_keyring(data: bytes, passphrase: bytes, name: str) -> tuple[Contents, Lock]:
    """Opens a keyring file. Raises Unreachable (keys.passphrase) or Tampered (keys.damaged), naming the file."""
    document = _document(data, name)
    try:
        kdf = document["kdf"]
        cost = Cost(int(kdf["n"]), int(kdf["r"]), int(kdf["p"]))
        salt = bytes.fromhex(kdf["salt"])
    except (KeyError, TypeError, ValueError):
        raise Tampered("keys.damaged", file=name) from None
    if not cost.bearable() or len(salt) != SALT:
        raise Tampered("keys.damaged", file=name)
    lock = Lock.of(passphrase, cost, salt)
    return reread_keyring(data, lock, name), lock


def reread_keyring(data: bytes, lock: Lock, name: str) -> Contents:
    """Opens a keyring file whose passphrase is known already. Raises as `read_keyring` does."""
    document = _document(data, name)
    head = {field: document[field] for field in ("format", "kdf", "check") if field in document}
    if not compare_digest(str(document.get("check")), lock.check.hex()):
        raise Unreachable("keys.passphrase", file=name)
    try:
        sealed = bytes.fromhex(document["sealed"])
        plain = lock.cipher().decrypt(sealed[:NONCE], sealed[NONCE:], canonical(head))
        return _contents(json.loads(plain))
    except (InvalidTag, KeyError, TypeError, ValueError, AttributeError):
        raise Tampered("keys.damaged", file=name) from None


def salt_of(data: bytes) -> bytes:
    """The salt that the file names, to notice a changed passphrase; empty when the file is damaged."""
    try:
        return bytes.fromhex(json.loads(data)["kdf"]["salt"])
    except (KeyError, TypeError, ValueError):
        return b""


def _contents(plain: dict[str, Any]) -> Contents:
    return Contents(
        str(plain["hub"]),
        {name: bytes.fromhex(secret) for name, secret in plain["secrets"].items()},
        dict(plain["texts"]),
        {dataset: int(version) for dataset, version in plain["latest"].items()},
    )


def _document(data: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(data)
        checksum = document.pop("checksum")
        sound = document["format"] == FORMAT and compare_digest(str(checksum), _checksum(document))
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise Tampered("keys.damaged", file=name)
    found: dict[str, Any] = document
    return found


def _checksum(document: Mapping[str, object]) -> str:
    """Finds accidents; the tag of AES-GCM finds intent."""
    return hashlib.sha256(canonical(document)).hexdigest()
