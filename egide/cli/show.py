"""An answer's two forms: one JSON object for programs, tables for people. A value never steers the terminal."""

import base64
import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from egide.model.errors import HubError

WIDE = 160  # columns where standard output is no terminal
HIDDEN = "·"


def plain(value: object) -> Any:
    """As JSON has it: decimals as strings, dates as ISO, bytes in base32, what JSON cannot number as a string."""
    match value:
        case None | bool() | str():
            return value.value if isinstance(value, Enum) else value
        case int():
            return int(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Enum():
            return plain(value.value)
        case Decimal() | UUID() | Path() | timedelta():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return base64.b32encode(bytes(value)).decode().rstrip("=").lower()
        case Mapping():
            return {str(plain(k)): plain(v) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.repr}
    if hasattr(value, "__iter__"):
        return [plain(v) for v in value]
    raise TypeError(f"no JSON form for {type(value).__name__}")


def row(found: object, *left_out: str) -> dict[str, Any]:
    """A row of the records as a JSON object, its sealed fields left out."""
    return {k: v for k, v in plain(found).items() if k not in left_out}


def print_json(data: Mapping[str, object], problem: "HubError | None" = None) -> None:
    """The one object on standard output."""
    out = plain(data)
    if problem is not None:
        out["error"] = {"code": problem.key, "message": str(problem), "exit": problem.exit_code}
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    try:
        text = json.dumps(out, ensure_ascii=not utf8, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:  # a file name that is no text
        text = json.dumps(out, allow_nan=False)
    print(text, flush=True)


def print_view(data: Mapping[str, object], view: "Callable[[Console], None] | None") -> None:
    """The answer for a person, on standard output."""
    console = console_of()
    if view is not None:
        view(console)
    else:
        listed(console, plain(data))


def console_of() -> "Console":
    from rich.console import Console

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    return Console(
        file=sys.stdout,
        width=None if sys.stdout.isatty() else WIDE,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def clean(text: str) -> str:
    """Control characters, which could steer a terminal, become visible."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def word(value: object) -> str:
    """A value in a cell."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, list) and all(not isinstance(v, dict | list) for v in value):
        words = [word(v) for v in value]
        return ("\n" if any(" " in w for w in words) else ", ").join(words)
    if isinstance(value, dict | list):
        return clean(json.dumps(value, ensure_ascii=False))
    return clean(str(value))


def table_of(columns: list[str], rows: list[list[object]], title: str = "") -> "Table":
    """A table. Numbers stand to the right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(clean(title)) if title else None, title_justify="left", header_style="bold")
    for number, name in enumerate(columns):
        numeric = any(isinstance(r[number], int | float | Decimal) for r in rows)
        table.add_column(Text(clean(name)), justify="right" if numeric else "left", overflow="fold")
    for cells in rows:
        table.add_row(*(Text(word(c)) for c in cells))
    return table


def listed(console: "Console", data: Mapping[str, object], title: str = "") -> None:
    """Any answer: its simple fields first, then its lists and parts."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    parts = []
    for name, value in data.items():
        if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            parts.append((name, value))
        else:
            grid.add_row(Text(clean(name), style="bold"), Text(word(value), overflow="fold"))
    if title:
        console.print(Text(clean(title), style="bold"))
    if grid.row_count:
        console.print(grid)
    for name, value in parts:
        _part(console, name, value)


def _part(console: "Console", name: str, value: Any) -> None:
    if isinstance(value, dict):
        return listed(console, value, name)
    columns = list(dict.fromkeys(key for item in value for key in item))
    return console.print(table_of(columns, [[item.get(c) for c in columns] for item in value], name))
