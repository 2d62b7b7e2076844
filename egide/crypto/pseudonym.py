"""Pseudonyms: HMAC-SHA-256 (RFC 2104) cut to 160 bits, stored raw, shown in base32.

Stage of the story: stages 1 to 3 of DESIGN 5, each with its own secret. `domain` says whom a value names: equal
values of one domain stay equal, values of two domains never meet. 160 bits keep chance collisions below 1 in
10^30 for a hundred million persons. The key never leaves this module, so no query plan shows it.
"""

import base64
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from egide.crypto.key import Key

SIZE = 20  # bytes of a pseudonym
SHOWN = 32  # characters of one in base32: 160 bits need no padding
SEPARATOR = b"\x1f"
_RUN = 4_096  # values hashed between two joins
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = np.frombuffer(b"".join(bytes((a, b)) for a in _ALPHABET for b in _ALPHABET), np.uint16)


def pseudonymise(values: "pa.Array | pa.ChunkedArray | list[bytes]", key: Key, domain: str) -> pa.Array:
    """The pseudonyms of text or binary values, as FixedSizeBinary(20). Null stays null.

    Works on distinct values: hand over a dictionary array to spare finding them again. Raises ValueError for an
    empty domain or one that holds the separator, TypeError for values that are neither text nor binary.
    """
    array = pa.array(values, pa.binary()) if isinstance(values, list) else values
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    return _of_distinct(encoded.dictionary, key, domain).take(encoded.indices)


def show(pseudonym: bytes) -> str:
    """The 32 characters that stand for a pseudonym on paper and in results (RFC 4648 base32)."""
    if len(pseudonym) != SIZE:
        raise ValueError("a pseudonym has 20 bytes")
    return base64.b32encode(pseudonym).decode("ascii")


def show_array(pseudonyms: "pa.Array | pa.ChunkedArray") -> pa.Array:
    """`show` for a FixedSizeBinary(20) array, null staying null."""
    if isinstance(pseudonyms, pa.ChunkedArray):
        pseudonyms = pseudonyms.combine_chunks()
    if pseudonyms.type != pa.binary(SIZE):
        raise TypeError("pseudonyms are fixed-size binary of 20 bytes")
    count = len(pseudonyms)
    filled = pc.fill_null(pseudonyms, bytes(SIZE)) if pseudonyms.null_count else pseudonyms
    raw = np.frombuffer(filled.buffers()[1], np.uint8, count * SIZE, filled.offset * SIZE)
    offsets = np.arange(0, (count + 1) * SHOWN, SHOWN, dtype=np.int64)
    text = pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(_base32(raw)))
    shown = text.cast(pa.string()) if count * SHOWN < 2**31 else text
    return pc.if_else(pseudonyms.is_valid(), shown, None) if pseudonyms.null_count else shown


def rekey_integers(values: npt.NDArray[np.int64], key: Key, domain: str) -> npt.NDArray[np.int64]:
    """Technical row keys for one permit: the same HMAC over 8 big-endian bytes, cut to a positive 63-bit integer.

    Two of n distinct keys collide with a chance of about n^2 / 2^64: one in two thousand for a hundred million.
    """
    distinct, places = np.unique(np.asarray(values, np.int64), return_inverse=True)
    big_endian = pa.py_buffer(np.ascontiguousarray(distinct.astype(">i8")))
    raw = _digests(
        _runs(pa.FixedSizeBinaryArray.from_buffers(pa.binary(8), len(distinct), [None, big_endian])),
        key,
        domain,
        8,
    )
    words = np.frombuffer(raw, ">u8") & np.uint64(2**63 - 1)
    made: npt.NDArray[np.int64] = np.maximum(words.astype(np.int64), 1)
    return made[places]


def _of_distinct(values: pa.Array, key: Key, domain: str) -> pa.Array:
    kind = values.type
    if not (_is_text(kind) or pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind)):
        raise TypeError("pseudonyms are made of text or binary values")
    plain = values.cast(pa.binary())
    raw = pa.py_buffer(_digests(_runs(plain.fill_null(b"")), key, domain, SIZE))
    made = pa.FixedSizeBinaryArray.from_buffers(pa.binary(SIZE), len(plain), [None, raw])
    return pc.if_else(plain.is_valid(), made, None) if plain.null_count else made


def _digests(values: Iterator[list[bytes]], key: Key, domain: str, cut: int) -> bytes:
    """The HMACs of every value in `values`, each cut to `cut` bytes, one after the other.

    A copied state spares the key schedule; runs of a few thousand values keep a core's cache warm.
    """
    state = HMAC(key.expose(), SHA256())
    state.update(_prefix(domain))
    fresh = state.copy
    runs: list[bytes] = []
    for run in values:
        made: list[bytes] = []
        add = made.append
        for value in run:
            one = fresh()
            one.update(value)
            add(one.finalize())
        whole = np.frombuffer(b"".join(made), np.uint8).reshape(-1, 32)
        runs.append(whole[:, :cut].tobytes())
    return b"".join(runs)


def _runs(values: pa.Array) -> Iterator[list[bytes]]:
    for start in range(0, len(values), _RUN):
        yield values.slice(start, _RUN).to_pylist()


def _prefix(domain: str) -> bytes:
    if not domain or "\x1f" in domain:
        raise ValueError("a domain is non-empty and holds no separator")
    return domain.encode() + SEPARATOR


def _base32(raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """Base32 of whole groups of five bytes: 40 bits are four look-ups of two characters."""
    five = raw.reshape(-1, 5).astype(np.uint16)
    tens = np.empty((len(five), 4), np.uint16)
    tens[:, 0] = five[:, 0] << 2 | five[:, 1] >> 6
    tens[:, 1] = (five[:, 1] & 63) << 4 | five[:, 2] >> 4
    tens[:, 2] = (five[:, 2] & 15) << 6 | five[:, 3] >> 2
    tens[:, 3] = (five[:, 3] & 3) << 8 | five[:, 4]
    pairs: npt.NDArray[np.uint16] = _PAIRS[tens]
    return pairs


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.large_binary())
