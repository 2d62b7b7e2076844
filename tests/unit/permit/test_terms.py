"""Terms as people write them in TOML, and what is no term."""

import tomllib
from datetime import date

import pytest

from egide.model.errors import BadInput
from egide.model.permit import DEFAULT_PRECISION, Population, Terms, terms_of

LEAST = """
project = "P"
dataset = "d"
persons = ["ada"]
years = 2019
start = 2024-01-01
end = 2024-12-31
tables = { T = ["care"] }
"""


def terms(**lines: str) -> Terms:
    kept = [line for line in LEAST.splitlines() if line.partition(" ")[0] not in lines]
    return terms_of(tomllib.loads("\n".join([*(f"{n} = {v}" for n, v in lines.items() if v), *kept])))


def refusal(**lines: str) -> tuple[str, object]:
    with pytest.raises(BadInput) as refused:
        terms(**lines)
    return refused.value.key, refused.value.facts.get("field")


def test_the_least_that_terms_say() -> None:
    found = terms()
    assert found.years == (2019, 2019)
    assert (found.start, found.end) == (date(2024, 1, 1), date(2024, 12, 31))
    assert (found.threshold, found.engines, found.tools, found.snapshot) == (11, ("duckdb",), ("sql",), "")
    assert found.precision == DEFAULT_PRECISION
    assert found.population == Population() and found.population.everybody


@pytest.mark.parametrize("written", ["[2019, 2021]", '"2019-2021"', '["2019", "2021"]'])
def test_years_are_two_ends_however_they_are_written(written: str) -> None:
    assert terms(years=written).years == (2019, 2021)


@pytest.mark.parametrize("written", ["2019", '"2019"', "[2019]", '"2019-2019"'])
def test_one_year_is_both_ends(written: str) -> None:
    assert terms(years=written).years == (2019, 2019)


@pytest.mark.parametrize(
    "written", ["[2021, 2019]", "[]", '""', "0", "[2019, 2020, 2021]", '"2019-2020-2021"']
)
def test_years_that_are_no_years(written: str) -> None:
    assert refusal(years=written) == ("permit.field", "years")


@pytest.mark.parametrize("written", ["true", "2019.0", '"all"', "{ from = 2019 }", "2019-01-01"])
def test_years_that_cannot_be_read(written: str) -> None:
    assert refusal(years=written)[0] in ("permit.form", "permit.field")


@pytest.mark.parametrize("written", ["2024-02-29", '"2024-02-29"'])
def test_a_day_as_a_date_or_as_text(written: str) -> None:
    assert terms(start=written).start == date(2024, 2, 29)


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize(
    "written", ['"29/02/2024"', "2024", '"2023-02-29"', "2024-01-01T00:00:00", "00:00:00"]
)
def test_a_day_that_is_none(name: str, written: str) -> None:
    assert refusal(**{name: written}) == ("permit.field", name)


def test_a_permit_ends_after_it_began() -> None:
    assert refusal(end="2023-12-31") == ("permit.field", "end")
    assert terms(end="2024-01-01").end == date(2024, 1, 1)


@pytest.mark.parametrize("name", ["project", "dataset", "persons", "years", "start", "end"])
def test_what_terms_cannot_do_without(name: str) -> None:
    assert refusal(**{name: ""}) == ("permit.field", name)


@pytest.mark.parametrize(
    ("name", "written", "field"),
    [
        ("persons", '"ada"', "persons"),
        ("persons", "[]", "persons"),
        ("tables", '"T"', "tables"),
        ("tables", "{}", "tables"),
        ("tables", '{ T = "care" }', "tables.T"),
        ("engines", '"duckdb"', "engines"),
        ("tools", '"sql"', "tools"),
        ("threshold", "0", "threshold"),
        ("threshold", "-1", "threshold"),
        ("precision", '"day"', "precision"),
        ("precision", '{ care_date = "hour" }', "precision.care_date"),
        ("precision", '{ shoe_size = "none" }', "precision.shoe_size"),
        ("population", "{ shoes = [44] }", "population.shoes"),
        ("population", "{ born = [1990, 1950] }", "years"),
        ("population", '{ departments = "075" }', "population.departments"),
        ("population", '{ sexes = "12" }', "population.sexes"),
        ("population", "{ sexes = 2 }", "population.sexes"),
        ("colour", '"red"', "colour"),
    ],
)
def test_a_term_of_the_wrong_form_is_named(name: str, written: str, field: str) -> None:
    key, found = refusal(**{name: written})
    assert found == field and key in ("permit.field", "permit.unknown-field")


@pytest.mark.parametrize(
    ("name", "written"),
    [("threshold", '"many"'), ("threshold", "11.5"), ("threshold", "true"), ("population", '"all"'), ("population", '{ sexes = ["f"] }')],
)  # fmt: skip
def test_a_term_that_cannot_be_read(name: str, written: str) -> None:
    assert refusal(**{name: written})[0] == "permit.form"


def test_what_is_kept_is_read_back_as_it_was() -> None:
    given = terms(
        years='"2019-2021"',
        threshold="20",
        precision='{ care_date = "day" }',
        population='{ sexes = [2], born = "1950-1960", departments = ["02A", "075"] }',
        columns='{ U = ["A"] }',
        snapshot='"d@1"',
        engines='["duckdb", "spark"]',
    )
    assert terms_of(given.document()) == given
    assert given.population == Population((2,), (1950, 1960), ("02A", "075"))
    assert given.all_tables() == ("T", "U")
