"""From fine cells to the few bins of a histogram: rounded edges, open ends, nothing small."""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, groupby

from egide.model.catalogue import Bin
from egide.rules.counts import SMALLEST, Cell, join_small, rounded, share

MOST_BINS = 20
TAIL = 0.02  # share of the rows on each side that does not stretch the histogram
QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


def quantiles(cells: Sequence[Cell]) -> dict[str, int]:
    """The starts of the cells at each quantile that leaves enough rows and persons on both sides of it."""
    found = {}
    for name, q in QUANTILES.items() if cells else ():
        place = _place(cells, q)
        if join_small(cells[: place + 1]) and join_small(cells[place:]) and _outside(cells, q):
            found[name] = cells[place].start
    return found


def _outside(cells: Sequence[Cell], q: float) -> bool:
    return sum(cell.rows for cell in cells) * min(q, 1 - q) >= SMALLEST


def _place(cells: Sequence[Cell], share_below: float) -> int:
    """Which cell this share of the rows is reached in."""
    wanted = share_below * sum(cell.rows for cell in cells)
    reached = accumulate(cell.rows for cell in cells)
    return next((i for i, rows in enumerate(reached) if rows >= wanted), len(cells) - 1)


def at(cells: Sequence[Cell], share_below: float) -> int:
    """The start of the cell in which this share of the rows is reached."""
    return cells[_place(cells, share_below)].start


def steps(cells: Sequence[Cell]) -> list[int]:
    """Inner edges: multiples of 1, 2 or 5 times a power of ten over the middle of the values."""
    if not cells:
        return []
    low, high = at(cells, TAIL), at(cells, 1 - TAIL)
    step = next(s for s in _nice() if (high - low) / s <= MOST_BINS - 2)
    return list(range(low // step * step + step, high + 1, step))


def _nice() -> Iterable[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def bins(cells: Sequence[Cell], edges: Sequence[int], say: Callable[[int], str]) -> tuple[Bin, ...]:
    """The cells gathered between edges; too small bins join their neighbours, and the outer ends stay open."""
    total = rounded(sum(cell.rows for cell in cells))
    safe = join_small(list(_between(cells, edges)))
    shown = [(cell, n) for cell in safe if (n := rounded(cell.rows)) is not None]
    return tuple(
        Bin(
            start=say(cell.start) if i else None,
            end=say(shown[i + 1][0].start) if i + 1 < len(shown) else None,
            rows=n,
            share=share(n, total),
        )
        for i, (cell, n) in enumerate(shown)
    )


def _between(cells: Sequence[Cell], edges: Sequence[int]) -> Iterable[Cell]:
    """One cell for each gap between edges that holds rows; it starts at the edge, not at its smallest value."""
    for start, group in groupby(cells, lambda cell: max((e for e in edges if e <= cell.start), default=None)):
        first, *others = group
        joined = first
        for cell in others:
            joined = joined.joined(cell)
        yield Cell(cells[0].start if start is None else start, joined.rows, joined.persons)
