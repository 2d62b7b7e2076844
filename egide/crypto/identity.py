"""Identity files: where a person keeps the key that signs for them, outside the hub.

JSON with a name, the public key, and the private key as PKCS#8 PEM, encrypted by the `cryptography` library's
best available scheme when a passphrase is given. Written once, readable by its owner only.
"""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from egide.crypto.sign import SigningKey, VerifyKey
from egide.model.errors import BadInput, BadUsage, Unreachable

FORMAT = "egide-identity/1"
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts: an account's name and its key."""

    name: str
    key: SigningKey


def write_identity(path: Path, name: str, key: SigningKey, passphrase: str | None = None) -> None:
    """Creates the file with mode 0600, durable on return.

    Raises BadUsage when the file exists or the passphrase is empty, Unreachable when it cannot be written.
    """
    data = _document(name, key, passphrase)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as problem:
        raise BadUsage("identity.exists", path=path) from problem
    except OSError as problem:
        raise Unreachable("identity.unwritable", path=path, reason=problem.strerror) from problem
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _document(name: str, key: SigningKey, passphrase: str | None) -> bytes:
    if not name.strip():
        raise BadUsage("identity.no-name")
    if passphrase == "":
        raise BadUsage("identity.passphrase-empty")
    lock = (
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase.encode())
    )
    pem = Ed25519PrivateKey.from_private_bytes(key.expose()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    )
    found = {
        "format": FORMAT,
        "name": name,
        "public_key": key.verify_key.base64,
        "private_key": pem.decode("ascii"),
    }
    return json.dumps(found, ensure_ascii=False, indent=1).encode() + b"\n"


def read_identity(path: Path, passphrase: str | None = None) -> Identity:
    """Raises BadUsage (missing, open to others, passphrase needed or wrong) or BadInput (not an identity file)."""
    name, public, pem = _fields(path, _bytes_of(path))
    key = _open_pem(path, pem, passphrase)
    if key.verify_key != public:
        raise BadInput("identity.mismatch", path=path)
    return Identity(name, key)


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise BadUsage("identity.open-to-others", path=path)
            return file.read(_LARGEST)
    except FileNotFoundError as problem:
        raise BadUsage("identity.missing", path=path) from problem
    except OSError as problem:
        raise BadUsage("identity.unreadable", path=path, reason=problem.strerror) from problem


def _fields(path: Path, data: bytes) -> tuple[str, VerifyKey, bytes]:
    try:
        match json.loads(data):
            case {
                "format": str(form),
                "name": str(name),
                "public_key": str(public),
                "private_key": str(pem),
            } if form == FORMAT:
                return name, VerifyKey.parse(public), pem.encode()
    except (ValueError, RecursionError, BadInput) as problem:
        raise BadInput("identity.malformed", path=path) from problem
    raise BadInput("identity.malformed", path=path)


def _open_pem(path: Path, pem: bytes, passphrase: str | None) -> SigningKey:
    locked = b"ENCRYPTED" in pem
    if locked and passphrase is None:
        raise BadUsage("identity.passphrase-needed", path=path)
    secret = passphrase.encode() if locked and passphrase is not None else None
    try:
        private = serialization.load_pem_private_key(pem, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        wrong = BadUsage if locked else BadInput
        raise wrong("identity.passphrase-wrong" if locked else "identity.malformed", path=path) from problem
    if not isinstance(private, Ed25519PrivateKey):
        raise BadInput("identity.malformed", path=path)
    return SigningKey.from_bytes(private.private_bytes_raw())
