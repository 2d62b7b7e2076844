"""A delivery's files, written a block at a time and hashed on the way, and the manifest that lists them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv

DELIMITER = ";"


@dataclass(frozen=True)
class WrittenFile:
    """A file of a delivery as its manifest lists it. `rows` counts every line after the header."""

    path: str
    table: str
    rows: int
    sha256: str


class TableFile:
    """One table's CSV file in the making."""

    def __init__(self, folder: Path, table: str) -> None:
        self.table = table
        self.path = folder / f"{table}.csv"
        self.rows = 0
        self._hash = hashlib.sha256()
        self._file: IO[bytes] = self.path.open("xb")
        self._empty = True

    def __enter__(self) -> "TableFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def next_line(self) -> int:
        """The physical number of the next line; the header is line 1."""
        return self.rows + 2

    def header(self, names: list[str]) -> None:
        if self._empty:
            self._empty = False
            self._write((DELIMITER.join(names) + "\n").encode())

    def append(self, lines: bytes, rows: int) -> None:
        self._write(lines)
        self.rows += rows

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._file.write(data)

    def written(self) -> WrittenFile:
        return WrittenFile(self.path.name, self.table, self.rows, self._hash.hexdigest())


def csv_lines(columns: dict[str, Any]) -> bytes:
    """Rows as CNAM writes them: `;`, no quotes, nothing for null, a line feed at each end."""
    buffer = pa.BufferOutputStream()
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter=DELIMITER, quoting_style="none")
    pyarrow.csv.write_csv(pa.table(columns), buffer, options)
    return bytes(buffer.getvalue())


def write_manifest(
    folder: Path, head: dict[str, str], dialect: dict[str, str], files: list[WrittenFile]
) -> None:
    """delivery.toml, as DESIGN 8 words it."""
    lines = [f'{key} = "{value}"' for key, value in head.items()]
    lines += ["", "[dialect]", *(f'{key} = "{value}"' for key, value in dialect.items())]
    for file in files:
        lines += [
            "",
            "[[file]]",
            f'path = "{file.path}"',
            f'table = "{file.table}"',
            f'sha256 = "{file.sha256}"',
            f"rows = {file.rows}",
        ]
    (folder / "delivery.toml").write_text("\n".join(lines) + "\n", "utf-8")
