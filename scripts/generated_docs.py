"""Writes the pages of docs/generated/ from the code that they describe; `--check` only compares.

A page that is drawn from the code cannot drift from it: states come from the tables of `egide.rules`.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path

import egide.rules

FOLDER = Path(__file__).parent.parent / "docs" / "generated"
Row = Mapping[object, Enum] | Iterable[Enum]
Transitions = Mapping[Enum, Row]


def transition_tables() -> Iterator[tuple[str, Transitions]]:
    """Every table in `egide.rules` whose name begins with NEXT: what may follow what."""
    for found in sorted(pkgutil.iter_modules(egide.rules.__path__), key=lambda m: m.name):
        module = importlib.import_module(f"egide.rules.{found.name}")
        for name, value in sorted(vars(module).items()):
            if (name.startswith("NEXT")) and isinstance(value, Mapping):
                yield f"egide.rules.{found.name}.{name}", value


def _targets(row: Row) -> list[str]:
    """The states that a table's row allows; a row may be a set of states or a mapping of act to state."""
    return sorted({s.value for s in (row.values() if isinstance(row, Mapping) else row)})


def diagram(table: Transitions) -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    first = next(iter(table))
    lines.append(f"    [*] --> {first.value}")
    for state, row in table.items():
        targets = _targets(row)
        lines += [f"    {state.value} --> {target}" for target in targets] or [f"    {state.value} --> [*]"]
    return "\n".join([*lines, "```"])


def states_page() -> str:
    parts = ["# What may follow what", "Drawn from the tables of `egide/rules` by `make docs`: do not edit."]
    for name, table in transition_tables():
        parts += [f"## `{name}`", diagram(table)]
    return "\n\n".join(parts) + "\n"


def pages() -> dict[str, str]:
    return {"states.md": states_page()}


def stale() -> list[str]:
    """Names of the pages that differ from what the code says now."""
    return [n for n, text in pages().items() if not _same(FOLDER / n, text)]


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--check"]:
        write()
    elif late := stale():
        sys.exit(f"out of date, run `make docs`: {', '.join(late)}")
