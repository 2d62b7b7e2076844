"""The small-count rule, as a table of cases."""

import pytest

from egide.rules.counts import SMALLEST, Cell, join_small, rounded, share, significant


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, None),
        (1, None),
        (10, None),
        (11, 15),
        (12, 15),
        (13, 15),
        (17, 15),
        (18, 20),
        (1002, 1000),
        (1003, 1005),
    ],
)
def test_counts_are_rounded_and_never_below_the_threshold(count: int, shown: int | None) -> None:
    assert rounded(count) == shown


def test_shares_say_no_more_than_the_counts() -> None:
    assert share(15, 1000) == 0.015
    assert share(None, 1000) is None
    assert share(15, None) is None
    assert share(1005, 1000) == 1.0


@pytest.mark.parametrize(
    ("value", "shown"), [(0, 0), (7, 7), (123, 120), (125, 130), (-125, -130), (98765, 99000)]
)
def test_two_significant_digits(value: int, shown: int) -> None:
    assert significant(value) == shown


def cell(start: int, *persons: int) -> Cell:
    return Cell(start, len(persons), frozenset(persons))


def test_small_cells_join_their_neighbours() -> None:
    joined = join_small([cell(0, *range(6)), cell(1, *range(6, 12)), cell(2, *range(20)), cell(3, 1)])
    assert [(c.start, c.rows) for c in joined] == [(0, 12), (2, 21)]


def test_many_rows_of_one_person_stay_small() -> None:
    assert join_small([Cell(0, 5000, frozenset({1}))]) == []
    assert Cell(0, SMALLEST, None).safe
