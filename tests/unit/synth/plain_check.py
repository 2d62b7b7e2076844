"""A slow, plain checker of deliveries that judges the generator: it shares no code with it, nor with the hub's own."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path

from egide.model.table import Column, Kind, Table
from egide.registry import codes_for, model_of, resolve

Found = tuple[str, int, str, str]  # file, line, rule, severity
Row = dict[str, str]

FORMS = {
    "%d%m%Y": r"\d{8}",
    "%d/%m/%Y": r"\d{2}/\d{2}/\d{4}",
    "%d%b%Y:%H:%M:%S": r"\d{2}[A-Z][a-z]{2}\d{4}(:\d{2}){3}",
}


@cache
def fault(column: Column, value: str) -> str:
    """The rule that a value breaks, or nothing."""
    if value == "":
        return ""
    if column.kind is Kind.TEXT:
        return "width" if len(value) > (column.length or 0) else ""
    if column.kind is Kind.INTEGER:
        return "type" if not re.fullmatch(r"-?\d+", value) else "width" if len(value) > 18 else ""
    if column.kind is Kind.DECIMAL:
        shape = re.fullmatch(r"-?(\d+)(?:\.(\d+))?", value)
        if not shape or len(shape[2] or "") > (column.scale or 0):
            return "type"
        return "width" if len(shape[1]) + (column.scale or 0) > (column.precision or 0) else ""
    return "" if moment(column, value) else "type"


@cache
def moment(column: Column, value: str) -> date | None:
    form = column.date_format or "%d/%m/%Y"
    try:
        return datetime.strptime(value, form).date() if re.fullmatch(FORMS[form], value) else None
    except ValueError:
        return None


class PlainCheck:
    """Reads a delivery line by line. `refused` and `flagged` hold what it found, `rows` what it accepted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = tomllib.loads((folder / "delivery.toml").read_text("utf-8"))
        self.model = model_of(self.manifest["model"], self.manifest["model_version"])
        self.refused: set[Found] = set()
        self.flagged: set[Found] = set()
        self.rows: dict[str, list[tuple[str, int, Row]]] = {}
        self.counts: dict[str, int] = {}
        for file in self.manifest["file"]:
            self._read(file["path"], file["table"])
        self._references()
        self._after_death()

    @property
    def found(self) -> set[Found]:
        return self.refused | self.flagged

    def _read(self, path: str, name: str) -> None:
        table, year = resolve(self.model, name)
        lines = (self.folder / path).read_bytes().split(b"\n")
        assert lines.pop() == b""
        names = lines[0].decode().split(";")
        self.counts[path] = len(lines) - 1
        by_name = table.by_name
        listed = {name: codes_for(self.model, by_name[name], year) for name in names}
        codes = {name: known for name, known in listed.items() if known is not None}
        keys: set[tuple[str, ...]] = set()
        for number, line in enumerate(lines[1:], 2):
            rule, row = self._line(table, by_name, names, line)
            key = tuple(row.get(name, "") for name in table.key)
            if not rule and key and key in keys:
                rule = "duplicate-key"
            if rule:
                self.refused.add((path, number, rule, "refuse"))
                continue
            keys.add(key)
            self.rows.setdefault(table.name, []).append((path, number, row))
            if any(value and value not in codes[column] for column, value in row.items() if column in codes):
                self.flagged.add((path, number, "unknown-code", "flag"))

    def _line(
        self, table: Table, by_name: dict[str, Column], names: list[str], line: bytes
    ) -> tuple[str, Row]:
        if not line:
            return "blank-line", {}
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            return "encoding", {}
        if re.search(r"[\x00-\x1f\x7f]", text):
            return "encoding", {}
        cells = text.split(";")
        if len(cells) != len(names):
            return "columns", {}
        row = dict(zip(names, cells, strict=True))
        if rules := [r for n, v in row.items() if (r := fault(by_name[n], v))]:
            return rules[0], row
        return ("null-key" if any(row[name] == "" for name in table.key) else ""), row

    def _accepted(self, table: str) -> Iterator[tuple[str, int, Row]]:
        yield from self.rows.get(table, ())

    def _references(self) -> None:
        for table in self.model.tables.values():
            for reference in table.references:
                here, there = self._period(table), self._period(self.model.tables[reference.table])
                by_year = bool(here and there)
                known = {
                    (row[there][-4:] if by_year else "", *(row[c] for c in reference.table_columns))
                    for _, _, row in self._accepted(reference.table)
                }
                for path, number, row in self._accepted(table.name):
                    if (row[here][-4:] if by_year else "", *(row[c] for c in reference.columns)) not in known:
                        self.flagged.add((path, number, "reference", "flag"))

    def _period(self, table: Table) -> str:
        return table.period or ""

    def _after_death(self) -> None:
        deaths: dict[tuple[str, ...], date] = {}
        for _, _, row in self._accepted("IR_BEN_R"):
            when = datetime.strptime(row["BEN_DCD_DTE"], "%d/%m/%Y").date()
            if when.year != 1600:
                deaths[row["BEN_NIR_PSA"],] = deaths[row["BEN_NIR_PSA"], row["BEN_RNG_GEM"]] = when
        for name in ("ER_PRS_F", "T_MCOaaC"):
            table = self.model.tables[name]
            column = table.column("EXE_SOI_DTD")
            for path, number, row in self._accepted(name):
                cared = moment(column, row["EXE_SOI_DTD"])
                death = deaths.get(tuple(row[c] for c in table.person.columns))
                if cared and death and cared > death:
                    self.flagged.add((path, number, "after-death", "flag"))
