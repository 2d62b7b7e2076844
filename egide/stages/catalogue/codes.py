"""Frequent values of coded and short-listed columns."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from egide.model.catalogue import ColumnProfile, Shape, ValueCount
from egide.model.table import Column
from egide.rules.counts import join_small, rounded, share, significant
from egide.stages.catalogue.filled import FilledCollector, present
from egide.stages.catalogue.tally import Tally

MOST_VALUES = 5000  # beyond this a column is not a list of codes
SHOWN = 50


class CodesCollector(FilledCollector):
    """Rows and persons per value. A column of too many values forgets them all and says only that."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self.slots: dict[str, int] = {}
        self.tally = Tally()
        self.many = False
        self._last: tuple[pa.Array, NDArray[np.intp]] | None = None  # a dictionary often serves many batches

    def add(self, values: pa.Array, persons: NDArray[np.uint64] | None) -> None:
        super().add(values, persons)
        if self.many:
            return
        there, kept = present(values, persons)
        coded = there if isinstance(there, pa.DictionaryArray) else there.dictionary_encode()
        if len(coded.dictionary) > 2 * MOST_VALUES:
            coded = _only_used(coded)
        self._count(coded, kept)

    def merge(self, other: FilledCollector) -> None:
        super().merge(other)
        if isinstance(other, CodesCollector) and not self.many:
            self._take(other)

    def _take(self, other: "CodesCollector") -> None:
        names = np.fromiter((self._slot(code) for code in other.slots), np.intp, len(other.slots))
        self.many = self.many or other.many or len(self.slots) > MOST_VALUES
        if self.many:
            self._forget()
        else:
            size = len(other.tally.rows)  # a value can have a slot and no row yet
            self.tally.merge(other.tally.renamed(names[:size]))

    def finish(self) -> ColumnProfile:
        if self.many:
            return self.profile(Shape.MANY)
        found = [(code, self.tally.cell(slot)) for code, slot in self.slots.items() if self._seen(slot)]
        safe = sorted(((c, cell) for c, cell in found if cell.safe), key=lambda f: (-f[1].rows, f[0]))
        hidden = [cell for _, cell in found if not cell.safe]
        listed, rest = safe[:SHOWN], [cell for _, cell in safe[SHOWN:]]
        if len(hidden) == 1 and not rest and listed:  # alone among the others it could be told by subtraction
            rest.append(listed.pop()[1])
        others = join_small([*rest, *hidden])
        whole = rounded(self.rows - self.missing)
        values = tuple(
            ValueCount(code, n, share(n, whole)) for code, cell in listed if (n := rounded(cell.rows))
        )
        return self.profile(
            Shape.CODES,
            distinct=significant(len(safe)) or None,
            values=values,
            others=rounded(sum(cell.rows for cell in others)),
        )

    def _seen(self, slot: int) -> bool:
        return slot < len(self.tally.rows) and self.tally.rows[slot] > 0

    def _slot(self, code: str) -> int:
        return self.slots.setdefault(code, len(self.slots))

    def _count(self, coded: pa.DictionaryArray, persons: NDArray[np.uint64] | None) -> None:
        known = self._known(coded.dictionary)
        if len(self.slots) > MOST_VALUES:
            self._forget()
        elif len(coded):
            self.tally.add(known[coded.indices.to_numpy()], persons)

    def _known(self, dictionary: pa.Array) -> NDArray[np.intp]:
        """The slot of each entry of a batch's dictionary."""
        if self._last is None or not self._last[0].equals(dictionary):
            codes = dictionary.cast(pa.string()).to_pylist()
            slots = np.fromiter((self._slot("" if c is None else c) for c in codes), np.intp, len(codes))
            self._last = (dictionary, slots)
        return self._last[1]

    def _forget(self) -> None:
        self.many, self.slots, self.tally, self._last = True, {}, Tally(), None


def _only_used(coded: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same values with a dictionary of those that occur: one dictionary may serve many batches."""
    return pc.dictionary_encode(coded.cast(coded.type.value_type))
