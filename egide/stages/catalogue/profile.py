"""The computed profile of each column of a table, from batches seen once, in bounded memory.

A column's shape follows from its description: identifiers say only whether they are filled, coded and short-listed
text its frequent values, numbers and dates a histogram. `egide.rules.counts` decides what of it is shown.
"""

from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egide.model.catalogue import ColumnProfile
from egide.model.table import Column, Kind, Table
from egide.stages.catalogue.codes import CodesCollector
from egide.stages.catalogue.dates import DatesCollector
from egide.stages.catalogue.filled import FilledCollector
from egide.stages.catalogue.numbers import NumbersCollector

PERSON = "PERSON_ID"
# Tags of columns that name somebody or something unique, whatever their domain says.
NAMING_TAGS = frozenset({"pseudonym", "identifier", "direct_identifier", "row_key"})


class Collector(Protocol):
    """What one column's values become while they pass."""

    def add(self, values: pa.Array, persons: NDArray[np.uint64] | None) -> None: ...
    def finish(self) -> ColumnProfile: ...


class Profiler:
    """Profiles one table. `add` every batch in any order, `merge` what other workers saw, then `finish`.

    Distinct persons are counted by the column `PERSON_ID` of the batches: integers, pseudonyms of at least eight
    bytes, or text. A table without it is not about persons, and its rows are counted.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._columns = {column.name: _collector(column) for column in table.columns}
        self._delivered: set[str] = set()

    def add(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Counts a batch. Columns that the table does not describe are passed over; absent ones count nothing."""
        for part in batch.to_batches() if isinstance(batch, pa.Table) else (batch,):
            names = part.schema.names
            persons = _persons(part.column(PERSON)) if PERSON in names else None
            for name, collector in self._columns.items():
                if name in names:
                    self._delivered.add(name)
                    collector.add(part.column(name), persons)

    def merge(self, other: "Profiler") -> None:
        """Adds what a profiler of the same table has seen elsewhere."""
        for name, collector in self._columns.items():
            collector.merge(other._columns[name])
        self._delivered |= other._delivered

    def finish(self) -> dict[str, ColumnProfile]:
        """The profiles of the columns that were there, by name."""
        return {
            name: collector.finish() for name, collector in self._columns.items() if name in self._delivered
        }


def _collector(column: Column) -> FilledCollector | CodesCollector | NumbersCollector | DatesCollector:
    if column.domain is not None or NAMING_TAGS & set(column.tags):
        return FilledCollector(column)
    if column.kind in (Kind.DATE, Kind.DATETIME):
        return DatesCollector(column)
    if column.kind in (Kind.INTEGER, Kind.DECIMAL) and not column.codes:
        return NumbersCollector(column)
    return CodesCollector(column)


def _persons(values: pa.Array) -> NDArray[np.uint64]:
    """One number for each person. Pseudonyms are uniform, so that their first eight bytes tell persons apart."""
    if isinstance(values, pa.DictionaryArray):
        return _of_each(_persons(values.dictionary), values.indices)
    if pa.types.is_fixed_size_binary(values.type) and values.type.byte_width >= 8:
        width = values.type.byte_width
        raw = np.frombuffer(values.buffers()[1], np.uint8)[values.offset * width :][: len(values) * width]
        return np.ascontiguousarray(raw.reshape(-1, width)[:, :8]).view(np.uint64).ravel()
    if pa.types.is_integer(values.type):
        return values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.uint64)
    named = values.dictionary_encode()
    numbers = np.array([hash(v) & 0xFFFFFFFFFFFFFFFF for v in named.dictionary.to_pylist()], np.uint64)
    return _of_each(numbers, named.indices)


def _of_each(persons: NDArray[np.uint64], indices: pa.Array) -> NDArray[np.uint64]:
    """The person of each row. Rows of nobody known count as one person together, never as many."""
    with_nobody = np.append(persons, np.uint64(0))
    return with_nobody[indices.fill_null(len(persons)).to_numpy(zero_copy_only=False)]
