"""What the SNDS and other data models are: data files beside this one, and one typed reader.

The same description drives checking, catalogue, generator and docs. A specialist corrects a label, a width or a
code list in `data/<model>/` without touching Python; `read.py` refuses a model whose parts do not fit together.
Reading is imported where it is first needed: every command imports this package, few need a model.
"""

import re
from functools import cache

from egide.model.errors import BadInput
from egide.model.table import Column, Kind, Model, Table

__all__ = ["codes_for", "columns_for", "model_of", "models", "resolve"]

FIRST_PMSI_CENTURY = (
    90  # two-digit years: 90 to 99 are of the last century, the PMSI tables begin in the nineties
)


@cache
def models() -> tuple[str, ...]:
    """The names of the data models that the hub knows."""
    from egide.registry.read import names

    return names()


@cache
def _model(name: str) -> Model:
    from egide.registry.read import read_model

    return read_model(name)


def model_of(name: str = "snds", version: str | None = None) -> Model:
    """The data model `name`, read once. Raises BadInput when it, or the version asked for, is not known."""
    if name not in models():
        raise BadInput("registry.model", model=name, known=", ".join(models()))
    model = _model(name)
    if version is not None and version != model.version:
        raise BadInput("registry.version", model=name, version=version, known=model.version)
    return model


@cache
def _pattern(name: str) -> re.Pattern[str]:
    body = re.escape(name).replace("aa", r"(?:aa|(?P<short>\d{2}))")
    return re.compile(rf"{body}(?:_(?P<long>\d{{4}}))?", re.IGNORECASE)


def _year(short: str | None, long: str | None) -> int | None:
    if long:
        return int(long)
    if short is None:
        return None
    return int(short) + (1900 if int(short) >= FIRST_PMSI_CENTURY else 2000)


def resolve(model: Model, physical_name: str) -> tuple[Table, int | None]:
    """The table behind a delivered name, and its year when the name tells it.

    `T_MCO19B` is T_MCOaaB of 2019, `ER_PRS_F_2014` is ER_PRS_F of 2014, `IR_BEN_R` is itself.
    Raises BadInput when the model has no such table.
    """
    if found := model.tables.get(physical_name):
        return found, None
    for name, table in model.tables.items():
        if match := _pattern(name).fullmatch(physical_name):
            return table, _year(match.groupdict().get("short"), match["long"])
    raise BadInput("registry.table", model=model.name, table=physical_name)


def columns_for(table: Table, year: int | None) -> tuple[Column, ...]:
    """The columns that the table had in that year; all of them when the year is not known."""
    if year is None:
        return table.columns
    return tuple(c for c in table.columns if (c.since or year) <= year <= (c.until or year))


def canonical_code(column: Column, code: str) -> str:
    """How the column's type writes that code: an integer without leading zeros, a text as it is."""
    if column.kind is not Kind.INTEGER:
        return code
    try:
        return str(int(code))
    except ValueError as error:
        raise BadInput("registry.code", code=code, column=column.name) from error


@cache
def _codes(model: str, column: Column) -> frozenset[str]:
    return frozenset(
        canonical_code(column, code) for code in _model(model).code_lists[column.codes or ""].codes
    )


def codes_for(model: Model, column: Column, year: int | None = None) -> frozenset[str] | None:
    """The codes that the column may hold, written as its type writes them; None when nothing is to be checked.

    A list of one year says nothing of another: it is not checked outside the years that its index states,
    nor when the year is not known.
    """
    from egide.registry.read import validity

    if column.codes is None:
        return None
    since, until = validity(model.name).get(column.codes, (None, None))
    if (since or until) and (year is None or not (since or year) <= year <= (until or year)):
        return None
    return _codes(model.name, column)
