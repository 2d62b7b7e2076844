"""The commands' manual, written from the commands themselves: `python -m egide.cli.manual > docs/commands.md`."""

from collections.abc import Iterator
from typing import Any

from typer import Context
from typer.main import get_command

from egide.cli.app import app

TOP = """# Commands

Written from the commands themselves by `python -m egide.cli.manual`: do not edit.

- Every command takes `--json`, `--home DIR` (else `EGIDE_HOME`, else `~/.egide`) and `--help`. Both options may also
  stand before the command. Where somebody acts, `--as FILE` (else `EGIDE_IDENTITY`) names their identity file.
- `--json` prints one JSON object on standard output and nothing else there. Decimals are strings, dates ISO. A refusal
  is an object too: `{"error": {"code": ..., "message": ..., "exit": ...}}`.
- `EGIDE_PASSPHRASE_FILE` opens the keyring. `EGIDE_LANG` is `fr` or `en`. `EGIDE_DEBUG=1` shows what went wrong inside.
- `-` as SQL or as a file reads standard input, so that a process list shows neither question nor identifier.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused by a rule |
| 2 | bad usage |
| 3 | bad input data |
| 4 | a host, a disk or a key could not be reached |
| 5 | tampering detected |
| 70 | a fault of ours |
| 130 | interrupted; the hub kept nothing of what was under way |
"""
WIDTH = 100


def commands() -> Iterator[tuple[str, Any]]:
    """Full name ("permit issue") and command, in the order of the way of the data; groups and the root included."""
    root: Any = get_command(app)
    yield "", root
    for name in root.commands:
        yield from _below(name, root.commands[name])


def _below(name: str, found: Any) -> Iterator[tuple[str, Any]]:
    yield name, found
    for below, command in getattr(found, "commands", {}).items():
        yield from _below(f"{name} {below}", command)


def leaves() -> Iterator[tuple[str, Any]]:
    """Commands that do something."""
    return ((name, command) for name, command in commands() if not hasattr(command, "commands"))


def help_of(name: str, command: Any) -> str:
    """What `--help` prints."""
    context = Context(command, info_name=f"egide {name}".strip(), terminal_width=WIDTH)
    return str(command.get_help(context))


def manual() -> str:
    parts = [TOP]
    for name, command in leaves():
        text = "\n".join(line.rstrip() for line in help_of(name, command).splitlines())
        parts.append(f"## egide {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(manual(), end="")
