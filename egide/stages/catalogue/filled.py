"""How far a column is filled: all that is said of an identifier, and the beginning of every other profile."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egide.model.catalogue import ColumnProfile, Shape
from egide.model.table import Column
from egide.rules.counts import rounded, share


class FilledCollector:
    """Counts rows and missing values."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.rows = 0
        self.missing = 0

    def add(self, values: pa.Array, persons: NDArray[np.uint64] | None) -> None:
        self.rows += len(values)
        self.missing += values.null_count

    def merge(self, other: "FilledCollector") -> None:
        self.rows += other.rows
        self.missing += other.missing

    def finish(self) -> ColumnProfile:
        return self.profile(Shape.IDENTIFIER)

    def profile(self, shape: Shape, **known: object) -> ColumnProfile:
        return ColumnProfile(self.column.name, shape, rounded(self.rows), self._missing_share(), **known)

    def _missing_share(self) -> float | None:
        """None is told apart from ten by nothing: both show as no missing rows, and likewise at the other end."""
        if rounded(self.missing) is None:
            return 0.0 if rounded(self.rows) else None
        if rounded(self.rows - self.missing) is None:
            return 1.0
        return share(rounded(self.missing), rounded(self.rows))


def present(
    values: pa.Array, persons: NDArray[np.uint64] | None
) -> tuple[pa.Array, NDArray[np.uint64] | None]:
    """The values that are not missing, and their persons."""
    if not values.null_count:
        return values, persons
    there = values.is_valid()
    kept = persons if persons is None else persons[there.to_numpy(zero_copy_only=False)]
    return values.filter(there), kept
