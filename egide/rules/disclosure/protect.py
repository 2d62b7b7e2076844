"""Secondary suppression: which further cells to hide so that margins do not give the hidden ones away.

Every line of a table adds up to a total: one of its own rows (ROLLUP), or what the same query would give with one key
fewer. Those totals are taken as known. A hidden cell is safe when (a) it has a hidden companion in each of its lines,
(b) no combination of lines computes it (linear algebra over the hidden cells), and (c) the bounds that follow from the
lines and from counts being at least nought leave it an interval as wide as the threshold hides.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

MOST_KEYS = 6  # keys of which every margin is taken as known
MOST_HIDDEN = 4000  # cells hidden together: beyond, the table is too fine to be worth the linear algebra


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of an answer: its keys (None where a total runs over them all) and its persons."""

    keys: tuple[object, ...]
    summed: frozenset[int]  # the keys that this row is a total over
    persons: int


@dataclass(frozen=True, slots=True)
class Line:
    """`parts` add up to `total`, or to a number that another query would tell."""

    parts: tuple[int, ...]
    total: int | None


def protect(cells: Sequence[Cell], primary: Iterable[int], threshold: int) -> frozenset[int]:
    """Positions of the cells to hide besides `primary`. Deterministic: the fewest persons first, then the order given."""
    first = set(primary)
    hidden = set(first)
    lines = _lines(cells)
    while hidden and len(hidden) < min(len(cells), MOST_HIDDEN):
        wanted = _wanting(cells, lines, hidden, first, threshold)
        added = {_next(cells, lines, hidden, need) for need in wanted} - {None}
        if not wanted:
            return frozenset(hidden - first)
        if not added:
            break
        hidden |= {cell for cell in added if cell is not None}
    return frozenset(range(len(cells))) - first if hidden else frozenset()


def _lines(cells: Sequence[Cell]) -> list[Line]:
    kinds = {cell.summed for cell in cells}
    places: dict[tuple[frozenset[int], tuple[object, ...]], int] = {
        (c.summed, _at(c, c.summed)): n for n, c in enumerate(cells)
    }
    found = []
    for kind in sorted(kinds, key=sorted):
        above = _above(kind, len(cells[0].keys))
        for upper in above:
            groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
            for number, cell in enumerate(cells):
                if cell.summed == kind:
                    groups[_at(cell, upper)].append(number)
            for at, parts in groups.items():
                total = places.get((upper, at))
                if total is not None or len(parts) > 1:
                    found.append(Line(tuple(parts), total))
    return found


def _above(kind: frozenset[int], keys: int) -> list[frozenset[int]]:
    """What `kind` can be summed over further: every choice of keys; of many keys, one key more or all of them."""
    free = [key for key in range(keys) if key not in kind]
    sizes = range(1, len(free) + 1) if len(free) <= MOST_KEYS else (1, len(free))
    return [kind | set(chosen) for size in sizes for chosen in combinations(free, size)]


def _at(cell: Cell, summed: frozenset[int]) -> tuple[object, ...]:
    return tuple((type(v).__name__, v) for n, v in enumerate(cell.keys) if n not in summed)


def _wanting(
    cells: Sequence[Cell], lines: Sequence[Line], hidden: set[int], first: set[int], threshold: int
) -> list[tuple[int, ...]]:
    """The lines (by number) in any of which one more cell must be hidden, one group of lines for each fault."""
    faults: list[tuple[int, ...]] = [
        (n,) for n, line in enumerate(lines) if _bare(cells, line, hidden, threshold)
    ]
    if faults:
        return faults
    told = [line for line in lines if not _untold(cells, line, hidden, threshold)]
    exposed = _computable(told, hidden) or _narrow(cells, lines, hidden, first, threshold)
    return [
        tuple(n for n, line in enumerate(lines) if cell in line.parts or cell == line.total)
        for cell in exposed
    ]


def _bare(cells: Sequence[Cell], line: Line, hidden: set[int], threshold: int) -> bool:
    parts = [p for p in line.parts if p in hidden]
    if line.total in hidden:
        return not parts
    return (
        bool(parts)
        and (len(parts) == 1 or sum(cells[p].persons for p in parts) < threshold)
        and not _spent(line, hidden)
    )


def _spent(line: Line, hidden: set[int]) -> bool:
    """Nothing is left to hide, and the total is not of this table: any query that asks for it meets the same rules."""
    return line.total is None and all(p in hidden for p in line.parts)


def _untold(cells: Sequence[Cell], line: Line, hidden: set[int], threshold: int) -> bool:
    """A margin of too few persons is told by no query: whoever asks for it meets the same threshold."""
    return _spent(line, hidden) and sum(cells[p].persons for p in line.parts) < threshold


def _next(
    cells: Sequence[Cell], lines: Sequence[Line], hidden: set[int], where: tuple[int, ...]
) -> int | None:
    parts = [p for n in where for p in lines[n].parts if p not in hidden]
    totals = [t for n in where if (t := lines[n].total) is not None and t not in hidden]
    return min(parts or totals, key=lambda p: (cells[p].persons, p), default=None)


def _computable(lines: Sequence[Line], hidden: set[int]) -> list[int]:
    """The hidden cells that follow exactly: those on which every solution of the lines agrees."""
    found = []
    for group in _connected(lines, hidden):
        column = {cell: n for n, cell in enumerate(sorted(group))}
        rows = [row for line in lines if any(row := _coefficients(line, column))]
        _, singular, right = np.linalg.svd(np.array(rows, dtype=float), full_matrices=False)
        told = (right[singular > 1e-9] ** 2).sum(axis=0)  # how much of each cell lies in what the lines tell
        found += [cell for cell, n in column.items() if told[n] > 1 - 1e-6]
    return found


def _coefficients(line: Line, column: dict[int, int]) -> list[int]:
    row = [0] * len(column)
    for part in line.parts:
        if part in column:
            row[column[part]] = 1
    if line.total in column:
        row[column[line.total]] = -1
    return row


def _connected(lines: Sequence[Line], hidden: set[int]) -> list[set[int]]:
    """Hidden cells that share lines, directly or through others; those in no line are free."""
    groups: list[set[int]] = []
    for line in lines:
        members = {c for c in (*line.parts, line.total) if c in hidden}
        if members:
            met = [g for g in groups if g & members]
            groups = [g for g in groups if not g & members] + [members.union(*met)]
    return groups


def _narrow(
    cells: Sequence[Cell], lines: Sequence[Line], hidden: set[int], first: set[int], threshold: int
) -> list[int]:
    """Small cells that the lines bound too closely."""
    low, high = dict.fromkeys(hidden, 0), dict.fromkeys(hidden, 1 << 60)
    for _ in range(60):
        changed = [_tighten(cells, line, hidden, low, high) for line in lines]
        if not any(changed):
            break
    return [cell for cell in sorted(first) if high[cell] - low[cell] < threshold - 1]


def _tighten(
    cells: Sequence[Cell], line: Line, hidden: set[int], low: dict[int, int], high: dict[int, int]
) -> bool:
    if line.total in hidden or _spent(line, hidden):
        return False
    parts = [p for p in line.parts if p in hidden]
    left = sum(cells[p].persons for p in parts)
    lows, highs = sum(low[p] for p in parts), sum(high[p] for p in parts)
    changed = False
    for part in parts:
        above, below = left - (lows - low[part]), left - (highs - high[part])
        changed = changed or above < high[part] or below > low[part]
        high[part], low[part] = min(high[part], above), max(low[part], below)
    return changed
