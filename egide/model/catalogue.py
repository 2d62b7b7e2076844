"""What the catalogue lists: holders, datasets, tables, columns, and what may be said of a column's values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from egide.model.table import DataClass


class Shape(StrEnum):
    """How a column is described."""

    IDENTIFIER = "identifier"  # only whether it is filled
    CODES = "codes"  # its frequent values
    NUMBER = "number"  # a histogram and quantiles
    DATE = "date"  # a histogram by month or longer
    MANY = "many"  # more values than a list can show


@dataclass(frozen=True, slots=True)
class ValueCount:
    """A frequent value. Rows are rounded and never below the small-count threshold."""

    code: str
    rows: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose value is at least `start` and below `end`; the outer bins are open (None)."""

    start: str | None
    end: str | None
    rows: int
    share: float | None


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What may be said of a column under the small-count rule (egide.rules.counts): rounded, without extremes."""

    column: str
    shape: Shape
    rows: int | None  # None: too few to say
    missing: float | None  # share; 0.0 stands for ten rows or fewer, 1.0 for all but ten or fewer
    distinct: int | None = None  # to two significant digits; only values that enough persons share
    values: tuple[ValueCount, ...] = ()
    others: int | None = None  # rows with any other value
    bins: tuple[Bin, ...] = ()
    quantiles: dict[str, str] = field(
        default_factory=dict
    )  # "p50" -> two significant digits, or year and month
    filler: int | None = None  # rows whose date stands for "none" (before 1800)

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "ColumnProfile":
        """What `to_json` wrote, read back. Raises TypeError or ValueError when it is not that."""
        values = tuple(ValueCount(**v) for v in found["values"])
        bins = tuple(Bin(**b) for b in found["bins"])
        return cls(**{**found, "shape": Shape(found["shape"]), "values": values, "bins": bins})


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    name: str
    label_fr: str
    label_en: str
    kind: str
    group: str
    tags: tuple[str, ...] = ()
    codes: str | None = None  # name of its code list
    identifies: str | None = None  # domain of the identifier, if it is one
    profile: ColumnProfile | None = None

    def label(self, lang: str) -> str:
        return self.label_en if lang == "en" else self.label_fr


@dataclass(frozen=True, slots=True)
class TableEntry:
    name: str
    product: str
    label_fr: str
    label_en: str
    columns: tuple[ColumnEntry, ...]
    key: tuple[str, ...] = ()
    rows: int | None = None  # rounded
    periods: dict[str, int | None] = field(default_factory=dict)  # period -> rows, rounded
    flagged: int | None = None

    def label(self, lang: str) -> str:
        return self.label_en if lang == "en" else self.label_fr

    def column(self, name: str) -> ColumnEntry:
        return {c.name: c for c in self.columns}[name]


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    id: str
    day: date
    delivery: str


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    id: str
    holder: str
    data_class: DataClass
    model: str
    model_version: str
    tables: tuple[TableEntry, ...]
    snapshots: tuple[SnapshotEntry, ...] = ()  # oldest first
    since: date | None = None

    @property
    def rows(self) -> int:
        return sum(t.rows or 0 for t in self.tables)

    @property
    def period(self) -> tuple[str, str] | None:
        """First and last year delivered, registers apart."""
        years = sorted({p for t in self.tables for p in t.periods if p.isdigit()})
        return (years[0], years[-1]) if years else None

    def table(self, name: str) -> TableEntry:
        return {t.name: t for t in self.tables}[name]


@dataclass(frozen=True, slots=True)
class HolderEntry:
    id: str
    name: str
    domain: str  # linkage domain
    datasets: tuple[str, ...] = ()
