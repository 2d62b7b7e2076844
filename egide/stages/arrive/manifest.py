"""delivery.toml: what the holder says it sends (DESIGN 8)."""

import hashlib
import json
import re
import tomllib
from pathlib import Path

from egide.model.delivery import DeliveredFile, Delivery, Dialect
from egide.model.errors import BadInput

NAME = "delivery.toml"
_MOST_BYTES = 4 << 20
_LONGEST = 1000  # characters of one field: longer is no name, and would fill every message
_FIELDS = {"id": str, "holder": str, "source": str, "model": str, "model_version": str, "period": str}
_KNOWN = {*_FIELDS, "replaces", "dialect", "file"}
_DIALECT = {"delimiter", "encoding", "dates", "null"}
_FILE = {"path": str, "table": str, "sha256": str, "rows": int}


def read_manifest(folder: Path) -> Delivery:
    """The manifest of a delivery folder. Raises BadInput naming the field that is missing, unknown or wrong."""
    path = folder / NAME
    if path.is_symlink() or not path.is_file():
        raise BadInput("delivery.no-manifest")
    if path.stat().st_size > _MOST_BYTES:
        raise BadInput("delivery.manifest-large")
    return parse_manifest(path.read_bytes())


def parse_manifest(data: bytes) -> Delivery:
    """Raises BadInput naming the field that is missing, unknown or of the wrong type."""
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as problem:
        raise BadInput("delivery.manifest-form", line=1 + data.count(b"\n", 0, problem.start)) from None
    except tomllib.TOMLDecodeError as problem:
        raise BadInput("delivery.manifest-form", line=_line_of(problem)) from None
    except RecursionError:
        raise BadInput("delivery.manifest-form", line="?") from None
    _only(document, _KNOWN, NAME)
    values = {name: _typed(document, name, kind, NAME) for name, kind in _FIELDS.items()}
    replaces = document.get("replaces") or None
    if replaces is not None and not isinstance(replaces, str):
        raise BadInput("delivery.manifest-field", field="replaces", file=NAME)
    shared = _dialect(document.get("dialect", {}), Dialect())
    files = document.get("file", [])
    if not isinstance(files, list) or not all(isinstance(f, dict) for f in files):
        raise BadInput("delivery.manifest-field", field="file", file=NAME)
    return Delivery(
        **values,
        replaces=replaces,
        files=tuple(_file(f, n, shared) for n, f in enumerate(files, 1)),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _line_of(problem: tomllib.TOMLDecodeError) -> str:
    """Where the parser stopped: only its words say so before Python 3.14."""
    found = re.search(r"at line (\d+)", str(problem))
    return found[1] if found else "?"


def _file(entry: dict[str, object], number: int, shared: Dialect) -> DeliveredFile:
    where = f"{NAME} [[file]] {number}"
    _only(entry, {*_FILE, "dialect"}, where)
    values = {name: _typed(entry, name, kind, where) for name, kind in _FILE.items()}
    return DeliveredFile(**values, dialect=_dialect(entry.get("dialect", {}), shared))


def _dialect(entry: object, shared: Dialect) -> Dialect:
    if not isinstance(entry, dict):
        raise BadInput("delivery.manifest-field", field="dialect", file=NAME)
    _only(entry, _DIALECT, f"{NAME} [dialect]")
    given = {name: _typed(entry, name, str, f"{NAME} [dialect]") for name in entry}
    return Dialect(**{name: given.get(name, getattr(shared, name)) for name in _DIALECT})


def _typed(entry: dict[str, object], name: str, kind: type, where: str) -> object:
    value = entry.get(name)
    if not isinstance(value, kind) or isinstance(value, bool) or len(str(value)) > _LONGEST:
        raise BadInput("delivery.manifest-field", field=name, file=where)
    return value


def _only(entry: dict[str, object], known: set[str], where: str) -> None:
    if unknown := sorted(set(entry) - known):
        raise BadInput("delivery.manifest-unknown", field=unknown[0][:40], file=where)


def write_manifest(delivery: Delivery) -> bytes:
    """The manifest as TOML, as `parse_manifest` reads it."""
    lines = [f"{name} = {_quoted(str(getattr(delivery, name)))}" for name in _FIELDS]
    if delivery.replaces:
        lines.append(f"replaces = {_quoted(delivery.replaces)}")
    for file in delivery.files:
        lines += ["", "[[file]]", f"path = {_quoted(file.path)}", f"table = {_quoted(file.table)}"]
        lines += [f"sha256 = {_quoted(file.sha256)}", f"rows = {file.rows}"]
        given = ", ".join(f"{name} = {_quoted(getattr(file.dialect, name))}" for name in sorted(_DIALECT))
        lines.append(f"dialect = {{ {given} }}")
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    """A TOML basic string. JSON's escapes are TOML's, but for DEL and for what it writes as a surrogate pair."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
