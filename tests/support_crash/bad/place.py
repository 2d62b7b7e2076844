"""A folder to spoil: a synthetic delivery and an empty hub, copied for each case."""

import hashlib
import shutil
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from egide.crypto.identity import read_identity
from egide.stages.arrive.synthetic import sign_synthetic
from support_crash.homes import copied

DEATHS = "KI_CCI_R_2019"
PERSONS = "IR_BEN_R"
CARE = "ER_PRS_F_2019"
CANARY = "CANARI7F3A9Q"  # planted in cells; must never be printed


class Place:
    """One case's own hub and delivery. Paths of the delivery are given by the table that a file holds."""

    def __init__(self, made: Path, place: Path, config: Path) -> None:
        self.root, self.made, self.config = place, made, config
        self.home = copied(made / "home", place / "home")
        self.folder = copied(made / "delivery", place / "delivery")
        self.manifest: dict[str, Any] = tomllib.loads(self.manifest_path.read_text("utf-8"))

    @property
    def manifest_path(self) -> Path:
        return self.folder / "delivery.toml"

    def held(self) -> None:
        """A hub that holds the untouched delivery already."""
        copied(self.made / "held", self.home)

    # files

    def path(self, table: str) -> Path:
        return self.folder / str(self.entry(table)["path"])

    def entry(self, table: str) -> dict[str, Any]:
        return next(f for f in self.manifest["file"] if f["table"] == table)

    def lines(self, table: str) -> list[str]:
        return self.path(table).read_text("utf-8").splitlines()

    def set(self, table: str, data: bytes, rows: int | None = None) -> None:
        """Replaces a file; its manifest entry follows. `rows`: as announced, when it is not the number of line ends."""
        self.path(table).write_bytes(data)
        entry = self.entry(table)
        entry["sha256"] = hashlib.sha256(data).hexdigest()
        entry["rows"] = data.count(b"\n") - 1 if rows is None else rows

    def text(self, table: str, lines: list[str], end: str = "\n", encoding: str = "utf-8") -> None:
        self.set(table, "".join(line + end for line in lines).encode(encoding), rows=len(lines) - 1)

    def cell(self, table: str, column: str, value: str, line: int = 2) -> None:
        """Puts a value in one cell. `line` counts from 1, the header."""
        lines = self.lines(table)
        cells = lines[line - 1].split(";")
        cells[lines[0].split(";").index(column)] = value
        lines[line - 1] = ";".join(cells)
        self.text(table, lines)

    # manifest

    def write(self, text: bytes | None = None) -> None:
        """Writes the manifest, from `text` or from what `manifest` holds now."""
        self.manifest_path.write_bytes(_toml(self.manifest).encode() if text is None else text)

    def sign(self) -> None:
        """Writes the manifest and signs it as synthetic, whatever it says."""
        self.write()
        self.sign_as_is()

    def sign_as_is(self) -> None:
        data = self.manifest_path.read_bytes()
        key = read_identity(self.config / "egide" / "generator.json").key
        stated = SimpleNamespace(id=str(self.manifest.get("id", "")), sha256=hashlib.sha256(data).hexdigest())
        sign_synthetic(self.folder, stated, {"seed": 1}, key)  # type: ignore[arg-type]  # unfit for a Delivery

    # what is there afterwards

    def kept(self) -> dict[str, Any]:
        """What the hub keeps, as files and rows: read without the hub's own code."""
        tables = ("deliveryrow", "snapshotrow", "keyrow", "datasetrow", "profilerow")
        found: dict[str, Any] = {
            "objects": sorted(p.name for p in (self.home / "store").rglob("*") if p.is_file()),
            "temporary": sorted(p.name for p in (self.home / "temp").glob("*")),
        }
        with closing(sqlite3.connect(f"file:{self.home}/records.sqlite3?mode=ro", uri=True)) as records:
            for table in tables:
                [[found[table]]] = records.execute(f"SELECT count(*) FROM egide_records_{table}")
        return found

    def close(self) -> None:
        shutil.rmtree(self.root)


def secrets_of(folder: Path) -> set[str]:
    """What names a person in the untouched delivery, and the canary: none of it may ever be printed."""
    found = {CANARY}
    for table, columns in ((PERSONS, (0, 2, 3, 5)), (DEATHS, (0, 2, 4))):
        for line in (folder / f"{table}.csv").read_text("utf-8").splitlines()[1:]:
            cells = line.split(";")
            found |= {cells[c] for c in columns if len(cells[c]) >= 8}
    return found


def _toml(document: dict[str, Any]) -> str:
    files = document.get("file", [])
    lines = [f"{k} = {_value(v)}" for k, v in document.items() if k != "file" and not isinstance(v, dict)]
    for name, table in document.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *(f"{k} = {_value(v)}" for k, v in table.items())]
    for file in files:
        lines += ["", "[[file]]", *(f"{k} = {_value(v)}" for k, v in file.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    return repr(value) if isinstance(value, int | float) else '"' + str(value).replace("\\", "\\\\") + '"'
