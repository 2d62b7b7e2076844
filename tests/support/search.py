"""Looks for words in bytes: as they are, in other common writings, and inside whatever looks compressed."""

import base64
import io
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DEEP = 3  # compressed within compressed
SHORTEST = 8  # bytes of a writing: shorter ones are met by chance
MOST = 64 << 20  # bytes taken out of one compressed stretch
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
GZIP, ZSTD, PARQUET, ZIP = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PAR1", b"PK\x03\x04"
SNAPPY = b"\xff\x06\x00\x00sNaPpY"


def writings(word: str) -> list[bytes]:
    """A word as text, as wide text, in hexadecimal, and in base64 at its three alignments."""
    raw = word.encode()
    coded = [base64.b64encode(b"\0" * shift + raw)[4 * (shift > 0) : -4] for shift in range(3)]
    forms = [raw, word.encode("utf-16-le"), raw.hex().encode(), raw.hex().upper().encode(), *coded]
    return [form for form in forms if len(form) >= SHORTEST]


class Searcher:
    """Looks for many words at once. Plain text only, where `plainly`."""

    def __init__(self, words: Iterable[str], *, plainly: bool = False) -> None:
        self.words = frozenset(words)
        self._short = {w: w.encode() for w in self.words if len(w) < SHORTEST} if plainly else {}
        self._by_head: dict[int, list[tuple[bytes, str]]] = defaultdict(list)
        for word in self.words - self._short.keys():
            for form in [word.encode()] if plainly else writings(word):
                self._by_head[int.from_bytes(form[:SHORTEST], "little")].append((form, word))
        self._heads = np.array(sorted(self._by_head), np.uint64)

    def found(self, data: bytes) -> set[str]:
        """The words that these bytes hold somewhere, compressed or not."""
        met: set[str] = set()
        for layer in (data, *opened(data)):
            met |= self._in(layer)
        return met

    def _in(self, data: bytes) -> set[str]:
        met = {word for word, form in self._short.items() if form in data}
        for shift in range(SHORTEST):
            count = (len(data) - shift) // SHORTEST
            if count <= 0 or not len(self._heads):
                continue
            heads = np.frombuffer(data, np.uint64, count, shift)
            at = np.minimum(np.searchsorted(self._heads, heads), len(self._heads) - 1)
            for place in np.flatnonzero(self._heads[at] == heads).tolist():
                start = shift + SHORTEST * place
                forms = self._by_head[int(heads[place])]
                met |= {word for form, word in forms if data.startswith(form, start)}
        return met


def opened(data: bytes, depth: int = DEEP) -> Iterator[bytes]:
    """What comes out of everything in the data that looks compressed, at any offset."""
    if depth:
        for piece in _pieces(data):
            yield piece
            yield from opened(piece, depth - 1)


def _pieces(data: bytes) -> Iterator[bytes]:
    for magic in ZLIB:
        yield from (p for at in _places(data, magic) if (p := _inflated(data[at:], zlib.MAX_WBITS)))
    yield from (p for at in _places(data, GZIP) if (p := _inflated(data[at:], 16 + zlib.MAX_WBITS)))
    for at in _places(data, ZSTD):
        yield from _streamed(data[at:], "zstd")
    for at in _places(data, SNAPPY):
        yield data[at + len(SNAPPY) :]
    for at in _places(data, ZIP):
        yield from _unzipped(data[at:])
    yield from _columns(data)


def _places(data: bytes, magic: bytes) -> Iterator[int]:
    at = data.find(magic)
    while at >= 0:
        yield at
        at = data.find(magic, at + 1)


def _inflated(data: bytes, window: int) -> bytes:
    """Whatever comes out before the stream proves to be none."""
    out, machine = bytearray(), zlib.decompressobj(window)
    try:
        for at in range(0, len(data), 4096):
            out += machine.decompress(data[at : at + 4096], MOST)
            if machine.eof or len(out) > MOST:
                break
    except zlib.error:
        pass
    return bytes(out)


def _streamed(data: bytes, codec: str) -> Iterator[bytes]:
    out = bytearray()
    try:
        with pa.CompressedInputStream(pa.BufferReader(data), codec) as stream:
            while (piece := stream.read(4096)) and len(out) < MOST:
                out += piece
    except (OSError, pa.ArrowException):
        pass
    if out:
        yield bytes(out)


def _unzipped(data: bytes) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return


def _columns(data: bytes) -> Iterator[bytes]:
    """The cells and names of Parquet files, whole ones from their first mark to each later one."""
    marks = list(_places(data, PARQUET))
    for start, end in ((marks[0], end) for end in marks[1:]):
        try:
            table = pq.read_table(io.BytesIO(data[start : end + len(PARQUET)]))
        except (OSError, pa.ArrowException):
            continue
        cells = [cell for column in table.columns for cell in column.to_pylist() if cell is not None]
        yield b"\n".join(
            c if isinstance(c, bytes) else str(c).encode() for c in [*table.column_names, *cells]
        )
