"""The SQL of a view, run on small tables: which rows, which columns, how precise, under which pseudonyms."""

from dataclasses import replace
from datetime import date, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from support.tiny import integer, table, text

from egide.crypto.key import Key
from egide.model.permit import DEFAULT_PRECISION, Population, Terms
from egide.model.snapshot import PartRef
from egide.model.table import Column, Domain, Kind, Table
from egide.stages.permit import rekeyed, view_of, wanted
from egide.stages.permit.view import population_sql

CARE = ("potential_identifier:care_date",)
VISITS = table(
    Column("DAY", Kind.DATE, group="care", tags=CARE),
    Column("AT", Kind.DATETIME, group="care", tags=CARE),
    text("MONTH", 6, group="care", tags=CARE),
    text("WARD", group="care"),
    integer("AGE", group="age", tags=("potential_identifier:birth_month:age",)),
    text("SECRET", group="other"),
    name="VISITS",
)
TERMS = Terms(
    "P", "d", "", "", ("ada",), {"VISITS": ("care",)}, {}, (2019, 2020), date(2024, 1, 1), date(2024, 12, 31)
)
WHO = [bytes([n]) * 20 for n in range(3)]
ROWS = pa.table(
    {
        "PERSON_ID": pa.array([*WHO, None], pa.binary()),
        "DAY": pa.array([date(1599, 12, 31), date(2020, 2, 29), None, date(2020, 1, 1)]),
        "AT": pa.array([datetime(2019, 5, 6, 7, 8, 9), None, datetime(2020, 1, 1), datetime(2020, 1, 1)], pa.timestamp("s")),
        "MONTH": ["201905", "202002", None, "202001"],
        "WARD": ["a", "b", "c", "d"],
        "AGE": [1000, 1023, 45, None],
        "SECRET": ["s", "s", "s", "s"],
        "EGIDE_FLAGS": [None, "x", None, None],
    }
)  # fmt: skip


def shown(
    terms: Terms = TERMS, of: Table = VISITS, excluded: tuple[bytes, ...] = (), population: str | None = None
) -> list[dict[str, object]]:
    with duckdb.connect() as connection:
        connection.register("rows_", ROWS)
        connection.register("out_", pa.table({"PERSON_ID": pa.array(excluded, pa.binary())}))
        view = view_of(
            terms, of, "SELECT * FROM rows_", set(ROWS.column_names), "SELECT PERSON_ID FROM out_", population
        )
        found = connection.execute(view.relation).to_arrow_table()
        assert tuple(found.column_names) == view.table.names
        return sorted(found.to_pylist(), key=lambda r: str(r["PERSON_ID"]))


def with_level(level: str, **more: object) -> Terms:
    return replace(TERMS, precision={**DEFAULT_PRECISION, "care_date": level}, **more)  # type: ignore[arg-type]


def test_only_granted_columns_and_rows_of_known_persons_are_there() -> None:
    rows = shown(with_level("day"))
    assert [set(r) for r in rows] == [{"PERSON_ID", "DAY", "AT", "MONTH", "WARD"}] * 3
    assert [r["PERSON_ID"] for r in rows] == WHO


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("day", (date(1599, 12, 31), datetime(2019, 5, 6, 7, 8, 9), "201905")),
        ("month", (date(1599, 12, 1), datetime(2019, 5, 1), "201905")),
        ("year", (date(1599, 1, 1), datetime(2019, 1, 1), "2019")),
    ],
)
def test_dates_are_cut(level: str, expected: tuple[object, ...]) -> None:
    rows = shown(with_level(level))
    assert tuple(rows[0][n] for n in ("DAY", "AT", "MONTH")) == expected
    assert rows[1]["AT"] is rows[2]["DAY"] is rows[2]["MONTH"] is None


def test_dates_may_be_absent_altogether() -> None:
    assert set(shown(with_level("none"))[0]) == {"PERSON_ID", "WARD"}


def test_ages_in_months_are_cut_to_the_last_birthday() -> None:
    terms = replace(TERMS, tables={"VISITS": ("age",)})
    assert [r["AGE"] for r in shown(terms)] == [1000, 1012, 45]
    free = replace(terms, precision={**DEFAULT_PRECISION, "birth_month": "month"})
    assert [r["AGE"] for r in shown(free)] == [1000, 1023, 45]


def test_persons_who_object_are_not_there() -> None:
    assert [r["PERSON_ID"] for r in shown(excluded=(WHO[1],))] == [WHO[0], WHO[2]]
    assert shown(excluded=tuple(WHO)) == []


