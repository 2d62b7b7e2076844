"""Histogram of dates by month, grouped into quarters, years or more when the span is long.

In the SNDS 1600-01-01 says "no date" (a person who has not died): dates before 1800 are counted apart.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egide.model.catalogue import ColumnProfile, Shape
from egide.model.table import Column
from egide.rules.counts import rounded
from egide.stages.catalogue.bins import MOST_BINS, TAIL, at, bins, quantiles
from egide.stages.catalogue.filled import FilledCollector, present
from egide.stages.catalogue.tally import Tally

FIRST_DAY, LAST_DAY = (np.datetime64(day).astype("M8[D]").astype(int) for day in ("1799-12-31", "2199-12-31"))
FIRST_YEAR = 1799
# Month number of each day, counted from January 1799; its last month stands for every earlier date.
MONTH_OF_DAY = (
    np.arange(FIRST_DAY, LAST_DAY + 1).astype("M8[D]").astype("M8[M]").astype(np.intp)
    - np.datetime64(f"{FIRST_YEAR}-01").astype("M8[M]").astype(int)
)  # fmt: skip
FILLER = 11
SPANS = (1, 3, 12, 60, 120)  # months: a bin is a month, a quarter, a year, five years, ten years


class DatesCollector(FilledCollector):
    """Rows and persons per month."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self.tally = Tally()

    def add(self, values: pa.Array, persons: NDArray[np.uint64] | None) -> None:
        super().add(values, persons)
        there, kept = present(values, persons)
        self.tally.add(_months(there), kept)

    def merge(self, other: FilledCollector) -> None:
        super().merge(other)
        if isinstance(other, DatesCollector):
            self.tally.merge(other.tally)

    def finish(self) -> ColumnProfile:
        cells = [self.tally.cell(s, s) for s in np.flatnonzero(self.tally.rows).tolist() if s != FILLER]
        edges: list[int] = []
        if cells:
            low, high = at(cells, TAIL), at(cells, 1 - TAIL)
            span = next((s for s in SPANS if (high - low) / s <= MOST_BINS + 4), SPANS[-1])
            edges = list(range(low // span * span + span, high + 1, span))
        filler = self.tally.cell(FILLER) if len(self.tally.rows) > FILLER else None
        return self.profile(
            Shape.DATE,
            bins=bins(cells, edges, _say),
            quantiles={name: _say(month) for name, month in quantiles(cells).items()},
            filler=rounded(filler.rows) if filler and filler.safe else None,
        )


def _months(values: pa.Array) -> NDArray[np.intp]:
    if isinstance(values, pa.DictionaryArray):
        return _months(values.dictionary)[values.indices.to_numpy()]
    days = values.cast(pa.date32()).cast(pa.int32()).to_numpy()
    return MONTH_OF_DAY[np.clip(days, FIRST_DAY, LAST_DAY) - FIRST_DAY]


def _say(month: int) -> str:
    years, months = divmod(month, 12)
    return f"{FIRST_YEAR + years}-{months + 1:02d}"
