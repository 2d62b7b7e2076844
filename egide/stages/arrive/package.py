"""What travels from a holder to the hub: files encrypted to the hub with age, listed in a manifest signed by the holder.

    package.json   {"manifest": {format, hub, holder, recipient, files: [{name, size, sha256, plain_size}]}, key, signature}
    0000.age       delivery.toml
    0001.age ...   the delivered files, in the order of delivery.toml

Whoever carries the package learns the number and sizes of its files. Opened files are kept sealed under a key of this
process: a delivery is never in clear on the hub's disk.
"""

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from egide.crypto.age import decrypt_with, encrypt_to
from egide.crypto.key import Key
from egide.crypto.seal import SealWriter, Unsealed
from egide.crypto.sign import SigningKey, VerifyKey
from egide.model.canonical import canonical, parse_canonical
from egide.model.delivery import DeliveredFile, Delivery
from egide.model.errors import BadInput, Denied
from egide.model.sealed import Context, Role
from egide.stages.arrive.manifest import parse_manifest

NAME = "package.json"
FORMAT = "egide-package/1"
_MOST_BYTES = 4 << 20
_STEP = 4 << 20


@dataclass(frozen=True, slots=True)
class PackedFile:
    name: str
    size: int
    sha256: str
    plain_size: int


def write_package(
    out: Path,
    manifest: bytes,
    files: list[Callable[[], BinaryIO]],
    *,
    hub: str,
    holder: str,
    recipient: str,
    key: SigningKey,
) -> Path:
    """Encrypts manifest and files to the hub and signs the list. Raises BadInput for a recipient that is no age key."""
    out.mkdir(parents=True, exist_ok=True)
    packed = [_pack(out, 0, io.BytesIO(manifest), recipient)]
    for number, open_source in enumerate(files, 1):
        with open_source() as source:
            packed.append(_pack(out, number, source, recipient))
    listed = [
        {"name": p.name, "size": p.size, "sha256": p.sha256, "plain_size": p.plain_size} for p in packed
    ]
    document = {"format": FORMAT, "hub": hub, "holder": holder, "recipient": recipient, "files": listed}
    envelope = {
        "manifest": document,
        "key": key.verify_key.hex,
        "signature": key.sign(canonical(document)).hex(),
    }
    path = out / NAME
    path.write_bytes(canonical(envelope))
    return path


class OpenedPackage:
    """A verified package, its files kept sealed in a temporary folder until `close`."""

    def __init__(
        self, folder: Path, *, hub: str, holder: str, holder_key: str, identity: str, temp: Path
    ) -> None:
        self._temp = temp
        self._opened: dict[str, tuple[Path, Key, int]] = {}
        files = _verified(folder, hub, holder, holder_key)
        manifest = self._open(folder, files[0], identity, "delivery.toml")
        self.delivery: Delivery = parse_manifest(manifest.read())
        if self.delivery.holder != holder:
            raise BadInput("delivery.holder-differs", stated=self.delivery.holder, holder=holder)
        if len(files) - 1 != len(self.delivery.files):
            raise BadInput("delivery.package-form", what="files")
        for file, packed in zip(self.delivery.files, files[1:], strict=True):
            self._open(folder, packed, identity, file.path)

    def open(self, file: DeliveredFile) -> BinaryIO:
        path, key, size = self._opened[file.path]
        return io.BufferedReader(_SealedFile(path, key, size), _STEP)

    def close(self) -> None:
        for path, _, _ in self._opened.values():
            path.unlink(missing_ok=True)

    def _open(self, folder: Path, packed: PackedFile, identity: str, name: str) -> BinaryIO:
        key = Key.generate()
        with SealWriter(self._temp, key, _context(key), pad=False) as out:
            bounded = _Bounded(out, packed, name)
            with (folder / packed.name).open("rb") as file:
                source = _Watched(file)
                decrypt_with(identity, source, bounded)  # type: ignore[arg-type]
                if source.rest_hashed() != packed.sha256:
                    raise BadInput("delivery.changed", file=packed.name)
            if bounded.written != packed.plain_size:
                raise BadInput("delivery.package-form", what=name)
            out.finish(sync=False)
        self._opened[name] = (out.path, key, packed.plain_size)
        return io.BufferedReader(_SealedFile(out.path, key, packed.plain_size))


class _Bounded:
    """Refuses to write more than was announced: a small package never grows into a full disk."""

    def __init__(self, out: SealWriter, packed: PackedFile, name: str) -> None:
        self._out, self._packed, self._name = out, packed, name
        self.written = 0

    def write(self, data: bytes) -> int:
        self.written += len(data)
        if self.written > self._packed.plain_size:
            raise BadInput("delivery.package-large", file=self._name)
        return self._out.write(data)

    def flush(self) -> None:
        """The open segment waits for `finish`."""


class _SealedFile(io.RawIOBase):
    def __init__(self, path: Path, key: Key, size: int) -> None:
        self._file = path.open("rb")
        self._at = 0
        source = _Source(self._file, path.stat().st_size)
        self._plain = Unsealed(source, key, _context(key), plain_size=size, pad=False)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._plain.plain_size}[
            whence
        ] + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        length = min(len(buffer), self._plain.plain_size - self._at)
        buffer[:length] = self._plain.read_at(self._at, length)
        self._at += length
        return length

    def close(self) -> None:
        self._file.close()
        super().close()


class _Source:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = file, size

    def read_at(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(length)


def _context(key: Key) -> Context:
    return Context("arrival", "arrival", Role.PART, key.id)


def _pack(out: Path, number: int, source: BinaryIO, recipient: str) -> PackedFile:
    name = f"{number:04d}.age"
    counted = _Counted(source)
    with (out / name).open("wb") as target:
        encrypt_to(recipient, counted, target)  # type: ignore[arg-type]
    return PackedFile(name, (out / name).stat().st_size, _hash(out / name), counted.count)


class _Watched:
    """Hashes what is read, so that what was verified is what is opened."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def rest_hashed(self) -> str:
        while self.read(_STEP):
            pass
        return self._digest.hexdigest()


class _Counted:
    def __init__(self, source: BinaryIO) -> None:
        self._source, self.count = source, 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.count += len(data)
        return data


def _verified(folder: Path, hub: str, holder: str, holder_key: str) -> list[PackedFile]:
    """The listed files, once signature, presence, size and hash of each are right."""
    path = folder / NAME
    if path.stat().st_size > _MOST_BYTES:
        raise BadInput("delivery.manifest-large")
    try:
        envelope = parse_canonical(path.read_bytes())
        assert isinstance(envelope, dict)
        document, signature = envelope["manifest"], bytes.fromhex(envelope["signature"])
        files = [PackedFile(**f) for f in document["files"]]
        stated = document["format"], document["hub"], document["holder"]
    except (ValueError, KeyError, TypeError, AssertionError):
        raise BadInput("delivery.package-form", what=NAME) from None
    if not holder_key:
        raise Denied("delivery.no-key", holder=holder)
    VerifyKey.parse(holder_key).verify(signature, canonical(document))
    if stated != (FORMAT, hub, holder) or not files:
        raise BadInput("delivery.package-form", what="hub, holder")
    for number, packed in enumerate(files):
        _check_packed(folder, packed, number)
    return files


def _check_packed(folder: Path, packed: PackedFile, number: int) -> None:
    path = folder / packed.name
    if packed.name != f"{number:04d}.age" or path.is_symlink() or not path.is_file():
        raise BadInput("delivery.file-missing", file=packed.name[:20])
    if path.stat().st_size != packed.size or _hash(path) != packed.sha256:
        raise BadInput("delivery.hash", file=packed.name)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
