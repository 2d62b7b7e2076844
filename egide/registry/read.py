"""Reads a data model from its files and refuses one whose parts do not fit together.

    data/<model>/model.json          name, version, labels
    data/<model>/tables/<TABLE>.json one table, one column a line
    data/<model>/codes/index.toml    its code lists, their files, licences and sources

`note` in a column is for people: it says why the file differs from its source.
"""

import csv
import gzip
import io
import json
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from egide.model.errors import BadInput
from egide.model.table import CodeList, Column, DataClass, Domain, Kind, Model, PersonRule, Reference, Table
from egide.registry.fit import check_fits

DATA = Path(__file__).parent / "data"
FOR_PEOPLE = {"note"}


def names() -> tuple[str, ...]:
    """The data models that have a folder."""
    return tuple(sorted(folder.name for folder in DATA.iterdir() if (folder / "model.json").is_file()))


def read_model(name: str) -> Model:
    """Reads and validates `data/<name>/`. Raises BadInput naming the file and the column at fault."""
    folder = DATA / name
    head = _json(folder / "model.json")
    tables = {t.name: t for t in (_table(path) for path in sorted((folder / "tables").glob("*.json")))}
    model = Model(head["name"], head["version"], tables, dict(_code_lists(folder / "codes")))
    check_fits(model)
    return model


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("registry.unreadable", file=path.name, reason=type(error).__name__) from error
    return found


def _table(path: Path) -> Table:
    raw = _json(path)
    try:
        return Table(
            name=raw["name"],
            product=raw["product"],
            columns=tuple(_column(path, c) for c in raw["columns"]),
            key=tuple(raw["key"]),
            person=_person(raw["person"]),
            period=raw.get("period"),
            date=raw.get("date"),
            references=tuple(_reference(r) for r in raw.get("references", ())),
            data_class=DataClass(raw["data_class"]),
            since=raw.get("since"),
            until=raw.get("until"),
            label_fr=raw.get("label_fr", ""),
            label_en=raw.get("label_en", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("registry.malformed", file=path.name, column="-", reason=str(error)) from error


def _column(path: Path, raw: dict[str, Any]) -> Column:
    fields = {key: value for key, value in raw.items() if key not in FOR_PEOPLE}
    try:
        fields["kind"] = Kind(fields["kind"])
        fields["tags"] = tuple(fields.get("tags", ()))
        fields["domain"] = Domain(fields["domain"]) if "domain" in fields else None
        return Column(**fields)
    except (KeyError, TypeError, ValueError) as error:
        column = str(raw.get("name", "?"))
        raise BadInput("registry.malformed", file=path.name, column=column, reason=str(error)) from error


def _person(raw: dict[str, Any]) -> PersonRule:
    return PersonRule(raw["by"], tuple(raw.get("columns", ())), raw.get("table"))


def _reference(raw: dict[str, Any]) -> Reference:
    return Reference(tuple(raw["columns"]), raw["table"], tuple(raw["table_columns"]))


@cache
def _index(codes: Path) -> dict[str, dict[str, Any]]:
    path = codes / "index.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


@cache
def validity(model: str) -> dict[str, tuple[int | None, int | None]]:
    """The years for which each dated code list speaks."""
    index = _index(DATA / model / "codes")
    dated = {name: (entry.get("since"), entry.get("until")) for name, entry in index.items()}
    return {name: years for name, years in dated.items() if any(years)}


def _code_lists(codes: Path) -> Iterator[tuple[str, CodeList]]:
    for name, entry in _index(codes).items():
        path = codes / entry["file"]
        if path.suffix == ".json":
            for small, labels in _json(path).items():
                yield small, _code_list(small, labels, entry)
        else:
            yield name, _code_list(name, _from_csv(path, entry), entry)


def _code_list(name: str, labels: dict[str, str], entry: dict[str, Any]) -> CodeList:
    kept = {code: label for code, label in labels.items() if label}
    return CodeList(name, frozenset(labels), kept, entry["licence"], entry["source"])


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a code file, gzipped or not: `;` separated, UTF-8, with a header."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from csv.DictReader(io.StringIO(data.decode("utf-8")), delimiter=";")


def _from_csv(path: Path, entry: dict[str, Any]) -> dict[str, str]:
    where, code, label = entry.get("where"), entry["code"], entry.get("label")
    rows = (r for r in rows_of(path) if where is None or r[where["column"]] == where["value"])
    return {row[code]: row[label] if label else "" for row in rows}
