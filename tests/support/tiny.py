"""Tables of a few columns and their files, checked without a hub: for tests of one rule at a time."""

import io
from collections.abc import Mapping
from functools import partial

import pytest

from egide.frame.frame import Frame
from egide.frame.keys import KeyHasher
from egide.model.delivery import DeliveredFile, Dialect
from egide.model.table import Column, Kind, PersonRule, Table
from egide.stages.check import TableChecker, parse
from egide.stages.check.blocks import read_blocks

NAMELESS = PersonRule("none")


def text(name: str, length: int = 10, **more: object) -> Column:
    return Column(name, Kind.TEXT, length=length, **more)  # type: ignore[arg-type]


def integer(name: str, **more: object) -> Column:
    return Column(name, Kind.INTEGER, **more)  # type: ignore[arg-type]


def table(*columns: Column, name: str = "TINY", person: PersonRule = NAMELESS, **more: object) -> Table:
    return Table(name, "test", columns, more.pop("key", ()), person, **more)  # type: ignore[arg-type]


def delivered(data: bytes, dialect: Dialect | None = None, path: str = "tiny.csv") -> DeliveredFile:
    return DeliveredFile(path, "TINY", "0" * 64, 0, dialect or Dialect(), None)


def checker_of(of: Table, codes: Mapping[str, frozenset[str]] | None = None) -> TableChecker:
    return TableChecker(of, lambda c: (codes or {}).get(c.codes or ""), KeyHasher())


def frames_of(checker: TableChecker, data: bytes, dialect: Dialect | None = None) -> list[Frame]:
    """The frames of one file; the index learns the keys as the journey makes it learn them."""
    frames = []
    allowed = {c.name: c for c in checker.table.columns}
    for frame in checker.frames(io.BytesIO(data), delivered(data, dialect), allowed):
        if frame.keys is not None:
            checker.index.add(frame.keys, frame.lines.astype("i4"), frame.years())
        frames.append(frame)
    return frames


def small_blocks(patch: pytest.MonkeyPatch, size: int) -> None:
    """Reads files in blocks of this many bytes, so that borders fall where a test wants them."""
    patch.setattr(parse, "read_blocks", partial(read_blocks, size=size))


def refused(frames: list[Frame]) -> list[tuple[int, str, str]]:
    """(line, column, rule) of every refusal."""
    return [(r.line, r.column, r.rule) for f in frames for r in f.refusals]


def accepted(frames: list[Frame]) -> list[int]:
    return [line for f in frames for line in f.lines.tolist()]
