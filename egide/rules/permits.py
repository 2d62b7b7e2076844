"""May this permit be issued, may this person use it, what does it show? Pure functions over signed terms.

Rules follow the shape "check_... raises Denied with the reason".
"""

from dataclasses import dataclass
from datetime import date

from egide.model.errors import Denied
from egide.model.permit import PRECISIONS, OutputState, PermitState, Population, ProjectState, Terms
from egide.model.table import Column, Kind, Model, Table

REGISTER = "IR_BEN_R"  # populations are told by its columns
AGE = "potential_identifier:birth_month:age"  # ages in months above 1000: shown in whole years without the month
DATE_LEVELS = ("none", "year", "month", "day")
NEXT_PROJECT: dict[ProjectState, set[ProjectState]] = {
    ProjectState.APPLIED: {ProjectState.FAVOURABLE, ProjectState.UNFAVOURABLE, ProjectState.WITHDRAWN},
    ProjectState.FAVOURABLE: {ProjectState.AUTHORISED, ProjectState.REFUSED, ProjectState.WITHDRAWN},
    ProjectState.UNFAVOURABLE: {ProjectState.REFUSED, ProjectState.WITHDRAWN},
    ProjectState.AUTHORISED: set(),
    ProjectState.REFUSED: set(),
    ProjectState.WITHDRAWN: set(),
}
NEXT_PERMIT: dict[PermitState, set[PermitState]] = {
    PermitState.GRANTED: {PermitState.AMENDED, PermitState.REVOKED, PermitState.EXPIRED},
    PermitState.AMENDED: set(),
    PermitState.REVOKED: set(),
    PermitState.EXPIRED: set(),
}
NEXT_OUTPUT: dict[OutputState, set[OutputState]] = {
    OutputState.MADE: {OutputState.APPROVED, OutputState.REFUSED},
    OutputState.APPROVED: {OutputState.RELEASED, OutputState.REFUSED},
    OutputState.REFUSED: set(),
    OutputState.RELEASED: set(),
}


def check_next_project(now: str, to: ProjectState) -> None:
    if to not in NEXT_PROJECT[ProjectState(now)]:
        raise Denied("permit.project-state", now=now, to=to.value)


def check_next_permit(now: str, to: PermitState) -> None:
    if to not in NEXT_PERMIT[PermitState(now)]:
        raise Denied("permit.state", now=now, to=to.value)


def check_next_output(now: str, to: OutputState) -> None:
    if to not in NEXT_OUTPUT[OutputState(now)]:
        raise Denied("permit.output-state", now=now, to=to.value)


def check_known(terms: Terms, model: Model) -> None:
    """Every table, group and column that the terms name exists. Raises Denied naming the first that does not."""
    if not terms.population.everybody and REGISTER not in model.tables:
        raise Denied("permit.no-table", table=REGISTER)
    for name in terms.all_tables():
        table = model.tables.get(name)
        if table is None:
            raise Denied("permit.no-table", table=name)
        groups = {c.group for c in table.columns}
        for group in terms.tables.get(name, ()):
            if group not in groups and group != "*":
                raise Denied("permit.no-group", table=name, group=group)
        for column in terms.columns.get(name, ()):
            if column not in table.by_name:
                raise Denied("permit.no-column", table=name, column=column)


def check_within(terms: Terms, asked: Terms, model: Model) -> None:
    """A permit grants no more than its application asked for. Raises Denied naming what exceeds it."""
    if terms.dataset != asked.dataset:
        raise Denied("permit.exceeds", what="dataset")
    if extra := set(terms.persons) - set(asked.persons):
        raise Denied("permit.exceeds", what=f"persons: {sorted(extra)[0]}")
    for table in terms.all_tables():
        _check_table_within(model.tables[table], terms, asked)
    if terms.years[0] < asked.years[0] or terms.years[1] > asked.years[1]:
        raise Denied("permit.exceeds", what="years")
    for what, given, allowed in (
        ("engines", terms.engines, asked.engines),
        ("tools", terms.tools, asked.tools),
    ):
        if extra := set(given) - set(allowed):
            raise Denied("permit.exceeds", what=f"{what}: {sorted(extra)[0]}")
    if asked.snapshot and terms.snapshot != asked.snapshot:
        raise Denied("permit.exceeds", what="snapshot")
    if terms.threshold < asked.threshold:
        raise Denied("permit.exceeds", what="threshold")
    for category, level in terms.precision.items():
        scale = PRECISIONS[category]
        if scale.index(level) > scale.index(asked.precision[category]):
            raise Denied("permit.exceeds", what=f"precision.{category}")
    if not _within(terms.population, asked.population):
        raise Denied("permit.exceeds", what="population")
    if terms.start < asked.start:
        raise Denied("permit.exceeds", what="start")
    if terms.end > asked.end:
        raise Denied("permit.exceeds", what="end")


