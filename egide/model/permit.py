"""A permit: what the authority granted and the machine enforces (DESIGN 6). Signed as a document, read as a rule."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from egide.model.errors import BadInput

FORMAT = "egide-permit/1"


class PermitState(StrEnum):
    GRANTED = "granted"
    AMENDED = "amended"  # another permit took its place
    REVOKED = "revoked"
    EXPIRED = "expired"


class ProjectState(StrEnum):
    APPLIED = "applied"
    FAVOURABLE = "favourable"
    UNFAVOURABLE = "unfavourable"
    AUTHORISED = "authorised"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class OutputState(StrEnum):
    MADE = "made"
    APPROVED = "approved"
    REFUSED = "refused"
    RELEASED = "released"


# How precise each category of potential identifier may be, from nothing to everything.
PRECISIONS: dict[str, tuple[str, ...]] = {
    "residence_commune": ("none", "commune"),
    "birth_month": ("none", "month"),
    "birth_year": ("none", "year"),
    "care_date": ("none", "year", "month", "day"),
    "death_date": ("none", "year", "month", "day"),
    "death_commune": ("none", "commune"),
}
DEFAULT_PRECISION: dict[str, str] = {
    "residence_commune": "none",
    "birth_month": "none",
    "birth_year": "year",
    "care_date": "month",
    "death_date": "month",
    "death_commune": "none",
}


@dataclass(frozen=True, slots=True)
class Population:
    """Whose rows: by what the register of persons says. Empty fields allow everybody."""

    sexes: tuple[int, ...] = ()
    born: tuple[int, int] | None = None
    departments: tuple[str, ...] = ()

    @property
    def everybody(self) -> bool:
        return not (self.sexes or self.born or self.departments)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is permitted to whom, on what, until when. Dates are inclusive."""

    project: str
    dataset: str
    purpose: str
    legal_basis: str
    persons: tuple[str, ...]
    tables: dict[str, tuple[str, ...]]  # table -> column groups
    columns: dict[str, tuple[str, ...]]  # table -> single columns beside its groups
    years: tuple[int, int]
    start: date
    end: date
    snapshot: str = ""  # full name; empty: the latest at each query
    threshold: int = 11
    engines: tuple[str, ...] = ("duckdb",)
    tools: tuple[str, ...] = ("sql",)
    precision: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_PRECISION))
    population: Population = Population()

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise BadInput("permit.field", field="end")
        if not self.persons:
            raise BadInput("permit.field", field="persons")
        if not self.tables and not self.columns:
            raise BadInput("permit.field", field="tables")
        if self.threshold < 1:
            raise BadInput("permit.field", field="threshold")
        for category, level in self.precision.items():
            if level not in PRECISIONS.get(category, ()):
                raise BadInput("permit.field", field=f"precision.{category}")

    def all_tables(self) -> tuple[str, ...]:
        return tuple(sorted({*self.tables, *self.columns}))

    def document(self) -> dict[str, object]:
        """The terms as they are signed and kept."""
        return {
            "format": FORMAT,
            "project": self.project,
            "dataset": self.dataset,
            "purpose": self.purpose,
            "legal_basis": self.legal_basis,
            "persons": list(self.persons),
            "tables": {t: list(g) for t, g in self.tables.items()},
            "columns": {t: list(c) for t, c in self.columns.items()},
            "years": list(self.years),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "snapshot": self.snapshot,
            "threshold": self.threshold,
            "engines": list(self.engines),
            "tools": list(self.tools),
            "precision": dict(self.precision),
            "population": {
                "sexes": list(self.population.sexes),
                "born": list(self.population.born or ()),
                "departments": list(self.population.departments),
            },
        }


def terms_of(document: dict[str, object], where: str = "terms") -> Terms:
    """Terms from a TOML file or a kept document. Raises BadInput naming the field that is missing or wrong."""
    try:
        given = dict(document)
        given.pop("format", None)
        population = dict(given.pop("population", {}) or {})  # type: ignore[call-overload]
        born = _years(population.pop("born", None))
        people = Population(
            tuple(int(str(s)) for s in _list(population.pop("sexes", []), "population.sexes")),
            born,
            tuple(str(d) for d in _list(population.pop("departments", []), "population.departments")),
        )
        if population:
            raise BadInput("permit.field", field=f"population.{next(iter(population))}")
        years = _years(given.pop("years"))
        if years is None:
            raise BadInput("permit.field", field="years")
        return Terms(
            project=str(given.pop("project")),
            dataset=str(given.pop("dataset")),
            purpose=str(given.pop("purpose", "")),
            legal_basis=str(given.pop("legal_basis", "")),
            persons=tuple(str(p) for p in _list(given.pop("persons"), "persons")),
            tables=_by_table(given.pop("tables", {}), "tables"),
            columns=_by_table(given.pop("columns", {}), "columns"),
            years=years,
            start=_day(given.pop("start"), "start"),
            end=_day(given.pop("end"), "end"),
            snapshot=str(given.pop("snapshot", "")),
            threshold=int(str(given.pop("threshold", 11))),
            engines=tuple(str(e) for e in _list(given.pop("engines", ["duckdb"]), "engines")),
            tools=tuple(str(t) for t in _list(given.pop("tools", ["sql"]), "tools")),
            precision={**DEFAULT_PRECISION, **_texts(given.pop("precision", {}), "precision")},
            population=people,
            **_nothing_left(given),
        )
    except KeyError as missing:
        raise BadInput("permit.field", field=str(missing.args[0])) from None
    except (ValueError, TypeError):
        raise BadInput("permit.form", where=where) from None


def _nothing_left(given: dict[str, object]) -> dict[str, str]:
    if given:
        raise BadInput("permit.unknown-field", field=sorted(given)[0][:40])
    return {}


def _years(value: object) -> tuple[int, int] | None:
    """2019, "2019-2024" or [2019, 2024]."""
    if not value:
        return None
    parts = (
        value.split("-") if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
    )
    numbers = [int(str(p)) for p in parts]
    first, last = numbers[0], numbers[-1]
    if len(numbers) > 2 or last < first:
        raise BadInput("permit.field", field="years")
    return first, last


def _day(value: object, name: str) -> date:
    try:
        if isinstance(value, datetime):  # a date with a time of day is no last day
            raise ValueError
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise BadInput("permit.field", field=name) from None


def _list(value: object, name: str) -> list[object]:
    if not isinstance(value, list | tuple):
        raise BadInput("permit.field", field=name)
    return list(value)


def _by_table(value: object, name: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise BadInput("permit.field", field=name)
    return {str(t): tuple(str(v) for v in _list(vs, f"{name}.{t}")) for t, vs in value.items()}


def _texts(value: object, name: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BadInput("permit.field", field=name)
    return {str(k): str(v) for k, v in value.items()}
