"""Sealing: bytes become an immutable object that only its key, in its place, opens again.

Stage of the story: the last step before a store and the first after one. Layout in docs/format.md:
object = stream(payload || zeros || length of the payload), named by the SHA-256 of the object's bytes.
"""

import errno
import hashlib
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Protocol, runtime_checkable

from egide.crypto.key import Key
from egide.crypto.padding import TRAILER, padded_size
from egide.crypto.stream import SEGMENT, Buffer, Header, SegmentReader, SegmentWriter
from egide.model.errors import Tampered, Unreachable
from egide.model.sealed import Context, SealedObject

_ZEROS = bytes(SEGMENT)
TEMPORARY = ".sealing"


class Source(Protocol):
    """Random access to an object's bytes: what a store's reader offers."""

    size: int

    def read_at(self, offset: int, length: int) -> bytes: ...


@runtime_checkable
class FillingSource(Source, Protocol):
    """A source that can fill a buffer given to it, which spares an allocation per read."""

    def read_into(self, offset: int, into: memoryview) -> None: ...


class SealWriter:
    """A binary file to write a payload to, a pyarrow sink for example; `finish` makes it a sealed object.

        with SealWriter(folder, key, context) as out:
            pq.write_table(table, out)
            sealed = out.finish()
        store.put(sealed.name, out.path); out.path.unlink()

    The object is written under a temporary name in `folder` (`path`). Leaving the block without `finish` removes it.
    `pad=False` is for temporary spill files under an ephemeral key: no padding, no trailer, never for a store.
    Raises Unreachable (seal.disk_full) when the disk is full, ValueError when the key is not the context's.
    """

    def __init__(
        self, folder: Path, key: Key, context: Context, *, pad: bool = True, header: Header | None = None
    ) -> None:
        _check_key(key, context)
        self.path = folder / f"{secrets.token_hex(8)}{TEMPORARY}"
        self.closed = False
        self._context = context
        self._pad = pad
        self._hash = hashlib.sha256()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        try:
            self._stream = SegmentWriter(self._keep, key, context.aad(), header)
        except Unreachable:
            self.discard()
            raise

    def write(self, data: Buffer) -> int:
        if self.closed:
            raise ValueError("the object is finished")
        return self._stream.write(data)

    def finish(self, sync: bool = True) -> SealedObject:
        """Pads, writes the end and closes; durable on return unless `sync` is False (a store will copy it)."""
        payload = self._stream.plain_size
        if self._pad:
            self._write_padding(payload)
        size = self._stream.finish()
        if sync:
            os.fsync(self._file.fileno())
        self._file.close()
        self.closed = True
        return SealedObject(self._hash.hexdigest(), size, payload, self._context)

    def discard(self) -> None:
        """Removes the file."""
        self._file.close()
        self.closed = True
        self.path.unlink(missing_ok=True)

    def tell(self) -> int:
        return self._stream.plain_size

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def flush(self) -> None:
        """Nothing waits here but the open segment, which only `finish` may close."""

    def close(self) -> None:
        """What a Parquet writer calls when it is done; the object still has to be finished."""

    def __enter__(self) -> "SealWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind or not self.closed:
            self.discard()

    def _write_padding(self, payload: int) -> None:
        left = padded_size(payload) - payload - TRAILER
        while left > 0:
            left -= self._stream.write(memoryview(_ZEROS)[:left])
        self._stream.write(payload.to_bytes(TRAILER, "big"))

    def _keep(self, piece: Buffer) -> None:
        self._hash.update(piece)
        view = memoryview(piece)
        try:
            while len(view):
                view = view[self._file.write(view) :]
        except OSError as problem:
            if problem.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Unreachable("seal.disk_full") from None
            raise Unreachable("seal.disk_failed", reason=problem.strerror or "") from None


def seal_bytes(data: Buffer, folder: Path, key: Key, context: Context) -> tuple[SealedObject, Path]:
    """The object that carries `data` (anything with the buffer protocol, a pyarrow Buffer too), and its file."""
    with SealWriter(folder, key, context) as out:
        out.write(memoryview(data))
        return out.finish(), out.path


class Unsealed:
    """The payload of a sealed object, readable from any offset.

    `plain_size` comes from a signed manifest: it is then checked against the object's size without reading. Left
    out, it is read from the object's last segment. Raises Tampered (seal.broken) naming `name` when anything
    about the object is not as it was sealed, ValueError when the key is not the context's.
    """

    def __init__(
        self,
        source: Source,
        key: Key,
        context: Context,
        plain_size: int | None = None,
        *,
        name: str = "",
        pad: bool = True,
    ) -> None:
        _check_key(key, context)
        fill = source.read_into if isinstance(source, FillingSource) else None
        self._stream = SegmentReader(source.read_at, source.size, key, context.aad(), name, fill)
        self._name = name
        self._pad = pad
        self.plain_size = self._payload_size() if plain_size is None else plain_size
        self._check_size()

    def read_at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes of the payload from `offset`. ValueError outside the payload."""
        if offset < 0 or length < 0 or offset + length > self.plain_size:
            raise ValueError("the range leaves the payload")
        return self._stream.read_at(offset, length)

    def read_all(self) -> bytes:
        """The whole payload, every segment, zero and trailer verified."""
        self._stream.check_end()
        whole = self._stream.read_at(0, self._stream.plain_size)
        if not self._pad:
            return whole
        zeros = len(whole) - TRAILER - self.plain_size
        if whole[self.plain_size :] != bytes(zeros) + self.plain_size.to_bytes(TRAILER, "big"):
            raise self._broken()
        return whole[: self.plain_size]

    def _payload_size(self) -> int:
        total = self._stream.plain_size
        if not self._pad:
            self._stream.check_end()
            return total
        if total < TRAILER:
            raise self._broken()
        return int.from_bytes(self._stream.read_at(total - TRAILER, TRAILER), "big")

    def _check_size(self) -> None:
        expected = padded_size(self.plain_size) if self._pad else self.plain_size
        if expected != self._stream.plain_size:
            raise self._broken()

    def _broken(self) -> Tampered:
        return Tampered("seal.broken", name=self._name)


def verify_name(source: Source, name: str) -> None:
    """Reads the whole object. Raises Tampered (seal.misnamed) unless its SHA-256 is its name."""
    if hash_of(source) != name:
        raise Tampered("seal.misnamed", name=name)


def hash_of(source: Source) -> str:
    """The SHA-256 of an object's bytes, in hex."""
    digest = hashlib.sha256()
    step = 16 * SEGMENT
    for offset in range(0, source.size, step):
        digest.update(source.read_at(offset, min(step, source.size - offset)))
    return digest.hexdigest()


def _check_key(key: Key, context: Context) -> None:
    if key.id != context.key_id:
        raise ValueError("the key is not the one that the context names")
