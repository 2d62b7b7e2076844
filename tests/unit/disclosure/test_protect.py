"""No hidden cell can be computed from what is shown and the margins: checked by other means than those that hide."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.rules.disclosure import Cell, protect

THRESHOLD = 11
counts = st.one_of(st.integers(1, 15), st.integers(1, 400))


def one_way(persons: list[int]) -> list[Cell]:
    return [Cell((n,), frozenset(), p) for n, p in enumerate(persons)]


def two_way(table: list[list[int]], margins: bool) -> list[Cell]:
    """The cells above nought; with `margins` also rows' and columns' totals and the grand total."""
    cells = [Cell((r, c), frozenset(), p) for r, row in enumerate(table) for c, p in enumerate(row) if p]
    if margins:
        cells += [Cell((r, None), frozenset({1}), sum(row)) for r, row in enumerate(table) if any(row)]
        cells += [
            Cell((None, c), frozenset({0}), sum(col))
            for c, col in enumerate(zip(*table, strict=True))
            if any(col)
        ]
        cells.append(Cell((None, None), frozenset({0, 1}), sum(map(sum, table))))
    return cells


def solvable(unknown: set[int], equations: list[dict[int, int]]) -> set[int]:
    """Exact Gauss-Jordan over fractions: the unknowns whose row ends with a single coefficient."""
    order = sorted(unknown)
    rows = [[Fraction(e.get(u, 0)) for u in order] for e in equations]
    pivots: list[int] = []
    for column in range(len(order)):
        at = next((r for r in range(len(pivots), len(rows)) if rows[r][column]), None)
        if at is None:
            continue
        here = len(pivots)
        rows[here], rows[at] = rows[at], rows[here]
        rows[here] = [v / rows[here][column] for v in rows[here]]
        for r in range(len(rows)):
            if r != here and rows[r][column]:
                factor = rows[r][column]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[here], strict=True)]
        pivots.append(column)
    return {order[p] for n, p in enumerate(pivots) if sum(1 for v in rows[n] if v) == 1}


def equations_of(cells: list[Cell]) -> list[dict[int, int]]:
    """Every total over every set of keys, shown or not, but for what no query tells: a total over a single cell or
    over too few persons is hidden alike."""
    found = []
    inner = [n for n, c in enumerate(cells) if not c.summed]
    keys = range(len(cells[0].keys))
    for mask in product((False, True), repeat=len(keys)):
        summed = frozenset(k for k in keys if mask[k])
        groups: dict[tuple[object, ...], list[int]] = {}
        for n in inner:
            groups.setdefault(tuple(v for k, v in enumerate(cells[n].keys) if k not in summed), []).append(n)
        for at, parts in groups.items():
            shown = [
                n
                for n, c in enumerate(cells)
                if summed
                and c.summed == summed
                and tuple(v for k, v in enumerate(c.keys) if k not in summed) == at
            ]
            if shown:
                found.append(dict.fromkeys(parts, 1) | {shown[0]: -1})
            elif summed and len(parts) > 1 and sum(cells[n].persons for n in parts) >= THRESHOLD:
                found.append(dict.fromkeys(parts, 1))
    return found


def assert_safe(cells: list[Cell]) -> bool:
    """True when something was hidden and something shown."""
    primary = {n for n, c in enumerate(cells) if c.persons < THRESHOLD}
    hidden = primary | protect(cells, primary, THRESHOLD)
    if len(hidden) == len(cells):
        return False
    assert not solvable(hidden, equations_of(cells)) & primary
    assert len(hidden) >= 2 * bool(primary)
    return bool(hidden)


@given(st.lists(counts, min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_one_way(persons: list[int]) -> None:
    cells = one_way(persons)
    assert_safe(cells)
    primary = {n for n, p in enumerate(persons) if p < THRESHOLD}
    hidden = primary | protect(cells, primary, THRESHOLD)
    assert not primary or len(hidden) == len(cells) or sum(persons[n] for n in hidden) >= THRESHOLD


@given(
    st.lists(st.lists(st.one_of(st.just(0), counts), min_size=4, max_size=4), min_size=1, max_size=5),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_two_way(table: list[list[int]], margins: bool) -> None:
    cells = two_way(table, margins)
    if cells:
        assert_safe(cells)


def test_hundreds_of_sparse_tables() -> None:
    random, told = np.random.default_rng(7), 0
    for _ in range(200):
        shape = tuple(random.integers(2, 6, 2))
        table = random.poisson(random.choice([3, 10, 30]), shape) * random.integers(0, 2, shape)
        for margins in (False, True):
            cells = two_way(table.tolist(), margins)
            told += bool(cells) and assert_safe(cells)
    assert told > 100


def test_the_next_smallest_goes_with_a_lone_small_cell() -> None:
    assert protect(one_way([5, 100, 40, 300]), {0}, THRESHOLD) == {2}


def test_two_small_cells_whose_sum_is_small_take_a_third() -> None:
    assert protect(one_way([1, 1, 40, 300]), {0, 1}, THRESHOLD) == {2}


def test_enough_small_cells_protect_one_another() -> None:
    assert protect(one_way([6, 7, 8, 300]), {0, 1, 2}, THRESHOLD) == frozenset()


def test_nothing_small_hides_nothing() -> None:
    assert protect(two_way([[20, 30], [40, 50]], True), set(), THRESHOLD) == frozenset()


def test_a_block_of_four_in_a_table_with_margins() -> None:
    cells = two_way([[5, 40, 60], [50, 45, 70], [80, 90, 99]], True)
    assert protect(cells, {0}, THRESHOLD) == {1, 3, 4}


def test_bounds_too_narrow_hide_more() -> None:
    """With [[5, 40], [6, 1]] hidden alone, the first cell would lie between 4 and 11."""
    cells = two_way([[5, 40, 60], [6, 1, 70], [80, 90, 99]], True)
    assert len({0, 3, 4} | protect(cells, {0, 3, 4}, THRESHOLD)) > 4


def test_the_same_table_gives_the_same_pattern() -> None:
    cells = two_way([[5, 40, 3], [50, 45, 70], [2, 90, 99]], True)
    assert len({protect(cells, {0, 2, 6}, THRESHOLD) for _ in range(5)}) == 1


def test_a_weaker_rule_would_be_caught() -> None:
    """Hiding a companion per row alone leaves a bridge that the check above sees."""
    cells = two_way([[5, 40], [50, 60]], True)
    assert solvable({0, 1}, equations_of(cells)) == {0, 1}


@pytest.mark.parametrize("size", [2000])
def test_a_long_table_is_quick(size: int) -> None:
    assert protect(one_way([5, *range(20, size)]), {0}, THRESHOLD)


def test_a_fine_table_keeps_what_is_large() -> None:
    """Three keys and a structural nought: hiding what is small does not spread to the whole table."""
    small = {
        (2021, 1): 3,
        (2021, 2): 4,
        (2022, 1): 7,
        (2022, 2): 8,
        (2023, 1): 12,
        (2023, 2): 12,
        (2020, 1): 3,
    }
    cells = [Cell((year, sex, 2020), frozenset(), persons) for (year, sex), persons in small.items()]
    cells += [
        Cell((year, sex, born), frozenset(), 1 + sex if born < 1940 else 20 + sex + born % 7)
        for year in range(2019, 2024)
        for sex in (1, 2)
        for born in (1920, 1930, 1950, 1960, 1970, 1980)
    ]
    primary = {n for n, c in enumerate(cells) if c.persons < THRESHOLD}
    hidden = primary | protect(cells, primary, THRESHOLD)
    assert len(primary) < len(hidden) < len(cells)
