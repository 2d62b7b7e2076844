"""From a permit's terms to the SQL that shows its rows: the one place where rows and precision are cut."""

from dataclasses import dataclass

from egide.model.permit import Population, Terms
from egide.model.query import ViewColumn, ViewTable
from egide.model.snapshot import PartRef
from egide.model.table import Column, Domain, Kind, Table
from egide.rules.permits import Shown, shown_columns

PERSON_ID = "PERSON_ID"


@dataclass(frozen=True, slots=True)
class View:
    """A table as a permit shows it: its description, the SQL over the sealed files, and the registry's columns."""

    table: ViewTable
    relation: str
    columns: tuple[Column, ...]


def wanted(terms: Terms, part: PartRef) -> bool:
    """Whether a manifest part may hold rows of this permit: a table it names, a year it grants."""
    if part.table not in terms.all_tables():
        return False
    return not part.period.isdigit() or terms.years[0] <= int(part.period) <= terms.years[1]


def view_of(
    terms: Terms, table: Table, scan: str, delivered: set[str], excluded: str, population: str | None
) -> View:
    """The view of one table. `scan` reads its sealed files, `excluded` and `population` select persons."""
    shown = [s for s in shown_columns(terms, table) if not s.hidden and s.column.name in delivered]
    listed = [f'"{PERSON_ID}"', *(_expression(s) for s in shown)]
    where = [f'"{PERSON_ID}" IS NOT NULL', f'"{PERSON_ID}" NOT IN ({excluded})']
    if population is not None:
        where.append(f'"{PERSON_ID}" IN ({population})')
    relation = f"SELECT {', '.join(listed)} FROM ({scan}) WHERE {' AND '.join(where)}"
    columns = (ViewColumn(PERSON_ID, Kind.TEXT), *(_view_column(s.column) for s in shown))
    return View(ViewTable(table.name, columns, PERSON_ID), relation, tuple(s.column for s in shown))


def population_sql(population: Population, register: str) -> str:
    """Persons of a population, by the register's own columns. Values are numbers and codes checked by the terms."""
    where = []
    if population.sexes:
        where.append(f"BEN_SEX_COD IN ({', '.join(str(int(s)) for s in population.sexes)})")
    if population.born:
        where.append(
            f"TRY_CAST(BEN_NAI_ANN AS INTEGER) BETWEEN {int(population.born[0])} AND {int(population.born[1])}"
        )
    if population.departments:
        quoted = ", ".join(f"'{d}'" for d in population.departments if d.isalnum())
        where.append(f"BEN_RES_DPT IN ({quoted or 'NULL'})")
    return f'SELECT "{PERSON_ID}" FROM ({register}) WHERE {" AND ".join(where)}'


def _view_column(column: Column) -> ViewColumn:
    kind = Kind.TEXT if column.domain not in (None, Domain.ROW) else column.kind
    return ViewColumn(column.name, kind, public=column.codes is not None)


def _expression(shown: Shown) -> str:
    """A column, cut to the precision granted: a date becomes the first day of its month or year, a year and month its
    year, an age in months (1000 and more, IR_AMA_V) that of the last birthday."""
    name = f'"{shown.column.name}"'
    if shown.level in ("month", "year") and shown.column.kind in (Kind.DATE, Kind.DATETIME):
        return f"CAST(date_trunc('{shown.level}', {name}) AS {'DATE' if shown.column.kind is Kind.DATE else 'TIMESTAMP'}) AS {name}"
    if shown.level == "year" and shown.column.kind is Kind.TEXT and shown.column.length == 6:
        return f"left({name}, 4) AS {name}"
    if shown.level == "year" and shown.column.kind is Kind.INTEGER:
        return f"CASE WHEN {name} >= 1000 THEN 1000 + ({name} - 1000) // 12 * 12 ELSE {name} END AS {name}"
    return name
