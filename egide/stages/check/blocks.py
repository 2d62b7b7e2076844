"""From a file's bytes to blocks of whole, clean lines; lines that cannot be read as rows are set aside.

The engine that parses the blocks would silently drop blank lines, accept control characters and stop at the first
broken line. So every block is counted byte by byte first, and only what adds up is parsed as it is: a block that does
not add up is taken apart line by line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np

from egide.frame.frame import Refusal
from egide.model.delivery import Dialect
from egide.model.errors import BadInput

BLOCK_BYTES = 12 << 20
LINE_BYTES = 1 << 20  # a longer line is no row: the delivery is refused
BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Block:
    """Whole lines of UTF-8 that each have the right number of columns, and the physical number of each."""

    data: bytes
    lines: np.ndarray
    refusals: list[Refusal] = field(default_factory=list)


def read_header(stream: BinaryIO, file: str, dialect: Dialect) -> tuple[list[str], bool]:
    """The column names of a file's first line, and whether its lines end in CR LF.

    Raises BadInput for an empty file, an undeclared byte-order mark, a line too long, or bytes of another encoding."""
    first = stream.readline(LINE_BYTES + 1)
    if not first:
        raise BadInput("delivery.file-empty", file=file)
    if len(first) > LINE_BYTES:
        raise BadInput("delivery.line-length", file=file, line=1, limit=LINE_BYTES)
    if first.startswith(BOM):
        if dialect.encoding.lower() != "utf-8-sig":
            raise BadInput("delivery.bom", file=file)
        first = first[len(BOM) :]
    if first[:2] in (b"\x1f\x8b", b"PK", b"\xff\xfe", b"\xfe\xff") or b"\0" in first:
        raise BadInput("delivery.not-text", file=file)
    crlf = first.endswith(b"\r\n")
    try:
        text = first.decode(dialect.codec).rstrip("\r\n")
    except UnicodeDecodeError:
        raise BadInput("delivery.header-encoding", file=file, encoding=dialect.encoding) from None
    return text.split(dialect.delimiter), crlf


def read_blocks(
    stream: BinaryIO, file: str, dialect: Dialect, columns: int, crlf: bool, size: int = BLOCK_BYTES
) -> Iterator[Block]:
    """The rest of the file after its header, cut at line ends."""
    line = 2
    rest = b""
    while chunk := stream.read(size):
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            rest += chunk
            if len(rest) > LINE_BYTES:
                raise BadInput("delivery.line-length", file=file, line=line, limit=LINE_BYTES)
            continue
        block, rest = rest + chunk[:cut], chunk[cut:]
        found = _block(block, line, file, dialect, columns, crlf)
        line += block.count(b"\n")
        yield found
        if len(rest) > LINE_BYTES:
            raise BadInput("delivery.line-length", file=file, line=line, limit=LINE_BYTES)
    if rest:
        yield _block(
            rest + (b"\r\n" if crlf and not rest.endswith(b"\r") else b"\n"),
            line,
            file,
            dialect,
            columns,
            crlf,
        )


def _block(raw: bytes, first_line: int, file: str, dialect: Dialect, columns: int, crlf: bool) -> Block:
    count = raw.count(b"\n")
    _check_length(raw, first_line, file)
    lines = np.arange(first_line, first_line + count, dtype=np.int64)
    if _adds_up(raw, count, dialect, columns, crlf):
        data = raw.replace(b"\r\n", b"\n") if crlf else raw
        return Block(data if dialect.codec == "utf-8" else data.decode(dialect.codec).encode(), lines)
    return _line_by_line(raw, lines, file, dialect, columns, crlf)


def _check_length(raw: bytes, first_line: int, file: str) -> None:
    """Refuses a delivery with a line that is too long, wherever the blocks happened to be cut."""
    at = 0
    while len(raw) - at > LINE_BYTES:
        end = raw.rfind(b"\n", at, at + LINE_BYTES + 1)
        if end < 0:
            line = first_line + raw.count(b"\n", 0, at)
            raise BadInput("delivery.line-length", file=file, line=line, limit=LINE_BYTES)
        at = end + 1


def _adds_up(raw: bytes, count: int, dialect: Dialect, columns: int, crlf: bool) -> bool:
    """Whether the bytes are exactly `count` rows of `columns` cells of clean text: one count per way to fail."""
    delimiter = dialect.delimiter.encode()
    blank = b"\r\n" if crlf else b"\n"
    if raw.startswith(blank) or b"\n" + blank in raw or raw.count(delimiter) != count * (columns - 1):
        return False
    controls = int(np.count_nonzero(np.frombuffer(raw, np.uint8) < 32))
    allowed = count + (raw.count(b"\r\n") if crlf else 0) + (raw.count(b"\t") if delimiter == b"\t" else 0)
    if controls != allowed or (crlf and raw.count(b"\r\n") != count) or b"\x7f" in raw:
        return False
    return raw.isascii() or _decodes(raw, dialect.codec)


def _decodes(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def take_apart(block: Block, file: str, dialect: Dialect, columns: int) -> Block:
    """The slow way for a block whose sums were right and whose lines were not."""
    plain = replace(dialect, encoding="utf-8")
    apart = _line_by_line(block.data, block.lines, file, plain, columns, crlf=False)
    apart.refusals = [replace(r, raw=as_delivered(r.raw, dialect)) for r in apart.refusals]
    return apart


def as_delivered(line: bytes, dialect: Dialect) -> bytes:
    """A clean line of a block as the file's own encoding wrote it."""
    return line if dialect.codec == "utf-8" else line.decode().encode(dialect.codec)


def _line_by_line(
    raw: bytes, lines: np.ndarray, file: str, dialect: Dialect, columns: int, crlf: bool
) -> Block:
    """The slow, exact way: what is wrong with each line, one at a time."""
    good: list[bytes] = []
    numbers: list[int] = []
    refusals: list[Refusal] = []
    delimiter = dialect.delimiter.encode()
    for number, line in zip(lines.tolist(), raw.split(b"\n")[:-1], strict=True):
        if crlf and line.endswith(b"\r"):
            line = line[:-1]
        rule, column, like = _wrong(line, delimiter, columns, dialect.codec)
        if rule:
            refusals.append(Refusal(file, number, column, rule, like, line))
        else:
            good.append(line if dialect.codec == "utf-8" else line.decode(dialect.codec).encode())
            numbers.append(number)
    data = b"\n".join(good) + b"\n" if good else b""
    return Block(data, np.array(numbers, np.int64), refusals)


_CONTROLS = bytes([*range(9), *range(10, 32), 127])


def _wrong(line: bytes, delimiter: bytes, columns: int, codec: str) -> tuple[str, str, str]:
    if not line:
        return "blank-line", "", "empty"
    if line.translate(None, _CONTROLS) != line or (b"\t" in line and delimiter != b"\t"):
        return (
            "encoding",
            _which(line, delimiter, lambda cell: any(b < 32 or b == 127 for b in cell)),
            "control",
        )
    if not _decodes(line, codec):
        return "encoding", _which(line, delimiter, lambda cell: not _decodes(cell, codec)), "bytes"
    found = line.count(delimiter) + 1
    if found != columns:
        return "columns", "", f"cells({found})"
    return "", "", ""


def _which(line: bytes, delimiter: bytes, bad: Callable[[bytes], bool]) -> str:
    """The position of the first bad cell, as #n: names are added by whoever knows the header."""
    for n, cell in enumerate(line.split(delimiter)):
        if bad(cell):
            return f"#{n}"
    return ""
