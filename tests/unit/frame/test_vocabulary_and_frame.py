"""Distinct values judged once; rows as codes into them."""

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from support.tiny import integer, table, text

from egide.frame.frame import Coded, Frame, Plain, years_of
from egide.frame.judge import judge_of
from egide.frame.vocabulary import NULL, Vocabulary, arrow_of, arrow_type, decimals
from egide.model.table import Column, Domain, Kind

FRENCH = "%d/%m/%Y"


def vocabulary(column: Column, null: str = "") -> Vocabulary:
    return Vocabulary(column, judge_of(column, FRENCH, None), null)


def coded(column: Column, values: list[str | None]) -> Coded:
    words = vocabulary(column)
    return Coded(words, words.encode(values))


def test_a_value_is_judged_when_it_is_first_met_and_never_again() -> None:
    met: list[str] = []

    def judge(value: str) -> tuple[int, str]:
        met.append(value)
        return 0, value

    words = Vocabulary(text("C"), judge)
    assert words.encode(["a", "b", "a"]).tolist() == words.encode(["a", "b", "a"]).tolist() == [1, 2, 1]
    assert met == ["a", "b"]


def test_absence_is_one_code_whatever_writes_it() -> None:
    assert vocabulary(text("C"), "NA").encode(["NA", "", None, "N"]).tolist() == [NULL, NULL, NULL, 1]
    assert vocabulary(text("C")).encode(["NA"]).tolist() == [1]


def test_the_null_text_is_no_value_even_where_it_would_be_one() -> None:
    assert vocabulary(integer("C"), "0").encode(["0", "1", "00"]).tolist() == [NULL, 1, 2]


def test_more_than_65536_distinct_values_keep_their_places() -> None:
    words = vocabulary(integer("C"))
    values = [str(n) for n in range(70_000)]
    codes = words.encode(values)
    assert codes.tolist() == list(range(1, 70_001))
    assert words.numbers()[codes].tolist() == list(range(70_000))
    assert words.spotless()


def test_numbers_grow_with_the_vocabulary_and_identifiers_are_no_numbers() -> None:
    words = vocabulary(integer("C"))
    words.encode(["5"])
    assert words.numbers().tolist() == [0, 5]
    words.encode(["x", "-7"])
    assert words.numbers().tolist() == [0, 5, 0, -7]
    assert words.refused().tolist() == [False, False, True, False]
    assert not words.spotless() and words.spotless(3)


@pytest.mark.parametrize(
    ("column", "typed", "expected"),
    [
        (Column("C", Kind.DECIMAL, precision=18, scale=2), [-50, None, 10**18 - 1], [Decimal("-0.50"), None, Decimal("9999999999999999.99")]),
        (Column("C", Kind.DATE), [-1, None], [date(1969, 12, 31), None]),
        (Column("C", Kind.DATE), [-135141], [date(1599, 12, 31)]),
        (Column("C", Kind.DATETIME), [86_399, None], [datetime(1970, 1, 1, 23, 59, 59), None]),
        (Column("C", Kind.INTEGER), [1 - 10**18, None], [1 - 10**18, None]),
        (Column("C", Kind.TEXT, domain=Domain.PSA), [b"p" * 20, None], [b"p" * 20, None]),
        (Column("C", Kind.TEXT, domain=Domain.ROW), ["a", None], ["a", None]),
    ],
)  # fmt: skip
def test_typed_values_become_arrow(column: Column, typed: list[object], expected: list[object]) -> None:
    made = arrow_of(column, typed)  # type: ignore[arg-type]
    assert made.type == arrow_type(column)
    assert made.to_pylist() == expected


def test_negative_decimals_carry_their_sign_into_the_high_word() -> None:
    made = decimals(np.array([-1, 0, 5], np.int64), pa.decimal128(18, 2), np.array([False, True, False]))
    made.validate(full=True)
    assert made.to_pylist() == [Decimal("-0.01"), None, Decimal("0.05")]


@pytest.mark.parametrize(
    ("column", "values", "years"),
    [
        (Column("C", Kind.DATE), ["31/12/1599", "", "01/01/1970", "29/02/2020"], [1599, 0, 1970, 2020]),
        (Column("C", Kind.DATETIME), ["31/12/1969", ""], [1969, 0]),
        (text("C", 6), ["201912", "", "20AB", "19"], [2019, 0, 0, 19]),
        (integer("C"), ["2019", "-5", ""], [2019, 0, 0]),
    ],
)
def test_the_year_of_a_period_column(column: Column, values: list[str | None], years: list[int]) -> None:
    assert years_of(coded(column, values)).tolist() == years


def test_a_plain_period_is_its_own_year() -> None:
    assert years_of(Plain(integer("C"), np.array([2019, 0]), np.array([False, True]))).tolist() == [2019, 0]


def test_keeping_rows_keeps_everything_that_belongs_to_them() -> None:
    number = integer("N", domain=Domain.ROW)
    frame = Frame(
        table(text("T"), number),
        "f",
        np.array([2, 3, 5]),
        {
            "T": coded(text("T"), ["a", "", "b"]),
            "N": Plain(number, np.array([7, 0, 9]), np.array([False, True, False])),
        },
        keys=np.array([70, 80, 90], np.uint64),
        persons=np.array([0, -1, 1], np.int32),
    )
    frame.flag("reference", "T", np.array([False, True, True]))
    frame.flag("unknown-code", "T", np.array([False, False, False]))
    assert frame.flagged() == 2
    frame.keep(np.array([False, True, True]))
    assert frame.lines.tolist() == [3, 5]
    assert frame.columns["T"].nulls().tolist() == frame.columns["N"].nulls().tolist() == [True, False]
    assert frame.columns["N"].array().to_pylist() == [None, 9]  # type: ignore[union-attr]
    assert frame.keys.tolist() == [80, 90] and frame.persons.tolist() == [-1, 1]  # type: ignore[union-attr]
    assert {why: rows.tolist() for why, rows in frame.flags.items()} == {("reference", "T"): [True, True]}
    assert frame.years().tolist() == [0, 0]
