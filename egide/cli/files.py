"""What a command reads and writes besides the hub: files that somebody named, standard input."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from egide.model.errors import BadInput, BadUsage

LONGEST = 1 << 20  # bytes of SQL read from standard input: the rules refuse far less
LONGEST_LINE = 1 << 12


def absent(path: Path) -> Path:
    """A file that will be written. Raises BadUsage when it exists: nothing is overwritten."""
    if path.exists():
        raise BadUsage("cli.exists", file=path.name)
    return path


def typed(text: str) -> str:
    """What was given as an argument, or all of standard input for "-". Raises BadInput when it is no UTF-8."""
    if text != "-":
        return text
    try:
        return sys.stdin.buffer.read(LONGEST + 1).decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("cli.not-text") from None


def lines_of(name: str) -> Iterator[str]:
    """The lines of a file, or of standard input for "-". Raises BadUsage or BadInput; neither repeats a line."""
    if name == "-":
        yield from _lines(sys.stdin.buffer)
        return
    path = Path(name)
    if not path.is_file():
        raise BadUsage("cli.no-file", file=path.name)
    with path.open("rb") as file:
        yield from _lines(file)


def _lines(source: BinaryIO) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: source.readline(LONGEST_LINE + 1), b""), 1):
        if len(line) > LONGEST_LINE:
            raise BadInput("cli.long-line", line=number)
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise BadInput("cli.not-text") from None