def _within(narrow: Population, wide: Population) -> bool:
    """Whether every person of one population is of the other. An empty field is everybody."""
    born = wide.born is None or (
        narrow.born is not None and wide.born[0] <= narrow.born[0] and narrow.born[1] <= wide.born[1]
    )
    return born and _inside(narrow.sexes, wide.sexes) and _inside(narrow.departments, wide.departments)


def _inside(narrow: tuple[object, ...], wide: tuple[object, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _check_table_within(table: Table, terms: Terms, asked: Terms) -> None:
    if table.name not in asked.all_tables():
        raise Denied("permit.exceeds", what=table.name)
    allowed = {
        shown.column.name for shown in shown_columns(asked, table) if shown.hidden != "permit.why-group"
    }
    for shown in shown_columns(terms, table):
        if shown.hidden != "permit.why-group" and shown.column.name not in allowed:
            raise Denied("permit.exceeds", what=f"{table.name}.{shown.column.name}")


def check_usable(terms: Terms, state: str, account: str, today: date, *, engine: str, tool: str) -> None:
    """May this account use this permit today? Raises Denied with the one reason that stands in the way."""
    if state != PermitState.GRANTED:
        raise Denied("permit.not-granted", state=state)
    if today < terms.start:
        raise Denied("permit.not-yet", start=terms.start.isoformat())
    if today > terms.end:
        raise Denied("permit.ended", end=terms.end.isoformat())
    if account not in terms.persons:
        raise Denied("permit.not-named", account=account)
    if engine not in terms.engines:
        raise Denied("permit.no-engine", engine=engine)
    if tool not in terms.tools:
        raise Denied("permit.no-tool", tool=tool)


@dataclass(frozen=True, slots=True)
class Shown:
    """A column as a permit shows it: as it is, coarser, or not at all and why."""

    column: Column
    level: str = ""  # precision granted to a potential identifier
    hidden: str = ""  # reason key when the permit does not show it


def shown_columns(terms: Terms, table: Table) -> list[Shown]:
    """Every column of a table with what the permit makes of it: the ground of `permit explain`."""
    groups = set(terms.tables.get(table.name, ()))
    single = set(terms.columns.get(table.name, ()))
    return [_shown(terms, c, "*" in groups or c.group in groups or c.name in single) for c in table.columns]


def _shown(terms: Terms, column: Column, granted: bool) -> Shown:
    if not granted:
        return Shown(column, hidden="permit.why-group")
    category = category_of(column)
    if category is None:
        return Shown(column)
    level = terms.precision[category]
    if AGE in column.tags:
        return Shown(column, "year" if level == "none" else "")
    return Shown(column, level, "" if _can_show(column, level) else "permit.why-precision")


def _can_show(column: Column, level: str) -> bool:
    """Whether a column can be cut to a level. Dates can; a year and month in text can lose its month; a month alone
    or a text that may hold a day cannot be cut, only hidden."""
    if level not in ("year", "month") or column.kind is not Kind.TEXT:
        return level != "none"
    finest = {4: "year", 2: "month", 6: "year"}.get(column.length or 0, "day")
    return DATE_LEVELS.index(finest) <= DATE_LEVELS.index(level)


def category_of(column: Column) -> str | None:
    """The category of potential identifier that a column falls under."""
    for tag in column.tags:
        if tag.startswith("potential_identifier:"):
            category = tag.split(":")[1]
            if category in PRECISIONS:
                return category
    return None