def test_columns_that_nobody_delivered_are_not_there() -> None:
    of = replace(VISITS, columns=(*VISITS.columns, text("NEVER", group="care")))
    assert "NEVER" not in shown(of=of)[0]


def register() -> pa.Table:
    return pa.table(
        {
            "PERSON_ID": pa.array(WHO, pa.binary()),
            "BEN_SEX_COD": [1, 2, 2],
            "BEN_NAI_ANN": ["1950", "1960", "XXXX"],
            "BEN_RES_DPT": ["075", "02A", "075"],
        }
    )


@pytest.mark.parametrize(
    ("population", "expected"),
    [
        (Population(sexes=(2,)), [1, 2]),
        (Population(born=(1950, 1959)), [0]),
        (Population(departments=("075", "02A")), [0, 1, 2]),
        (Population((2,), (1900, 2000), ("075",)), []),
        (Population(departments=("075') OR ('1'='1",)), []),
    ],
)
def test_a_population_is_told_by_the_register(population: Population, expected: list[int]) -> None:
    with duckdb.connect() as connection:
        connection.register("register_", register())
        found = connection.execute(population_sql(population, "SELECT * FROM register_")).fetchall()
    assert sorted(p for (p,) in found) == [WHO[n] for n in expected]


def test_a_population_narrows_every_table() -> None:
    only = "SELECT PERSON_ID FROM rows_ WHERE \"WARD\" = 'b'"
    assert [r["PERSON_ID"] for r in shown(population=only)] == [WHO[1]]


@pytest.mark.parametrize(
    ("name", "period", "expected"),
    [
        ("VISITS", "2019", True), ("VISITS", "2020", True), ("VISITS", "2018", False), ("VISITS", "2021", False),
        ("VISITS", "0", False), ("VISITS", "all", True), ("OTHER", "2019", False),
    ],
)  # fmt: skip
def test_only_parts_of_granted_tables_and_years_are_opened(name: str, period: str, expected: bool) -> None:
    assert wanted(TERMS, PartRef("o", "k", 1, 1, name, period, 1, 1)) is expected


ONE, TWO = Key("one", b"1" * 32), Key("two", b"2" * 32)


def keyed(column: Column | None, key: Key, values: pa.Array) -> list[object]:
    change = rekeyed(column, key)
    assert change is not None
    return list(change(values).to_pylist())


PSA = text("A", domain=Domain.PSA)


def test_pseudonyms_are_a_permit_s_own_and_equal_values_stay_equal() -> None:
    values = pa.array([WHO[0], WHO[1], None, WHO[0]], pa.binary())
    one, two = keyed(PSA, ONE, values), keyed(PSA, TWO, values)
    assert one[0] == one[3] != one[1] and one[2] is None
    assert not set(one) & set(two) - {None}
    assert one == keyed(text("B", domain=Domain.PSA), ONE, values)
    assert not set(one) & set(keyed(text("A", domain=Domain.ANO), ONE, values)) - {None}
    assert not set(one) & set(keyed(None, ONE, values)) - {None}


def test_row_keys_are_re_keyed_by_column_and_keep_their_kind() -> None:
    number, name = integer("N", domain=Domain.ROW), text("N", domain=Domain.ROW)
    values = pa.array([0, -5, None, 10**18 - 1, 0], pa.int64())
    one = keyed(number, ONE, values)
    assert one[0] == one[4] and one[2] is None and len({*one}) == 4
    assert all(isinstance(v, int) and v > 0 for v in one if v is not None)
    assert not {*one} & {*keyed(number, TWO, values)} - {None}
    assert not {*one} & {*keyed(integer("M", domain=Domain.ROW), ONE, values)} - {None}
    texts = keyed(name, ONE, pa.array(["x", None]))
    assert isinstance(texts[0], str) and texts[1] is None


def test_dictionaries_chunks_and_nothing_at_all() -> None:
    coded = pa.array(["x", None, "x"]).dictionary_encode()
    name = text("N", domain=Domain.ROW)
    assert keyed(name, ONE, coded) == keyed(name, ONE, coded.dictionary_decode())
    assert keyed(PSA, ONE, pa.array([], pa.binary())) == []
    assert keyed(integer("N", domain=Domain.ROW), ONE, pa.array([], pa.int64())) == []
    assert keyed(integer("N", domain=Domain.ROW), ONE, pa.array([None, None], pa.int64())) == [None, None]


def test_other_columns_stay_as_they_are() -> None:
    assert rekeyed(text("A"), ONE) is None


def test_numbers_of_one_permit_do_not_meet() -> None:
    made = keyed(integer("N", domain=Domain.ROW), ONE, pa.array(np.arange(50_000)))
    assert len(set(made)) == 50_000
