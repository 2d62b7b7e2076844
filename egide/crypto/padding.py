"""How long a sealed object is, whatever it holds: a host sees sizes, so sizes say little.

Padmé: Nikitin, Barman, Lueks, Underwood, Hubaux, Ford, "Reducing Metadata Leakage from Encrypted Files and
Communication with PURBs", PoPETs 2019. A length keeps only its leading bits, so that objects of up to L bytes
have O(log log L) bits to tell, at a cost of at most 12 % and about 1 % for objects of some megabytes.
"""

from egide.crypto.stream import FIRST_PLAIN, stream_size

TRAILER = 8  # the payload's length, unsigned 64-bit, big-endian, at the very end
SMALLEST = (
    FIRST_PLAIN  # 65,480: with its trailer every payload up to 65,472 bytes makes an object of 65,536 bytes
)


def padme(length: int) -> int:
    """The least Padmé length that is not below `length` (which is 2 or more)."""
    exponent = length.bit_length() - 1
    kept = exponent.bit_length()
    mask = (1 << max(0, exponent - kept)) - 1
    return (length + mask) & ~mask


def padded_size(payload: int) -> int:
    """Bytes of plaintext, zeros and trailer counted, that carry `payload` bytes."""
    return SMALLEST if payload + TRAILER <= SMALLEST else padme(payload + TRAILER)


def object_size(payload: int) -> int:
    """Bytes in the store of a sealed object that carries `payload` bytes."""
    return stream_size(padded_size(payload))
