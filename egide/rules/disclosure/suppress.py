"""From the guarded answer to what may be printed."""

from collections.abc import Callable, Sequence
from typing import Any

from egide.model.query import Answer, Result, Row
from egide.rules.disclosure.guarded import Guarded, Policy, Sort
from egide.rules.disclosure.protect import Cell, protect


def suppress(guarded: Guarded, answer: Result, dominance: Sequence[Result], policy: Policy) -> Answer:
    """Hides the measures of every row that is too small, dominated, or needed to keep another hidden. Keys go with them
    unless published code lists or enough persons elsewhere in the answer vouch for them. An answer in which nothing
    may be shown looks the same as one in which there was nothing."""
    rows = sorted(answer.rows, key=lambda row: _sortable(guarded, row))
    cells = [_cell(guarded, row) for row in rows]
    dominated = _dominated(guarded, dominance, policy)
    primary = {
        n
        for n, row in enumerate(rows)
        if _small(guarded, row, policy) or _identity(guarded, row) in dominated
    }
    hidden = primary | protect(cells, primary, policy.threshold)
    types = answer.types[: len(guarded.shown)]
    if len(hidden) == len(rows):
        return Answer(guarded.shown, types, (), (), 0, persons_checked=True)
    shown = _ordered(guarded, [row for n, row in enumerate(rows) if n not in hidden])
    if guarded.having is not None:
        shown = [row for row in shown if row[guarded.having] is True]
    if guarded.limit is not None or guarded.offset:
        shown = shown[guarded.offset :][: guarded.limit]
    printed = [_visible(guarded, row) for row in shown]
    if guarded.having is None and guarded.limit is None and not guarded.offset:
        vouched = _vouched(cells, policy)
        blanked = [_blank(guarded, rows[n], vouched) for n in sorted(hidden)]
        printed += [line for line in blanked if not all(line[1])]
    count = len(hidden) * sum(1 for key in guarded.key_of if key is None)
    return Answer(
        guarded.shown,
        types,
        tuple(p[0] for p in printed),
        tuple(p[1] for p in printed),
        count,
        persons_checked=True,
    )


def _cell(guarded: Guarded, row: Row) -> Cell:
    keys = tuple(row[k] for k in guarded.keys)
    return Cell(keys, _summed(guarded, row), min(_number(row[p]) for p in guarded.persons))


def _summed(guarded: Guarded, row: Row) -> frozenset[int]:
    if guarded.grouping is None:
        return frozenset()
    bits, last = _number(row[guarded.grouping]), len(guarded.keys) - 1
    return frozenset(n for n in range(len(guarded.keys)) if bits >> (last - n) & 1)


def _number(value: object) -> int:
    return int(str(value)) if value is not None else 0


def _small(guarded: Guarded, row: Row, policy: Policy) -> bool:
    few = min(_number(row[p]) for p in guarded.persons) < policy.threshold
    return few or any(0 < _number(row[r]) < policy.threshold for r in guarded.rests)


Identity = tuple[tuple[object, ...], int]


def _identity(guarded: Guarded, row: Row) -> Identity:
    grouping = _number(row[guarded.grouping]) if guarded.grouping is not None else 0
    return tuple(row[k] for k in guarded.keys), grouping


def _dominated(guarded: Guarded, dominance: Sequence[Result], policy: Policy) -> set[Identity]:
    width = len(guarded.keys)
    return {
        (row[:width], _number(row[width]))
        for result in dominance
        for row in result.rows
        if any(_is_dominated(row[n : n + 3], policy) for n in range(width + 1, len(row), 3))
    }


def _is_dominated(sums: Row, policy: Policy) -> bool:
    total, largest, second = (float(str(value)) if value is not None else 0.0 for value in sums)
    rest = total - largest - second
    return total > 0 and (rest < policy.p * largest or largest + second > policy.two_largest * total)


def _vouched(cells: Sequence[Cell], policy: Policy) -> set[tuple[int, object]]:
    """Key values that some cell of enough persons carries: to name them names no few."""
    enough = [cell for cell in cells if cell.persons >= policy.threshold]
    return {(n, value) for cell in enough for n, value in enumerate(cell.keys) if n not in cell.summed}


Line = tuple[Row, tuple[bool, ...]]


def _visible(guarded: Guarded, row: Row) -> Line:
    return row[: len(guarded.shown)], (False,) * len(guarded.shown)


def _blank(guarded: Guarded, row: Row, vouched: set[tuple[int, object]]) -> Line:
    summed = _summed(guarded, row)
    named = {
        key
        for key, column in enumerate(guarded.keys)
        if key in summed or guarded.public[key] or (key, row[column]) in vouched
    }
    mask = tuple(key is None or key not in named for key in guarded.key_of)
    return tuple(None if gone else row[n] for n, gone in enumerate(mask)), mask


def _sortable(guarded: Guarded, row: Row) -> tuple[Any, ...]:
    """Totals after what they total, then by key, nothing last; values of unlike types by their text."""
    keys = tuple(
        (row[k] is None, type(row[k]).__name__, row[k] if row[k] is not None else 0) for k in guarded.keys
    )
    return (len(_summed(guarded, row)), keys)


def _ordered(guarded: Guarded, rows: list[Row]) -> list[Row]:
    for sort in reversed(guarded.order):
        rows = sorted(rows, key=_by(sort), reverse=sort.descending)
    return rows


def _by(sort: Sort) -> Callable[[Row], tuple[bool, Any]]:
    last = sort.nulls_first == sort.descending  # reversing puts what sorts last first

    def key(row: Row) -> tuple[bool, Any]:
        value = row[sort.column]
        return ((value is None) == last, value if value is not None else 0)

    return key
