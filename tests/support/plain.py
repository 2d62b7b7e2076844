"""A delivery read plainly, value by value, to judge what the hub made of it. Shares no code with the hub's reading."""

import csv
import hashlib
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from egide.model.table import Column, Kind, Model, Table
from egide.registry import model_of, resolve

Keyed = Callable[[list[str], str], list[bytes]]  # values, domain -> pseudonyms
IDENTIFIERS = {"psa", "ano", "idt", "provider", "stage1"}
FORMS = {"dd/MM/yyyy": "%d/%m/%Y", "yyyy-MM-dd": "%Y-%m-%d"}


@dataclass(frozen=True)
class PlainFile:
    path: str
    table: Table
    names: list[str]
    lines: dict[int, list[str]]  # physical line -> cells; lines that are no text or not whole are left out
    count: int


class PlainDelivery:
    """The files of a delivery folder, cut at delimiters and nothing more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = tomllib.loads((folder / "delivery.toml").read_text("utf-8"))
        self.model: Model = model_of(self.manifest["model"], self.manifest["model_version"])
        dialect = self.manifest.get("dialect", {})
        self.delimiter = dialect.get("delimiter", ";")
        self.dates = FORMS[dialect.get("dates", "dd/MM/yyyy")]
        self.files = [self._read(f["path"], f["table"]) for f in self.manifest["file"]]

    def _read(self, path: str, name: str) -> PlainFile:
        table, _ = resolve(self.model, name)
        raw = (self.folder / path).read_bytes().split(b"\n")[:-1]
        names = raw[0].decode().split(self.delimiter)
        lines = {}
        for number, line in enumerate(raw[1:], 2):
            try:
                cells = line.decode().split(self.delimiter)
            except UnicodeDecodeError:
                continue
            if len(cells) == len(names):
                lines[number] = cells
        return PlainFile(path, table, names, lines, len(raw) - 1)

    def typed(
        self, file: PlainFile, lines: list[int], keyed: Keyed
    ) -> Iterator[tuple[int, tuple[object, ...]]]:
        """Every wanted line's values in the order of its columns, typed; identifiers as the hub's pseudonyms."""
        columns = []
        for n, name in enumerate(file.names):
            values = [file.lines[number][n] for number in lines]
            columns.append(self._column(file.table.column(name), values, keyed))
        return zip(lines, zip(*columns, strict=True), strict=True)

    def _column(self, column: Column, values: list[str], keyed: Keyed) -> list[object]:
        distinct = sorted(set(values) - {""})
        if column.domain is not None and column.domain.value in IDENTIFIERS:
            made: dict[str, object] = dict(zip(distinct, keyed(distinct, column.domain.value), strict=True))
        else:
            made = {value: self._value(column, value) for value in distinct}
        made[""] = None
        return [made[value] for value in values]

    def _value(self, column: Column, value: str) -> object:
        form = column.date_format or self.dates
        if column.kind is Kind.INTEGER:
            return int(value)
        if column.kind is Kind.DECIMAL:
            return Decimal(value)
        if column.kind is Kind.DATE:
            return datetime.strptime(value, form).date()
        if column.kind is Kind.DATETIME:
            return datetime.strptime(value, form if len(value) > 10 or "H" not in form else form[:6])
        return value


def answers(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_delivery(
    folder: Path,
    files: dict[str, tuple[str, bytes]],
    *,
    id: str,
    holder: str,
    model: str = "snds",
    dialect: dict[str, str] | None = None,
    replaces: str = "",
) -> Path:
    """A delivery folder of these files (path -> table, bytes) with its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    head = {
        "id": id,
        "holder": holder,
        "source": "proof",
        "model": model,
        "model_version": model_of(model).version,
        "period": "2019-2021",
    } | ({"replaces": replaces} if replaces else {})
    lines = [f'{key} = "{value}"' for key, value in head.items()]
    if dialect:
        lines += ["", "[dialect]", *(f'{key} = "{value}"' for key, value in dialect.items())]
    for path, (table, data) in files.items():
        (folder / path).write_bytes(data)
        rows = data.count(b"\n") - 1 + (not data.endswith(b"\n"))
        lines += ["", "[[file]]", f'path = "{path}"', f'table = "{table}"']
        lines += [f'sha256 = "{hashlib.sha256(data).hexdigest()}"', f"rows = {rows}"]
    (folder / "delivery.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return folder
