"""A bounded batch of one table's rows on its way from check to seal."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from egide.frame.vocabulary import NULL, Vocabulary, arrow_of
from egide.model.table import Column, Table

Mask = np.ndarray


@dataclass(slots=True)
class Coded:
    """A column as codes into its vocabulary."""

    vocabulary: Vocabulary
    codes: np.ndarray  # int32

    @property
    def column(self) -> Column:
        return self.vocabulary.column

    def nulls(self) -> Mask:
        return self.codes == NULL

    def numbers(self) -> np.ndarray:
        return self.vocabulary.numbers()[self.codes]

    def take(self, rows: np.ndarray) -> "Coded":
        return Coded(self.vocabulary, self.codes[rows])

    def texts(self) -> list[object]:
        return [self.vocabulary.typed[c] for c in self.codes]


@dataclass(slots=True)
class Plain:
    """A column of integers that rarely repeat (row numbers)."""

    column: Column
    values: np.ndarray  # int64, 0 where absent
    absent: Mask

    def nulls(self) -> Mask:
        return self.absent

    def numbers(self) -> np.ndarray:
        return self.values

    def take(self, rows: np.ndarray) -> "Plain":
        return Plain(self.column, self.values[rows], self.absent[rows])

    def array(self) -> pa.Array:
        return pa.array(self.values, pa.int64(), mask=self.absent if self.absent.any() else None)

    def texts(self) -> list[object]:
        return [str(v) for v in self.values]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that goes to quarantine: where it stood, why, and its bytes, which only the sealed quarantine keeps."""

    file: str
    line: int
    column: str
    rule: str
    value_class: str
    raw: bytes = field(repr=False)
    also: str = ""  # further violations of the same row, "COLUMN:rule"


@dataclass(slots=True)
class Frame:
    """Rows that passed, the rows that did not, and what was noticed of those that passed."""

    table: Table
    file: str
    lines: np.ndarray  # physical line of each row, header = 1
    columns: dict[str, Coded | Plain]
    refusals: list[Refusal] = field(default_factory=list)
    flags: dict[tuple[str, str], Mask] = field(default_factory=dict)  # (rule, column) -> rows
    keys: np.ndarray | None = None  # keyed 64-bit hash of the row's key within its period
    persons: np.ndarray | None = None  # index into the delivery's Persons, -1 where unknown
    raw: Callable[[int], bytes] = field(default=lambda _: b"", repr=False)  # the bytes of a physical line

    def __len__(self) -> int:
        return len(self.lines)

    def flag(self, rule: str, column: str, rows: Mask) -> None:
        if rows.any():
            self.flags[rule, column] = rows

    def flagged(self) -> int:
        return int(np.logical_or.reduce(list(self.flags.values())).sum()) if self.flags else 0

    def keep(self, rows: Mask) -> None:
        """Drops the rows that are not in the mask from every column."""
        if rows.all():
            return
        index = np.flatnonzero(rows)
        self.lines = self.lines[index]
        self.columns = {name: column.take(index) for name, column in self.columns.items()}
        self.flags = {why: mask[index] for why, mask in self.flags.items()}
        self.keys = None if self.keys is None else self.keys[index]
        self.persons = None if self.persons is None else self.persons[index]

    def years(self) -> np.ndarray:
        """The period of each row as a year; 0 for a register."""
        if self.table.period is None or self.table.period not in self.columns:
            return np.zeros(len(self), np.int64)
        return years_of(self.columns[self.table.period])


def years_of(column: Coded | Plain) -> np.ndarray:
    """The year of each value: of a date, of a year or year-month written as text, or of a number."""
    if isinstance(column, Plain):
        return column.values
    vocabulary = column.vocabulary
    kind = column.column.kind.value
    if kind == "date":
        by_code = vocabulary.numbers().astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    elif kind == "datetime":
        by_code = vocabulary.numbers().astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
    else:
        by_code = np.fromiter(
            (int(str(v)[:4]) if v is not None and str(v)[:4].isdigit() else 0 for v in vocabulary.typed),
            np.int64,
            len(vocabulary),
        )
    by_code[NULL] = 0
    return by_code[column.codes]


__all__ = ["Coded", "Frame", "Mask", "Plain", "Refusal", "arrow_of", "years_of"]
