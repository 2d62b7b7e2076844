"""Identity files: where a person keeps the key that signs for them, outside the hub.

JSON with a name, the public key, and the private key as PKCS#8 PEM. A passphrase is first stretched by scrypt
(RFC 7914), since the library's best scheme for PKCS#8 is PBKDF2 with 2,048 rounds, too few against a stolen file;
the stretched secret, in hex, is what the PEM is encrypted under. Written once, readable by its owner only.
"""

import json
import os
import secrets
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from egide.crypto.sign import SigningKey, VerifyKey
from egide.model.errors import BadInput, BadUsage, Unreachable

FORMAT = "egide-identity/1"
_LARGEST = 64 * 1024
_COST = 2**17  # scrypt's N, with r = 8 and p = 1: 128 MiB and about a third of a second


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
    for folder in (path.parent, path.parent.parent):  # the folder itself may be new
        _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _document(name: str, key: SigningKey, passphrase: str | None) -> bytes:
    if not name.strip():
        raise BadUsage("identity.no-name")
    if passphrase == "":
        raise BadUsage("identity.passphrase-empty")
    salt = secrets.token_hex(16) if passphrase else None
    lock = (
        serialization.BestAvailableEncryption(_stretch(passphrase, salt))
        if passphrase and salt
        else serialization.NoEncryption()
    )
    pem = Ed25519PrivateKey.from_private_bytes(key.expose()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    )
    found = {
        "format": FORMAT,
        "name": name,
        "public_key": key.verify_key.base64,
        "scrypt_salt": salt,
        "private_key": pem.decode("ascii"),
    }
    return json.dumps(found, ensure_ascii=False, indent=1).encode() + b"\n"


def _stretch(passphrase: str, salt: str) -> bytes:
    """Accents are composed first (NFC), so that another keyboard types the same passphrase."""
    secret = unicodedata.normalize("NFC", passphrase).encode()
    return Scrypt(salt=bytes.fromhex(salt), length=32, n=_COST, r=8, p=1).derive(secret).hex().encode()


def read_identity(path: Path, passphrase: str | None = None) -> Identity:
    """Raises BadUsage (missing, open to others, passphrase needed or wrong) or BadInput (not an identity file)."""
    found = _fields(path, _bytes_of(path))
    key = _open_pem(path, found, passphrase)
    if key.verify_key != found.public:
        raise BadInput("identity.mismatch", path=path)
    return Identity(found.name, key)


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


@dataclass(frozen=True, slots=True)
class _Fields:
    name: str
    public: VerifyKey
    salt: str | None
    pem: bytes = field(repr=False)


def _fields(path: Path, data: bytes) -> _Fields:
    try:
        match json.loads(data):
            case {
                "format": "egide-identity/1",
                "name": str(name),
                "public_key": str(public),
                "scrypt_salt": None | str() as salt,
                "private_key": str(pem),
            }:
                bytes.fromhex(salt or "")
                return _Fields(name, VerifyKey.parse(public), salt, pem.encode())
    except (ValueError, RecursionError, BadInput) as problem:
        raise BadInput("identity.malformed", path=path) from problem
    raise BadInput("identity.malformed", path=path)


def _open_pem(path: Path, found: _Fields, passphrase: str | None) -> SigningKey:
    if found.salt and not passphrase:
        raise BadUsage("identity.passphrase-needed", path=path)
    secret = _stretch(passphrase, found.salt) if found.salt and passphrase else None
    try:
        private = serialization.load_pem_private_key(found.pem, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        wrong = BadUsage if found.salt else BadInput
        raise wrong(
            "identity.passphrase-wrong" if found.salt else "identity.malformed", path=path
        ) from problem
    if not isinstance(private, Ed25519PrivateKey):
        raise BadInput("identity.malformed", path=path)
    return SigningKey.from_bytes(private.private_bytes_raw())
