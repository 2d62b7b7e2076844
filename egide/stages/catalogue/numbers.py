"""Histogram and quantiles of numbers, from a fixed grid of three significant digits.

The grid is the same for every batch and every worker, so that counts add up and nothing exact is kept: 12,345 is
counted with 12,300 to 12,399.
"""

from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egide.model.catalogue import Bin, ColumnProfile, Shape
from egide.model.table import Column
from egide.rules.counts import SMALLEST, Cell, significant
from egide.stages.catalogue.bins import bins, quantiles, steps
from egide.stages.catalogue.filled import FilledCollector, present
from egide.stages.catalogue.sketch import Distinct
from egide.stages.catalogue.tally import Tally

TENS = np.array([10**k for k in range(3, 19)], np.int64)
MANTISSAS = 1000
NEGATIVE = MANTISSAS * (len(TENS) + 1)  # slots of negative numbers stand above those of positive ones
INTEGER_DIGITS = 18  # what fits 64 bits
LARGEST = 10.0**INTEGER_DIGITS


class NumbersCollector(FilledCollector):
    """Rows and persons per cell of the grid, in units of the column's last decimal place."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self.scale = column.scale or 0
        self.tally = Tally()
        self.distinct = Distinct()

    def add(self, values: pa.Array, persons: NDArray[np.uint64] | None) -> None:
        super().add(values, persons)
        there, kept = present(values, persons)
        units = _units(there, self.scale)
        self.tally.add(_slots(units), kept)
        size = np.abs(units)
        if len(size) and size.max() >= MANTISSAS:  # below, the grid itself is exact
            self.distinct.add(units[size >= MANTISSAS])

    def merge(self, other: FilledCollector) -> None:
        super().merge(other)
        if isinstance(other, NumbersCollector):
            self.tally.merge(other.tally)
            self.distinct.merge(other.distinct)

    def finish(self) -> ColumnProfile:
        cells = sorted(
            (self.tally.cell(slot, _start(slot)) for slot in np.flatnonzero(self.tally.rows).tolist()),
            key=lambda cell: cell.start,
        )
        exact = sum(cell.safe for cell in cells if abs(cell.start) < MANTISSAS)
        large = self.distinct.estimate()
        return self.profile(
            Shape.NUMBER,
            distinct=significant(exact + (large if large >= SMALLEST else 0)) or None,
            bins=self._bins(cells),
            quantiles={name: self._say(significant(v)) for name, v in quantiles(cells).items()},
        )

    def _bins(self, cells: list[Cell]) -> tuple[Bin, ...]:
        return bins(cells, steps(cells), self._say)

    def _say(self, units: int) -> str:
        number = Decimal(units).scaleb(-self.scale).normalize()
        return f"{number:f}"


def _units(values: pa.Array, scale: int) -> NDArray[np.int64]:
    """The values as integers, in units of 10 ** -scale."""
    if isinstance(values, pa.DictionaryArray):
        return _units(values.dictionary, scale)[values.indices.to_numpy()]
    kind = values.type
    if pa.types.is_decimal128(kind) and kind.precision <= INTEGER_DIGITS and kind.scale == scale:
        raw = np.frombuffer(values.buffers()[1], np.int64)  # little-endian: the low half holds the number
        return raw[2 * values.offset : 2 * (values.offset + len(values)) : 2]
    if pa.types.is_integer(kind) and not scale:
        return values.to_numpy().astype(np.int64, copy=False)
    units = np.rint(values.cast(pa.float64()).to_numpy() * 10.0**scale)
    return np.clip(units, -LARGEST, LARGEST).astype(np.int64)


def _slots(units: NDArray[np.int64]) -> NDArray[np.intp]:
    """The grid cell of each number: how many digits are dropped, then the three that stay."""
    size = np.abs(units)
    if len(size) and size.max() < MANTISSAS:
        slots = size
    else:
        dropped = np.searchsorted(TENS, size, side="right")
        slots = dropped * MANTISSAS + size // _POWERS[dropped]
    return np.where(units < 0, slots + NEGATIVE, slots).astype(np.intp, copy=False)


_POWERS = np.array([10**k for k in range(len(TENS) + 1)], np.int64)


def _start(slot: int) -> int:
    """The smallest number of a cell."""
    negative, slot = divmod(slot, NEGATIVE)
    dropped, kept = divmod(slot, MANTISSAS)
    width = 10**dropped
    return -(kept * width + width - 1) if negative else kept * width
