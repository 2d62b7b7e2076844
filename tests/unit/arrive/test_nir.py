"""No social security number enters; numbers that only look like one do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.stages.arrive.nir import ENOUGH, NirWatch, is_nir


def with_key(thirteen: str) -> str:
    """The number with its control key (INSEE): 97 less the rest of the number by 97, Corsica counted as 19 and 18."""
    number = int(thirteen.replace("2A", "19").replace("2B", "18"))
    return f"{thirteen}{97 - number % 97:02d}"


@pytest.mark.parametrize(
    "number",
    [
        "255081416802538",
        "185057800608491",
        "1 85 05 78 006 084 91",
        with_key("184022A004087"),
        with_key("299122B004087"),
        with_key("299122B004087").lower(),
        with_key("2551297105001"),  # overseas: 97 and three digits of the commune
        with_key("1551298833002"),
        with_key("2559999135001"),  # born abroad, month unknown
        with_key("7852078006084"),  # provisional number, month above 20
        with_key("3850578006084"),
    ],
)
def test_numbers_of_every_part_of_the_country(number: str) -> None:
    assert is_nir(number)


@pytest.mark.parametrize(
    "number",
    [
        "185057800608492",
        "18505780060843",
        "1850578006084916",
        "585057800608491",
        "185137800608491",
        with_key("1851378006084"),
        with_key("5850578006084"),
        "18505780060 84 3",
        "",
        "ABCDEFGHIJKLMNO",
        with_key("1840222004087").replace("22", "2C", 1),
    ],
)
def test_what_is_no_number(number: str) -> None:
    assert not is_nir(number)


def numbers(count: int, start: int = 0) -> list[str]:
    return [with_key(f"1850578006{n:03d}") for n in range(start, start + count)]


def test_a_column_is_refused_from_the_third_number_on_even_over_several_blocks() -> None:
    watch = NirWatch()
    found = numbers(ENOUGH)
    assert [watch.look("C", [n]) for n in found] == [False] * (ENOUGH - 1) + [True]


def test_columns_are_looked_at_apart() -> None:
    watch = NirWatch()
    assert not any(watch.look(f"C{n}", [value]) for n, value in enumerate(numbers(9)))


def test_few_numbers_among_many_that_look_alike_are_chance() -> None:
    lookalikes = [with_key(f"1850578{n:06d}")[:13] + "98" for n in range(50)]
    assert not NirWatch().look("C", [*lookalikes, *numbers(3)])
    assert NirWatch().look("C", [*lookalikes, *numbers(60)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(10**14, 10**15 - 1), min_size=1, max_size=400, unique=True))
def test_fifteen_digits_at_random_are_no_nirs(drawn: list[int]) -> None:
    assert not NirWatch().look("C", list(drawn))


def test_absence_and_other_kinds_are_passed_over() -> None:
    assert not NirWatch().look("C", [None, 5, b"x" * 20, "a" * 15])


def test_integers_are_numbers_too() -> None:
    assert NirWatch().look("C", [int(n) for n in numbers(3)])
    assert NirWatch().look_at_numbers("C", np.array([*map(int, numbers(3)), 7, 10**17], np.int64))
    assert not NirWatch().look_at_numbers("C", np.array([1, 2, 10**17], np.int64))
