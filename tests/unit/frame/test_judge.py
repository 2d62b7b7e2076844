"""What is a value of which column, one case to a line."""

from datetime import UTC, date, datetime

import pytest

from egide.frame.judge import OK, TYPE, UNKNOWN, WIDTH, judge_of, value_class
from egide.model.delivery import DATE_FORMS
from egide.model.table import Column, Kind

FRENCH, ISO, COMPACT = DATE_FORMS["dd/MM/yyyy"], DATE_FORMS["yyyy-MM-dd"], DATE_FORMS["ddMMyyyy"]
SAS, SAS_TIME = DATE_FORMS["ddMMMyyyy"], DATE_FORMS["ddMMMyyyy:HH:mm:ss"]


def judged(kind: Kind, value: str, form: str = FRENCH, **more: object) -> tuple[int, object]:
    codes = more.pop("codes", None)
    return judge_of(Column("C", kind, **more), form, codes)(value)  # type: ignore[arg-type]


def days(*at: int) -> int:
    return (date(*at) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", (OK, 0)),
        ("-0", (OK, 0)),
        ("007", (OK, 7)),
        ("-12", (OK, -12)),
        ("9" * 18, (OK, 10**18 - 1)),
        ("-" + "9" * 18, (OK, 1 - 10**18)),
        ("0" * 30 + "1", (OK, 1)),
        ("1" + "0" * 18, (WIDTH, None)),
        ("1.5", (TYPE, None)),
        ("1e3", (TYPE, None)),
        ("+1", (TYPE, None)),
        ("-", (TYPE, None)),
        ("--1", (TYPE, None)),
        (" 1", (TYPE, None)),
        ("1\n", (TYPE, None)),
        ("١", (TYPE, None)),
        ("1_000", (TYPE, None)),
    ],
)
def test_integers(value: str, expected: tuple[int, object]) -> None:
    assert judged(Kind.INTEGER, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12", (OK, 1200)),
        ("12.3", (OK, 1230)),
        ("-0.5", (OK, -50)),
        ("-0.00", (OK, 0)),
        ("0012.30", (OK, 1230)),
        ("9" * 16 + ".99", (OK, 10**18 - 1)),
        ("1" + "0" * 16, (WIDTH, None)),
        ("1e3", (TYPE, None)),
        (".5", (TYPE, None)),
        ("5.", (TYPE, None)),
        ("1,5", (TYPE, None)),
        ("1.239", (TYPE, None)),
        ("1.230", (TYPE, None)),
        ("nan", (TYPE, None)),
    ],
)
def test_decimals_are_unscaled_integers(value: str, expected: tuple[int, object]) -> None:
    assert judged(Kind.DECIMAL, value, precision=18, scale=2) == expected


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (FRENCH, "01/01/1970", (OK, 0)),
        (FRENCH, "29/02/2020", (OK, days(2020, 2, 29))),
        (FRENCH, "29/02/2000", (OK, days(2000, 2, 29))),
        (FRENCH, "29/02/2019", (TYPE, None)),
        (FRENCH, "29/02/1900", (TYPE, None)),
        (FRENCH, "01/01/1600", (OK, days(1600, 1, 1))),
        (FRENCH, "31/12/1599", (OK, days(1599, 12, 31))),
        (FRENCH, "31/12/9999", (OK, days(9999, 12, 31))),
        (FRENCH, "01/01/0000", (TYPE, None)),
        (FRENCH, "1/2/2019", (TYPE, None)),
        (FRENCH, "01/02/19", (TYPE, None)),
        (FRENCH, "00/01/2019", (TYPE, None)),
        (FRENCH, "01/13/2019", (TYPE, None)),
        (FRENCH, "2019-01-02", (TYPE, None)),
        (ISO, "2019-01-02", (OK, days(2019, 1, 2))),
        (ISO, "2019-01-02T00:00:00", (TYPE, None)),
        (COMPACT, "02012019", (OK, days(2019, 1, 2))),
        (SAS, "02JAN2019", (OK, days(2019, 1, 2))),
        (SAS, "02jan2019", (OK, days(2019, 1, 2))),
        (SAS, "02FEV2019", (TYPE, None)),
        (SAS, "٠٢JAN2019", (TYPE, None)),
    ],
)
def test_dates_are_days(form: str, value: str, expected: tuple[int, object]) -> None:
    assert judged(Kind.DATE, value, form) == expected


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("02JAN2019:03:04:05", datetime(2019, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("31DEC1599:23:59:59", datetime(1599, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("29FEB2020:00:00:00", datetime(2020, 2, 29, tzinfo=UTC)),
        ("29FEB2019:00:00:00", None),
        ("02JAN2019:24:00:00", None),
        ("02JAN2019:00:60:00", None),
        ("02JAN2019", None),
    ],
)
def test_datetimes_are_seconds(value: str, at: datetime | None) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = (TYPE, None) if at is None else (OK, round((at - epoch).total_seconds()))
    assert judged(Kind.DATETIME, value, SAS_TIME) == expected


def test_a_date_alone_is_its_midnight_where_the_form_has_no_time() -> None:
    assert judged(Kind.DATETIME, "02/01/1970") == (OK, 86_400)


def test_a_column_s_own_form_comes_before_the_dialect_s() -> None:
    assert judged(Kind.DATE, "02012019", FRENCH, date_format=COMPACT)[0] == OK
    assert judged(Kind.DATE, "02/01/2019", FRENCH, date_format=COMPACT)[0] == TYPE


def test_width_counts_characters_not_bytes() -> None:
    assert judged(Kind.TEXT, "éèà", length=3) == (OK, "éèà")
    assert judged(Kind.TEXT, "éèàù", length=3) == (WIDTH, None)
    assert judged(Kind.TEXT, "any" * 99) == (OK, "any" * 99)


def test_a_code_is_compared_as_its_type_writes_it() -> None:
    assert judged(Kind.INTEGER, "01", codes=frozenset({"1"})) == (OK, 1)
    assert judged(Kind.INTEGER, "2", codes=frozenset({"1"})) == (UNKNOWN, 2)
    assert judged(Kind.TEXT, "01", length=2, codes=frozenset({"1"})) == (UNKNOWN, "01")
    assert judged(Kind.INTEGER, "x", codes=frozenset({"x"})) == (TYPE, None)


@pytest.mark.parametrize(
    ("value", "like"),
    [
        (None, "empty"),
        ("", "empty"),
        ("123", "digits(3)"),
        ("-12", "number(3)"),
        ("1,5", "number(3)"),
        ("1/2/2019", "date(8)"),
        ("Élise", "letters(5)"),
        ("  ", "spaces(2)"),
        ("A1", "mixed(2)"),
    ],
)
def test_a_value_is_described_and_not_said(value: str | None, like: str) -> None:
    assert value_class(value) == like
