"""A data key travels to the key table wrapped under its dataset's key (KEK), bound to where it belongs.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. A KEK version must not wrap more than 2^32 keys; one
data key per object keeps far below that.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egide import FORMAT
from egide.crypto.key import Key
from egide.model.errors import Tampered
from egide.model.sealed import WrappedKey

NONCE = 12
WRAPPED = NONCE + 32 + 16  # 60 bytes: nonce, key, tag


def wrap(key: Key, kek: Key, *, hub: str, dataset: str, kek_version: int) -> WrappedKey:
    """The row of the key table for `key`."""
    nonce = secrets.token_bytes(NONCE)
    place = wrapping_aad(hub, dataset, key.id, kek_version)
    wrapped = nonce + AESGCM(kek.expose()).encrypt(nonce, key.expose(), place)
    return WrappedKey(key.id, dataset, kek_version, wrapped)


def unwrap(row: WrappedKey, kek: Key, *, hub: str) -> Key:
    """The data key. Raises Tampered (seal.key_broken) when the row was altered, moved, or is under another KEK."""
    place = wrapping_aad(hub, row.dataset, row.key_id, row.kek_version)
    if len(row.wrapped) != WRAPPED:
        raise Tampered("seal.key_broken", key_id=row.key_id)
    try:
        secret = AESGCM(kek.expose()).decrypt(row.wrapped[:NONCE], row.wrapped[NONCE:], place)
    except InvalidTag:
        raise Tampered("seal.key_broken", key_id=row.key_id) from None
    return Key(row.key_id, secret)


def wrapping_aad(hub: str, dataset: str, key_id: str, kek_version: int) -> bytes:
    """Five fields joined by U+001F, UTF-8; the version in decimal."""
    parts = (FORMAT, hub, dataset, key_id, str(kek_version))
    if any(not part or "\x1f" in part for part in parts):
        raise ValueError("a place's parts are non-empty and hold no separator")
    return "\x1f".join(parts).encode()
