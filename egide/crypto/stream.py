"""The cipher under every sealed object: Tink's streaming AEAD, AES256-GCM-HKDF, read from any offset.

Stage of the story: `seal` pads and names what this module encrypts; engines read back through `SegmentReader`.
Wire format: https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming (docs/format.md restates it).
A segment proves its key, its place and whether it is the last; the file's length proves how many there are.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from egide.crypto.key import KEY_BYTES, Key
from egide.model.errors import Tampered

SEGMENT = 65_536  # bytes of a ciphertext segment; the first one counts the header in
TAG = 16
SALT = 32
PREFIX = 7
HEADER = 1 + SALT + PREFIX
PLAIN_SEGMENT = SEGMENT - TAG  # 65,520
FIRST_PLAIN = PLAIN_SEGMENT - HEADER  # 65,480
MOST_SEGMENTS = 1 << 32
BATCH = 16  # segments fetched at once: 1 MiB stays in a core's cache while it is decrypted

Buffer = bytes | bytearray | memoryview

# Buffers to read into, handed from one read to the next. Not thread-local: an engine's own threads get a fresh Python
# identity at each call, and would make and clear a new buffer every time.
_spare: list[bytearray] = []


class ReadAt(Protocol):
    """Returns exactly `length` bytes from `offset`, or raises."""

    def __call__(self, offset: int, length: int, /) -> bytes: ...


class ReadInto(Protocol):
    """Fills the whole buffer from `offset`, or raises. Saves an allocation per read."""

    def __call__(self, offset: int, into: memoryview, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Header:
    """The 40 bytes in front: their own length, the salt of the derived key, the prefix of every nonce."""

    salt: bytes
    prefix: bytes

    @classmethod
    def fresh(cls) -> "Header":
        return cls(secrets.token_bytes(SALT), secrets.token_bytes(PREFIX))

    @classmethod
    def parse(cls, data: Buffer) -> "Header | None":
        if len(data) != HEADER or data[0] != HEADER:
            return None
        return cls(bytes(data[1 : 1 + SALT]), bytes(data[1 + SALT :]))

    def to_bytes(self) -> bytes:
        return bytes((HEADER,)) + self.salt + self.prefix

    def cipher(self, key: Key, aad: bytes) -> AESGCM:
        derived = HKDF(SHA256(), KEY_BYTES, self.salt, aad).derive(key.expose())
        return AESGCM(derived)

    def nonce(self, index: int, last: bool) -> bytes:
        return self.prefix + index.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def stream_size(plain: int) -> int:
    """Bytes of the stream that holds `plain` bytes."""
    return HEADER + plain + TAG * segments_of_plain(plain)


def segments_of_plain(plain: int) -> int:
    return 1 if plain <= FIRST_PLAIN else 1 + -(-(plain - FIRST_PLAIN) // PLAIN_SEGMENT)


class SegmentWriter:
    """Encrypts what is written to it, segment by segment, towards `sink`.

    `sink` must use each buffer before it returns: the buffer is filled again. `header` is given by test vectors
    only; the same header twice under one key would give the plaintext away.
    """

    def __init__(
        self, sink: Callable[[Buffer], object], key: Key, aad: bytes, header: Header | None = None
    ) -> None:
        self._header = header or Header.fresh()
        self._cipher = self._header.cipher(key, aad)
        self._sink = sink
        self._held = bytearray()
        self._out = bytearray(SEGMENT)
        self._index = 0
        self._room = FIRST_PLAIN
        self.plain_size = 0
        sink(self._header.to_bytes())

    def write(self, data: Buffer) -> int:
        """Takes all of `data`. A full segment waits for the next byte, since only the last may be marked last."""
        view = memoryview(data).cast("B")
        done = 0
        if self._held:
            done = min(self._room - len(self._held), len(view))
            self._held += view[:done]
            if done < len(view):
                self._encrypt(self._held, last=False)
                self._held.clear()
        while len(view) - done > self._room:
            start, done = done, done + self._room
            self._encrypt(view[start:done], last=False)
        self._held += view[done:]
        self.plain_size += len(view)
        return len(view)

    def finish(self) -> int:
        """Writes the last segment; the size of the whole stream in bytes."""
        self._encrypt(self._held, last=True)
        self._held.clear()
        return stream_size(self.plain_size)

    def _encrypt(self, plain: Buffer, last: bool) -> None:
        if self._index >= MOST_SEGMENTS:
            raise ValueError("a stream holds at most 2^32 segments")
        out = memoryview(self._out)[: len(plain) + TAG]
        self._cipher.encrypt_into(self._header.nonce(self._index, last), plain, None, out)
        self._sink(out)
        self._index += 1
        self._room = PLAIN_SEGMENT


def encrypt(chunks: Iterable[Buffer], key: Key, aad: bytes, header: Header | None = None) -> Iterator[bytes]:
    """The stream of `chunks` under `key`, bound to `aad`, as pieces of bytes."""
    ready: list[bytes] = []
    writer = SegmentWriter(lambda piece: ready.append(bytes(piece)), key, aad, header)
    for chunk in chunks:
        writer.write(chunk)
        yield from ready
        ready.clear()
    writer.finish()
    yield from ready


class SegmentReader:
    """Reads any range of a stream's plaintext; every byte it returns has been authenticated.

    Raises Tampered (seal.broken, naming `name`) when a segment was altered, moved or comes from elsewhere. A stream
    cut or extended at a segment's edge shows in `size` and at the latest when the last segment is read: check
    `size` against a signed one, or call `check_end`. May be shared by threads when `read_at` may.
    """

    def __init__(
        self,
        read_at: ReadAt,
        size: int,
        key: Key,
        aad: bytes,
        name: str = "",
        read_into: ReadInto | None = None,
    ) -> None:
        self._name = name
        self._read_at = read_at
        self._read_into = read_into
        self._size = size
        self._segments = max(1, -(-size // SEGMENT))
        self.plain_size = size - HEADER - TAG * self._segments
        last = size - (self._segments - 1) * SEGMENT
        least = TAG + (1 if self._segments > 1 else 0)  # only a lone segment may be empty
        if size < HEADER + TAG or last < least or self._segments > MOST_SEGMENTS:
            raise self._broken()
        header = Header.parse(read_at(0, HEADER))
        if header is None:
            raise self._broken()
        self._header = header
        self._cipher = header.cipher(key, aad)

    def check_end(self) -> None:
        """Authenticates the last segment, and so the stream's length."""
        self._batch(self._segments - 1, self._segments)

    def read_at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes of plaintext from `offset`. ValueError outside the stream."""
        if offset < 0 or length < 0 or offset + length > self.plain_size:
            raise ValueError("the range leaves the stream")
        if length == 0:
            return b""
        shifted = offset + HEADER  # as if the header were plaintext, so that all segments are alike
        first, skip = divmod(shifted, PLAIN_SEGMENT)
        last = (shifted + length - 1) // PLAIN_SEGMENT
        if first == 0:
            skip -= HEADER
        pieces: list[bytes] = []
        for start in range(first, last + 1, BATCH):
            pieces += self._batch(start, min(start + BATCH, last + 1))
        return _trim(pieces, skip, length)

    def _batch(self, start: int, stop: int) -> list[bytes]:
        """The plaintext of segments `start` to `stop - 1`."""
        begin = start * SEGMENT if start else HEADER
        length = min(stop * SEGMENT, self._size) - begin
        if self._read_into is None:
            return self._decrypted(memoryview(self._read_at(begin, length)), start, stop)
        try:
            scratch = _spare.pop()
        except IndexError:
            scratch = bytearray(BATCH * SEGMENT)
        try:
            raw = memoryview(scratch)[:length]
            self._read_into(begin, raw)
            return self._decrypted(raw, start, stop)
        finally:
            _spare.append(scratch)

    def _decrypted(self, raw: memoryview, start: int, stop: int) -> list[bytes]:
        pieces, at = [], 0
        decrypt, prefix, final = self._cipher.decrypt, self._header.prefix, self._segments - 1
        try:
            for index in range(start, stop):
                end = at + (SEGMENT if index else SEGMENT - HEADER)
                flag = b"\x01" if index == final else b"\x00"
                pieces.append(decrypt(prefix + index.to_bytes(4, "big") + flag, raw[at:end], None))
                at = end
        except InvalidTag:
            raise self._broken() from None
        return pieces

    def _broken(self) -> Tampered:
        return Tampered("seal.broken", name=self._name)


def decrypt(data: bytes, key: Key, aad: bytes, name: str = "") -> bytes:
    """The whole plaintext of a stream held in memory. Raises Tampered."""
    reader = SegmentReader(lambda at, n: data[at : at + n], len(data), key, aad, name)
    if reader.plain_size == 0:
        reader.check_end()
    return reader.read_at(0, reader.plain_size)


def _trim(pieces: list[bytes], skip: int, length: int) -> bytes:
    """Joins the pieces without the bytes before and after the range asked for."""
    if len(pieces) == 1:
        return pieces[0][skip : skip + length]
    rest = length - (sum(map(len, pieces[:-1])) - skip)
    parts: list[Buffer] = list(pieces)
    parts[0] = memoryview(pieces[0])[skip:]
    parts[-1] = memoryview(pieces[-1])[:rest]
    return b"".join(parts)
