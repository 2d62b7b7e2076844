"""Small secrets inside the records: a ledger's side rows, an output's content.

AES-256-GCM (NIST SP 800-38D), random 96-bit nonce in front, the place as associated data. Layout in docs/format.md.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egide.crypto.key import Key
from egide.model.errors import Tampered

NONCE = 12


def close_box(data: bytes, key: Key, place: str) -> bytes:
    """Seals bytes for one place."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key.expose()).encrypt(nonce, data, place.encode())


def open_box(box: bytes, key: Key, place: str) -> bytes:
    """Raises Tampered (box.broken) when the box was altered or comes from another place."""
    try:
        return AESGCM(key.expose()).decrypt(box[:NONCE], box[NONCE:], place.encode())
    except (InvalidTag, ValueError):
        raise Tampered("box.broken", place=place) from None
