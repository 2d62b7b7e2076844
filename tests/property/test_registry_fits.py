"""For any table of any model: keys, references, years and codes hold together."""

from hypothesis import given
from hypothesis import strategies as st

from egide.model.table import Column, Kind, Model, Table
from egide.registry import codes_for, columns_for, model_of, models, resolve

TABLES = [(model_of(name), table) for name in models() for table in model_of(name).tables.values()]
COLUMNS = [(model, column) for model, table in TABLES for column in table.columns]
YEARS = st.integers(2000, 2035)


@given(st.sampled_from(TABLES))
def test_keys_and_references_name_columns_of_one_type(pair: tuple[Model, Table]) -> None:
    model, table = pair
    assert len(set(table.by_name)) == len(table.columns)
    assert all(not table.column(name).nullable for name in table.key)
    assert {table.period, table.date, *table.person.columns} - {None} <= set(table.by_name)
    for reference in table.references:
        target = model.tables[reference.table]
        for here, there in zip(reference.columns, reference.table_columns, strict=True):
            assert table.column(here).kind is target.column(there).kind
            assert table.column(here).domain is target.column(there).domain


@given(st.sampled_from(TABLES), YEARS)
def test_a_column_is_there_in_its_years_only(pair: tuple[Model, Table], year: int) -> None:
    there = set(columns_for(pair[1], year))
    for column in pair[1].columns:
        assert (column in there) == ((column.since or year) <= year <= (column.until or year))


@given(st.sampled_from(TABLES), YEARS)
def test_every_physical_name_finds_its_own_table(pair: tuple[Model, Table], year: int) -> None:
    model, table = pair
    physical = table.name.replace("aa", f"{year % 100:02d}") if "aa" in table.name else f"{table.name}_{year}"
    assert resolve(model, physical) == (table, year)
    assert resolve(model, table.name) == (table, None)


@given(st.sampled_from(COLUMNS), st.none() | YEARS)
def test_codes_are_values_of_the_columns_type(pair: tuple[Model, Column], year: int | None) -> None:
    model, column = pair
    codes = codes_for(model, column, year)
    if codes is None:
        return
    assert codes and column.codes
    if column.kind is Kind.INTEGER:
        assert all(str(int(code)) == code for code in codes)
    else:
        assert column.kind is Kind.TEXT
