"""The files of a delivery are what its manifest says: present, ordinary, of that hash and that many rows."""

import hashlib
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from egide.model.delivery import DeliveredFile, Delivery
from egide.model.errors import BadInput

READERS = 2
_STEP = 4 << 20


def open_file(folder: Path, file: DeliveredFile) -> BinaryIO:
    """Opens a delivered file for reading. Raises BadInput for what is missing, a link, or no ordinary file."""
    path = folder / file.path
    inside = folder.resolve()
    if any(p.is_symlink() for p in (path, *path.parents) if inside in p.parents or p == path) or (
        inside not in path.resolve().parents
    ):
        raise BadInput("delivery.link", file=file.path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        raise BadInput("delivery.file-missing", file=file.path) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadInput("delivery.link", file=file.path)
    return os.fdopen(descriptor, "rb", buffering=0)


def verify_files(
    folder: Path, delivery: Delivery, open_: Callable[[DeliveredFile], BinaryIO] | None = None
) -> int:
    """Reads every file once, from the folder or as `open_` opens it. Raises BadInput naming the first whose hash or row count is not the manifest's.

    Returns the bytes read."""
    with ThreadPoolExecutor(READERS) as pool:
        return sum(
            pool.map(
                lambda file: _verify(open_(file) if open_ else open_file(folder, file), file), delivery.files
            )
        )


def _verify(opened: BinaryIO, file: DeliveredFile) -> int:
    digest, ends, last, size = hashlib.sha256(), 0, b"\n", 0
    with opened as stream:
        while chunk := stream.read(_STEP):
            digest.update(chunk)
            ends += chunk.count(b"\n")
            last = chunk[-1:]
            size += len(chunk)
    if not size:
        raise BadInput("delivery.file-empty", file=file.path)
    if digest.hexdigest() != file.sha256:
        raise BadInput("delivery.hash", file=file.path)
    rows = ends - 1 + (last != b"\n")
    if rows != file.rows:
        raise BadInput("delivery.rows", file=file.path, stated=file.rows, found=rows)
    return size


class Hashed:
    """A file that is hashed again while it is read, so that what was verified is what was used."""

    def __init__(self, stream: BinaryIO, file: DeliveredFile) -> None:
        self._stream = stream
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._digest.update(chunk)
        return chunk

    def readline(self, size: int = -1) -> bytes:
        """A first line, for the header: byte by byte would be slow, so a chunk is read and the rest given back."""
        start = self._stream.tell()
        line = self._stream.read(size if size > 0 else _STEP)
        cut = line.find(b"\n") + 1
        if cut:
            line = line[:cut]
        self._stream.seek(start + len(line))
        self._digest.update(line)
        return line

    def confirm(self) -> None:
        """Raises BadInput when the file changed between its verification and its use."""
        if self._digest.hexdigest() != self._file.sha256:
            raise BadInput("delivery.changed", file=self._file.path)
