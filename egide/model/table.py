"""What a table of a data model is: the one description that drives checks, catalogue, generator and docs."""

from dataclasses import dataclass
from enum import StrEnum


class DataClass(StrEnum):
    """How guarded a dataset must be (DESIGN 1)."""

    C0 = "C0"  # synthetic or public
    C1 = "C1"  # anonymous
    C2 = "C2"  # pseudonymised health data
    C3 = "C3"  # SNDS, and whatever article 31 of the SREN law covers


class Kind(StrEnum):
    """Canonical types. Codes with leading zeros are TEXT whatever a source's schema says."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"


class Domain(StrEnum):
    """Who an identifier names. Equal values in one domain stay equal after pseudonymisation (DESIGN 5)."""

    PSA = "psa"  # BEN_NIR_PSA = NIR_ANO_17: changes in life, one in ten is shared
    ANO = "ano"  # BEN_NIR_ANO: stable once known
    IDT = "idt"  # BEN_IDT_ANO: ANO when known, else PSA and rank
    PROVIDER = "provider"  # health professionals
    ROW = "row"  # technical row keys: kept as they are inside, re-keyed per permit
    STAGE1 = "stage1"  # a pseudonym made at a holder outside the SNDS, within its linkage domain
    NIR = "nir"  # a social security number: allowed at a holder's, never in the hub


class Severity(StrEnum):
    REFUSE = "refuse"  # the row goes to quarantine
    FLAG = "flag"  # kept, marked, counted
    NOTE = "note"  # said in the report


@dataclass(frozen=True, slots=True)
class Column:
    """One column: canonical type, allowed codes, whom it may identify, and how it is called in two languages."""

    name: str
    kind: Kind
    length: int | None = None  # most characters of a TEXT
    precision: int | None = None  # digits of a DECIMAL
    scale: int | None = None  # digits after the point of a DECIMAL
    codes: str | None = None  # name of its code list
    domain: Domain | None = None
    tags: tuple[str, ...] = ()  # potential_identifier:..., pseudonym, medical, facility_id, dcir_key
    group: str = "base"  # column group: what a permit opens together
    nullable: bool = True
    date_format: str | None = None  # strptime form when it differs from the dialect's (PMSI)
    holder_name: str | None = (
        None  # what the column is called at the holder, before stage 1 replaced its NIRs
    )
    since: int | None = None
    until: int | None = None
    label_fr: str = ""
    label_en: str = ""

    def label(self, lang: str) -> str:
        return (self.label_en if lang == "en" else self.label_fr) or self.label_fr or self.name


@dataclass(frozen=True, slots=True)
class Reference:
    """These columns point at a key of another table; severity FLAG, pending while that table is not delivered."""

    columns: tuple[str, ...]
    table: str
    table_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonRule:
    """Where a table's PERSON_ID comes from.

    `identity`: the table itself says who is who (IR_BEN_R).
    `psa`: by pseudonym and rank (`columns` = (psa,) or (psa, rank)).
    `stage1`: by the pseudonym a holder made. `idt`: by BEN_IDT_ANO. `through`: by joining `columns` to `table`. `none`: not about persons.
    """

    by: str
    columns: tuple[str, ...] = ()
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    product: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]  # unique and not null; empty when the rows have no key of their own
    person: PersonRule
    period: str | None = None  # the column whose year is the row's period; None: a register, refreshed whole
    date: str | None = None  # the column that orders a person's rows
    references: tuple[Reference, ...] = ()
    data_class: DataClass = DataClass.C3
    since: int | None = None
    until: int | None = None
    label_fr: str = ""
    label_en: str = ""

    def column(self, name: str) -> Column:
        return self.by_name[name]

    @property
    def by_name(self) -> dict[str, Column]:
        return {c.name: c for c in self.columns}

    def label(self, lang: str) -> str:
        return (self.label_en if lang == "en" else self.label_fr) or self.label_fr or self.name


@dataclass(frozen=True, slots=True)
class CodeList:
    """The values a coded column may hold, with labels where the licence lets us ship them."""

    name: str
    codes: frozenset[str]
    labels_fr: dict[str, str]
    licence: str
    source: str


@dataclass(frozen=True, slots=True)
class Model:
    """A data model in one version: its tables and code lists."""

    name: str
    version: str
    tables: dict[str, Table]
    code_lists: dict[str, CodeList]
