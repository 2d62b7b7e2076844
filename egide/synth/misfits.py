"""The ways in which a row can be unfit to be taken in: each spoils the cells of a good row, and names the column.

A function returns the column's name, an empty name when the defect is about the whole line, or None when the table has
no column that could be spoilt so.
"""

from collections.abc import Callable, Sequence

import numpy as np

from egide.model.table import Column, Kind

Cells = list[bytes]
Spoil = Callable[[Sequence[Column], tuple[str, ...], np.random.Generator, Cells], str | None]

TOO_WIDE = b"9" * 20


def _pick(columns: Sequence[Column], kinds: set[Kind], rng: np.random.Generator) -> int | None:
    able = [n for n, column in enumerate(columns) if column.kind in kinds]
    return able[int(rng.integers(0, len(able)))] if able else None


def _replacing(kinds: set[Kind], value: Callable[[Column, bytes], bytes]) -> Spoil:
    """Spoils one cell of a column of these kinds."""

    def spoil(
        columns: Sequence[Column], key: tuple[str, ...], rng: np.random.Generator, cells: Cells
    ) -> str | None:
        at = _pick(columns, kinds, rng)
        if at is None:
            return None
        cells[at] = value(columns[at], cells[at])
        return columns[at].name

    return spoil


def _too_many(
    columns: Sequence[Column], key: tuple[str, ...], rng: np.random.Generator, cells: Cells
) -> str | None:
    cells.append(b"0")
    return ""


def _too_few(
    columns: Sequence[Column], key: tuple[str, ...], rng: np.random.Generator, cells: Cells
) -> str | None:
    cells.pop()
    return ""


def _null_key(
    columns: Sequence[Column], key: tuple[str, ...], rng: np.random.Generator, cells: Cells
) -> str | None:
    if not key:
        return None
    name = key[int(rng.integers(0, len(key)))]
    cells[[c.name for c in columns].index(name)] = b""
    return name


def _impossible(column: Column, value: bytes) -> bytes:
    return {"%d%m%Y": b"31022019", "%d%b%Y:%H:%M:%S": b"31Feb2019:00:00:00"}.get(
        column.date_format or "", b"31/02/2019"
    )


def _too_long(column: Column, value: bytes) -> bytes:
    return b"X" * ((column.length or 0) + 1)


INTEGERS, DECIMALS, TEXTS = {Kind.INTEGER}, {Kind.DECIMAL}, {Kind.TEXT}
DATES = {Kind.DATE, Kind.DATETIME}

MISFITS: tuple[tuple[str, Spoil], ...] = (
    ("columns", _too_many),
    ("columns", _too_few),
    ("encoding", _replacing(TEXTS, lambda column, value: value[:-1] + b"\xff")),
    ("encoding", _replacing(TEXTS, lambda column, value: value[:-1] + b"\0")),
    ("encoding", _replacing(TEXTS, lambda column, value: value[:-1] + b"\x07")),
    ("type", _replacing(DATES, lambda column, value: b"2019-02-28")),
    ("type", _replacing(DATES, _impossible)),
    ("type", _replacing(INTEGERS, lambda column, value: b"ABC")),
    ("type", _replacing(INTEGERS, lambda column, value: b"1.5")),
    ("type", _replacing(INTEGERS, lambda column, value: b" " + (value or b"1"))),
    ("type", _replacing(DECIMALS, lambda column, value: b"12,50")),
    ("type", _replacing(DECIMALS, lambda column, value: b"1." + b"1" * ((column.scale or 0) + 1))),
    ("width", _replacing(TEXTS, _too_long)),
    ("width", _replacing(INTEGERS | DECIMALS, lambda column, value: TOO_WIDE)),
    ("null-key", _null_key),
)
