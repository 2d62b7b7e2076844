"""A dataset at one time: a signed, chained root over shared manifest parts (docs/format.md)."""

from dataclasses import dataclass

from egide import FORMAT


@dataclass(frozen=True, slots=True)
class PartRef:
    """A manifest part as the root lists it: the entries of one table and period."""

    object: str
    key_id: str
    size: int
    plain_size: int
    table: str
    period: str
    rows: int
    entries: int


@dataclass(frozen=True, slots=True)
class Root:
    """What a snapshot's root says. Rows count data only, not quarantine."""

    hub: str
    dataset: str
    sequence: int
    previous: str  # object name of the root before, empty for the first
    created: str
    model: str
    model_version: str
    deliveries: tuple[str, ...]
    exclusions: int
    parts: tuple[PartRef, ...]

    @property
    def rows(self) -> int:
        return sum(p.rows for p in self.parts)

    def document(self) -> dict[str, object]:
        """The signed document; its canonical form is what the signature covers."""
        return {
            "format": FORMAT,
            "hub": self.hub,
            "dataset": self.dataset,
            "sequence": self.sequence,
            "previous": self.previous,
            "created": self.created,
            "model": self.model,
            "model_version": self.model_version,
            "deliveries": list(self.deliveries),
            "exclusions": self.exclusions,
            "parts": [
                {
                    "object": p.object,
                    "key_id": p.key_id,
                    "size": p.size,
                    "plain_size": p.plain_size,
                    "table": p.table,
                    "period": p.period,
                    "rows": p.rows,
                    "entries": p.entries,
                }
                for p in self.parts
            ],
        }

    @classmethod
    def of(cls, document: dict[str, object]) -> "Root":
        """Raises KeyError, TypeError or ValueError when the document is not a root."""
        fields = dict(document)
        if fields.pop("format") != FORMAT:
            raise ValueError("another format")
        parts, deliveries = fields.pop("parts"), fields.pop("deliveries")
        if not isinstance(parts, list) or not isinstance(deliveries, list):
            raise TypeError("parts and deliveries are lists")
        return cls(parts=tuple(PartRef(**p) for p in parts), deliveries=tuple(deliveries), **fields)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Head:
    """Where a dataset's latest root is. Kept in the records, never at a host."""

    dataset: str
    sequence: int
    root: str
    key_id: str

    @property
    def name(self) -> str:
        """What receipts print."""
        return f"{self.dataset}@{self.sequence}:{self.root[:16]}"
