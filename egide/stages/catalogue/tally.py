"""Counts rows per slot and knows, for each slot, whether enough persons share it.

Counting distinct persons for every value would need a sort of every column. A slot needs eleven persons and not
one more, so persons are listed only for slots that have not reached eleven: after a few thousand rows nearly all
have, and a batch costs one count and one look-up per row.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from egide.rules.counts import SMALLEST, Cell

Slots = NDArray[np.intp]
Persons = NDArray[np.uint64]
FIRST = 4096  # rows looked at first, then twice as many each time: slots settle before the long pieces come


def _nothing() -> NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(slots=True)
class Tally:
    """Rows per slot, and the persons of the slots that fewer than eleven share."""

    rows: NDArray[np.int64] = field(default_factory=_nothing)
    settled: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    _slots: Slots = field(default_factory=lambda: np.zeros(0, np.intp))
    _persons: Persons = field(default_factory=lambda: np.zeros(0, np.uint64))

    def add(self, slots: Slots, persons: Persons | None) -> None:
        """Counts one row in each of `slots`; without `persons` a row counts as a person of its own."""
        if not len(slots):
            return
        self._count(np.bincount(slots))
        if persons is None:
            self.settled |= self.rows >= SMALLEST
            return
        start, length = 0, FIRST
        while start < len(slots):
            self._list(slots[start : start + length], persons[start : start + length])
            start, length = start + length, 2 * length

    def merge(self, other: "Tally") -> None:
        """Adds what another tally of the same slots has seen."""
        self._count(other.rows)
        self.settled[: len(other.settled)] |= other.settled
        self._list(other._slots, other._persons)

    def renamed(self, slots: Slots) -> "Tally":
        """The same tally with slot i called `slots[i]`: to merge tallies that met their values in another order."""
        size = int(slots.max()) + 1 if len(slots) else 0
        moved = Tally(np.zeros(size, np.int64), np.zeros(size, np.bool_), slots[self._slots], self._persons)
        moved.rows[slots] = self.rows
        moved.settled[slots] = self.settled
        return moved

    def cell(self, slot: int, start: int = 0) -> Cell:
        listed = None if self.settled[slot] else frozenset(self._persons[self._slots == slot].tolist())
        return Cell(start, int(self.rows[slot]), listed)

    def _count(self, rows: NDArray[np.int64]) -> None:
        if len(rows) > len(self.rows):
            more = len(rows) - len(self.rows)
            self.rows = np.concatenate([self.rows, np.zeros(more, np.int64)])
            self.settled = np.concatenate([self.settled, np.zeros(more, np.bool_)])
        self.rows[: len(rows)] += rows

    def _list(self, slots: Slots, persons: Persons) -> None:
        """Notes who shares the slots that are still open, and settles those that eleven persons share."""
        still = np.flatnonzero(~self.settled[slots])
        if not len(still):
            return
        listed = np.concatenate([self._slots, slots[still]])
        who = np.concatenate([self._persons, persons[still]])
        order = np.lexsort((who, listed))
        listed, who = listed[order], who[order]
        fresh = np.ones(len(listed), np.bool_)
        fresh[1:] = (listed[1:] != listed[:-1]) | (who[1:] != who[:-1])
        listed, who = listed[fresh], who[fresh]
        self.settled |= np.bincount(listed, minlength=len(self.settled)) >= SMALLEST
        keep = ~self.settled[listed]
        self._slots, self._persons = listed[keep], who[keep]
