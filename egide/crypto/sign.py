"""Ed25519 (RFC 8032) signing keys as handles, and personal acts signed with them.

`canonical` (egide.model.canonical) writes down everything that is signed; it is offered here too.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from egide.model.act import Act, SignedAct
from egide.model.canonical import canonical
from egide.model.errors import BadInput, Denied, Tampered

__all__ = ["SigningKey", "VerifyKey", "canonical", "check_signed", "decode_base64", "digest", "sign_act"]

KEY_BYTES = 32


def digest(data: bytes) -> str:
    """SHA-256 in lower-case hex: how a signed document names another."""
    return hashlib.sha256(data).hexdigest()


def decode_base64(text: str) -> bytes:
    """Standard base64 (RFC 4648, section 4), one spelling only. Raises ValueError for any other spelling."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as problem:
        raise ValueError("not base64") from problem
    if base64.b64encode(data).decode() != text:
        raise ValueError("not the one spelling of this base64")
    return data


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key: 32 bytes, checked when made. Raises BadInput with key sign.not-a-key."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES:
            raise BadInput("sign.not-a-key")

    @classmethod
    def parse(cls, text: str) -> "VerifyKey":
        """From 64 hex digits or base64."""
        try:
            return cls(bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else decode_base64(text))
        except ValueError as problem:
            raise BadInput("sign.not-a-key") from problem

    @property
    def hex(self) -> str:
        return self.raw.hex()

    @property
    def base64(self) -> str:
        return base64.b64encode(self.raw).decode()

    @property
    def fingerprint(self) -> str:
        """What two people read to each other: 32 hex digits of SHA-256 in groups of four."""
        short = digest(self.raw)[:32]
        return " ".join(short[i : i + 4] for i in range(0, 32, 4))

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raises Tampered with key sign.wrong."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature as problem:
            raise Tampered("sign.wrong") from problem


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that does not print, pickle or compare in the open. Made by `generate` or `from_bytes`."""

    verify_key: VerifyKey
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def generate(cls) -> "SigningKey":
        return cls._of(Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, secret: bytes) -> "SigningKey":
        """From the 32 bytes of RFC 8032's private key. Raises BadInput with key sign.not-a-key."""
        if len(secret) != KEY_BYTES:
            raise BadInput("sign.not-a-key")
        return cls._of(Ed25519PrivateKey.from_private_bytes(secret))

    @classmethod
    def _of(cls, private: Ed25519PrivateKey) -> "SigningKey":
        return cls(VerifyKey(private.public_key().public_bytes_raw()), private)

    def sign(self, message: bytes) -> bytes:
        """64 bytes, the same each time for the same message."""
        return self._private.sign(message)

    def expose(self) -> bytes:
        """The raw 32 bytes, for the keyring and for `egide.crypto` only."""
        return self._private.private_bytes_raw()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key does not leave the process")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a key does not leave the process")


def sign_act(act: Act, key: SigningKey) -> SignedAct:
    return SignedAct(act, key.sign(bytes(act)), key.verify_key.raw)


def check_signed(signed: SignedAct, account_key: VerifyKey) -> None:
    """The act was signed by the key enrolled for its account.

    Raises Denied (act.key-not-enrolled) when another key made it, Tampered (act.altered) when the act or its
    signature was changed since.
    """
    if signed.public_key != account_key.raw:
        raise Denied("act.key-not-enrolled", account=signed.act.account)
    try:
        account_key.verify(signed.signature, bytes(signed.act))
    except Tampered as problem:
        raise Tampered("act.altered", account=signed.act.account) from problem
