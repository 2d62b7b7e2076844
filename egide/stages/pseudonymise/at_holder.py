"""Stage 1: at the holder, a social security number becomes a pseudonym of its linkage domain. The hub never sees it."""

from codecs import BOM_UTF8
from collections.abc import Callable
from typing import BinaryIO

import pyarrow as pa

from egide.crypto.key import Key
from egide.crypto.pseudonym import pseudonymise, show
from egide.model.delivery import DeliveredFile
from egide.model.errors import BadInput
from egide.model.table import Table

_BLOCK = 50_000  # lines keyed together


def renamed(table: Table) -> dict[str, str]:
    """Holder's column name -> the hub's, for the columns that stage 1 replaces."""
    return {c.holder_name: c.name for c in table.columns if c.holder_name}


def replace_nirs(
    source: BinaryIO,
    target: BinaryIO,
    file: DeliveredFile,
    table: Table,
    key: Key,
    domain: str,
    is_nir: Callable[[str], bool],
) -> int:
    """Copies a file, its NIR columns replaced by pseudonyms and renamed. Returns its rows.

    Raises BadInput naming file, line and column of the first value that is no valid NIR, or of bytes that are not of
    the declared encoding."""
    delimiter, codec = file.dialect.delimiter, file.dialect.codec
    header = _header(source, file)
    names = renamed(table)
    places = [n for n, name in enumerate(header) if name in names]
    if not places:
        raise BadInput("delivery.no-nir-column", file=file.path)
    target.write((delimiter.join(names.get(n, n) for n in header) + "\n").encode(codec))
    rows, block = 0, []
    for number, line in enumerate(source, 2):
        cells = _cells(line, number, file)
        for place in places:
            if place >= len(cells) or not is_nir(cells[place]):
                raise BadInput("delivery.nir-invalid", file=file.path, line=number, column=header[place])
        block.append(cells)
        rows += 1
        if len(block) == _BLOCK:
            _write(block, places, target, delimiter, codec, key, domain)
            block = []
    _write(block, places, target, delimiter, codec, key, domain)
    return rows


def _header(source: BinaryIO, file: DeliveredFile) -> list[str]:
    first = source.readline()
    if file.dialect.encoding.lower() == "utf-8-sig":
        first = first.removeprefix(BOM_UTF8)
    try:
        return first.decode(file.dialect.codec).rstrip("\r\n").split(file.dialect.delimiter)
    except UnicodeDecodeError:
        encoding = file.dialect.encoding
        raise BadInput("delivery.header-encoding", file=file.path, encoding=encoding) from None


def _cells(line: bytes, number: int, file: DeliveredFile) -> list[str]:
    try:
        return line.decode(file.dialect.codec).rstrip("\r\n").split(file.dialect.delimiter)
    except UnicodeDecodeError:
        raise BadInput("delivery.nir-encoding", file=file.path, line=number) from None


def _write(
    block: list[list[str]],
    places: list[int],
    target: BinaryIO,
    delimiter: str,
    codec: str,
    key: Key,
    domain: str,
) -> None:
    for place in places:
        numbers = [cells[place].replace(" ", "").upper()[:13] for cells in block]
        for cells, pseudonym in zip(block, _pseudonyms(numbers, key, domain), strict=True):
            cells[place] = pseudonym
    target.write("".join(delimiter.join(cells) + "\n" for cells in block).encode(codec))


def _pseudonyms(numbers: list[str], key: Key, domain: str) -> list[str]:
    if not numbers:
        return []
    return [show(p) for p in pseudonymise(pa.array(numbers), key, f"stage1/{domain}").to_pylist()]
