"""The small-count rule: what a count must be before anybody who may not see rows is shown it.

Nothing that fewer than eleven persons share is shown, no smallest or largest value is, and counts are rounded in
the same way each time, so that asking twice teaches nothing. Eleven is the threshold that French health data
committees ask of published tables of the SNDS.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST = 11  # persons
BASE = 5  # counts are shown as multiples of this
SHARE_STEP = 0.005  # shares are shown to half a percent


def rounded(count: int) -> int | None:
    """The count as it may be shown: the nearest multiple of `BASE`, or None below `SMALLEST`, zero included.

    Eleven and twelve go up, to fifteen: a shown count is never below the threshold.
    """
    if count < SMALLEST:
        return None
    nearest = (count + BASE // 2) // BASE * BASE
    return nearest if nearest >= SMALLEST else nearest + BASE


def share(part: int | None, whole: int | None) -> float | None:
    """A share made of shown counts only, so that it says no more than they do; None where either is hidden."""
    if part is None or not whole:
        return None
    return round(min(1.0, round(part / whole / SHARE_STEP) * SHARE_STEP), 4)


def significant(value: int, digits: int = 2) -> int:
    """A number to a few significant digits, halves away from zero."""
    step: int = 10 ** max(0, len(str(abs(value))) - digits)
    return (abs(value) + step // 2) // step * step * (-1 if value < 0 else 1)


@dataclass(frozen=True, slots=True)
class Cell:
    """Neighbouring values counted together. `persons` is exact below `SMALLEST` and may stop there."""

    start: int
    rows: int
    persons: frozenset[int] | None  # None: at least SMALLEST persons, no longer listed

    @property
    def safe(self) -> bool:
        return self.rows >= SMALLEST and (self.persons is None or len(self.persons) >= SMALLEST)

    def joined(self, other: "Cell") -> "Cell":
        both = None if self.persons is None or other.persons is None else self.persons | other.persons
        return Cell(min(self.start, other.start), self.rows + other.rows, both)


def join_small(cells: Sequence[Cell]) -> list[Cell]:
    """The cells in order, each too small one joined to its next neighbour (the last to the one before).

    Empty when all of them together are still too small.
    """
    done: list[Cell] = []
    open_cell: Cell | None = None
    for cell in cells:
        open_cell = cell if open_cell is None else open_cell.joined(cell)
        if open_cell.safe:
            done.append(open_cell)
            open_cell = None
    if open_cell is not None and done:
        done[-1] = done[-1].joined(open_cell)
    return done
