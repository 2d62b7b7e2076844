"""A researcher's question and what comes back of it: the nouns between the rules, the engine and the page."""

from dataclasses import dataclass, field
from typing import TypeAlias

from egide.model.table import Kind

Row: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column as a permit shows it. `public`: its values come from a published code list, so that naming one
    names nobody."""

    name: str
    kind: Kind
    public: bool = False


@dataclass(frozen=True, slots=True)
class ViewTable:
    """A table as a permit shows it. `person` is the column that names persons, None when the table holds none."""

    name: str
    columns: tuple[ViewColumn, ...]
    person: str | None = "PERSON_ID"

    def __post_init__(self) -> None:
        if self.person is not None and self.person not in self.names:
            raise ValueError(f"table {self.name} has no column {self.person}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one query may use. Past any of them it ends with a code, never with a partial result."""

    memory: int = 1 << 30  # bytes the engine may hold
    threads: int = 2
    seconds: float = 300.0  # of wall time
    rows: int = 100_000  # of the result
    temp: int = 0  # bytes of encrypted spill; 0: no temp folder at all

    def __post_init__(self) -> None:
        if min(self.memory, self.threads, self.rows) < 1 or self.seconds <= 0 or self.temp < 0:
            raise ValueError("a query's limits are positive")


@dataclass(frozen=True, slots=True)
class Result:
    """What an engine answered: values as Python objects (Decimal, date, str...), types as the engine names them."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)  # may hold persons' data until disclosure control has passed


@dataclass(frozen=True, slots=True)
class Answer:
    """What may be printed. `mask[i][j]` is True where the cell of row i, column j was hidden (its value is None);
    `hidden` counts the cells hidden in all, those of rows left out whole included."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)
    mask: tuple[tuple[bool, ...], ...] = field(default=(), repr=False)
    hidden: int = 0
    persons_checked: bool = False
