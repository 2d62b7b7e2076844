"""Whether the parts of a data model fit together: what is named exists, and types make sense."""

from collections import Counter
from collections.abc import Iterable

from egide.model.errors import BadInput
from egide.model.table import Column, Domain, Kind, Model, Table

PERSON_RULES = {"identity", "psa", "stage1", "idt", "through", "none"}


def check_fits(model: Model) -> None:
    """Raises BadInput naming the file and the column of the first part that does not fit."""
    for table in model.tables.values():
        _check_columns(table, model)
        _check_names(table, "key", table.key)
        _check_names(table, "period", [table.period] if table.period else [])
        _check_names(table, "date", [table.date] if table.date else [])
        _check_person(table, model)
        for reference in table.references:
            _check_link(
                table, model, "reference", reference.columns, reference.table, reference.table_columns
            )


def _fault(table: Table, column: str, part: str) -> BadInput:
    return BadInput("registry.misfit", file=f"{table.name}.json", column=column, part=part)


def _check_names(table: Table, part: str, names: Iterable[str]) -> None:
    for name in names:
        if name not in table.by_name:
            raise _fault(table, name, part)
    if part == "key":
        for name in names:
            if table.column(name).nullable:
                raise _fault(table, name, "nullable key")


def _check_columns(table: Table, model: Model) -> None:
    for name, times in Counter(c.name for c in table.columns).items():
        if times > 1:
            raise _fault(table, name, "twice")
    for column in table.columns:
        if part := _misshapen(column, model):
            raise _fault(table, column.name, part)


def _misshapen(column: Column, model: Model) -> str:
    if column.kind is Kind.TEXT and not column.length:
        return "length"
    if column.kind is Kind.DECIMAL and (column.precision is None or column.scale is None):
        return "precision and scale"
    if column.kind is Kind.DATETIME and column.date_format is None:
        return "date_format"
    if column.codes is not None and column.codes not in model.code_lists:
        return f"codes {column.codes}"
    if column.codes is not None and column.kind not in (Kind.TEXT, Kind.INTEGER):
        return "kind of a coded column"
    if column.domain in (Domain.PSA, Domain.ANO, Domain.IDT, Domain.STAGE1) and column.kind is not Kind.TEXT:
        return "kind of a pseudonym"
    return ""


def _check_person(table: Table, model: Model) -> None:
    rule = table.person
    if rule.by not in PERSON_RULES:
        raise _fault(table, "-", f"person rule {rule.by}")
    if rule.by == "through":
        target = model.tables.get(rule.table or "")
        _check_link(table, model, "person", rule.columns, rule.table or "", target.key if target else ())
    _check_names(table, "person", rule.columns)


def _check_link(
    table: Table, model: Model, part: str, columns: tuple[str, ...], to: str, to_columns: tuple[str, ...]
) -> None:
    _check_names(table, part, columns)
    target = model.tables.get(to)
    if target is None:
        raise _fault(table, to, f"{part} to a table of this model")
    if len(columns) != len(to_columns):
        raise _fault(table, to, f"{part} with as many columns on both sides")
    for here, there in zip(columns, to_columns, strict=True):
        if there not in target.by_name or target.column(there).kind is not table.column(here).kind:
            raise _fault(table, f"{to}.{there}", part)
