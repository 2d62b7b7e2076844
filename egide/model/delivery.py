"""What a holder sends, and what the hub says of it, row for row."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from egide.model.errors import BadInput
from egide.model.table import Severity

DATE_FORMS = {
    "dd/MM/yyyy": "%d/%m/%Y",
    "yyyy-MM-dd": "%Y-%m-%d",
    "ddMMyyyy": "%d%m%Y",
    "ddMMMyyyy:HH:mm:ss": "%d%b%Y:%H:%M:%S",
    "ddMMMyyyy": "%d%b%Y",
}
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
}

RULES = {
    "columns": Severity.REFUSE,
    "encoding": Severity.REFUSE,
    "type": Severity.REFUSE,
    "width": Severity.REFUSE,
    "null-key": Severity.REFUSE,
    "duplicate-key": Severity.REFUSE,
    "blank-line": Severity.REFUSE,
    "unknown-code": Severity.FLAG,
    "after-death": Severity.FLAG,
    "reference": Severity.FLAG,
    "ambiguous-person": Severity.FLAG,
    "volume": Severity.NOTE,
    "pending-reference": Severity.NOTE,
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file writes its values: declared by the holder and verified, never guessed."""

    delimiter: str = ";"
    encoding: str = "utf-8"
    dates: str = "dd/MM/yyyy"
    null: str = ""

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or self.delimiter in '\n\r"' or not self.delimiter.isascii():
            raise BadInput("delivery.dialect", setting="delimiter", value=self.delimiter)
        if self.encoding.lower() not in ENCODINGS:
            raise BadInput("delivery.dialect", setting="encoding", value=self.encoding)
        if self.dates not in DATE_FORMS:
            raise BadInput("delivery.dialect", setting="dates", value=self.dates)

    @property
    def codec(self) -> str:
        return ENCODINGS[self.encoding.lower()]

    @property
    def date_format(self) -> str:
        return DATE_FORMS[self.dates]


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    path: str
    table: str
    sha256: str
    rows: int
    dialect: Dialect
    size: int | None = None

    def __post_init__(self) -> None:
        pure = PurePosixPath(self.path)
        if (
            pure.is_absolute()
            or ".." in pure.parts
            or "\\" in self.path
            or not pure.parts
            or "\0" in self.path
        ):
            raise BadInput("delivery.path", file=self.path)
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise BadInput("delivery.manifest-field", field="sha256", file=self.path)
        if self.rows < 0:
            raise BadInput("delivery.manifest-field", field="rows", file=self.path)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A holder's manifest, valid from birth."""

    id: str
    holder: str
    source: str
    model: str
    model_version: str
    period: str
    files: tuple[DeliveredFile, ...]
    replaces: str | None = None
    sha256: str = ""  # of the manifest itself: the delivery's fingerprint

    def __post_init__(self) -> None:
        if not self.id or len(self.id) > 120 or not all(c.isalnum() or c in "-_.:" for c in self.id):
            raise BadInput("delivery.manifest-field", field="id", file="delivery.toml")
        if not self.files:
            raise BadInput("delivery.empty")
        paths = Counter(f.path for f in self.files)
        if twice := [p for p, n in paths.items() if n > 1]:
            raise BadInput("delivery.file-twice", file=twice[0])


@dataclass(slots=True)
class TableTally:
    """Rows of one table: in = accepted + quarantined, always."""

    table: str
    rows_in: int = 0
    accepted: int = 0
    quarantined: int = 0
    flagged: int = 0
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)  # (rule, column) -> rows
    months: Counter[str] = field(default_factory=Counter)  # rows accepted by month, for the volume chart

    def balanced(self) -> bool:
        return self.rows_in == self.accepted + self.quarantined


@dataclass(slots=True)
class DeliveryReport:
    """What became of a delivery. Counts and names only: safe to send back to the holder."""

    delivery: str
    holder: str
    dataset: str
    data_class: str
    verdict: str = "accepted"  # accepted | refused | unchanged | dry-run
    tables: dict[str, TableTally] = field(default_factory=dict)
    files: list[dict[str, object]] = field(default_factory=list)
    notes: list[dict[str, object]] = field(default_factory=list)
    threshold: str = ""
    snapshot: str | None = None
    objects: int = 0
    bytes_plain: int = 0
    bytes_sealed: int = 0
    seconds: float = 0.0

    def total(self, what: str) -> int:
        return sum(getattr(t, what) for t in self.tables.values())

    def as_json(self) -> dict[str, object]:
        return {
            "delivery": self.delivery,
            "holder": self.holder,
            "dataset": self.dataset,
            "class": self.data_class,
            "verdict": self.verdict,
            "rows_in": self.total("rows_in"),
            "rows_accepted": self.total("accepted"),
            "rows_quarantined": self.total("quarantined"),
            "rows_flagged": self.total("flagged"),
            "tables": [
                {
                    "table": t.table,
                    "rows_in": t.rows_in,
                    "accepted": t.accepted,
                    "quarantined": t.quarantined,
                    "flagged": t.flagged,
                    "rules": [
                        {"rule": rule, "column": column, "severity": RULES[rule].value, "rows": n}
                        for (rule, column), n in sorted(t.rules.items())
                    ],
                    "months": dict(sorted(t.months.items())),
                }
                for t in self.tables.values()
            ],
            "files": self.files,
            "notes": self.notes,
            "threshold": self.threshold,
            "snapshot": self.snapshot,
            "objects": self.objects,
            "bytes_plain": self.bytes_plain,
            "bytes_sealed": self.bytes_sealed,
            "seconds": round(self.seconds, 2),
        }
