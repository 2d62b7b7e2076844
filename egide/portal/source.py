"""What the pages ask of the hub: a small protocol, so that they neither open data nor know where it is kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from egide.model.catalogue import DatasetEntry, HolderEntry, TableEntry
from egide.model.table import CodeList


@dataclass(frozen=True, slots=True)
class LeafView:
    """A line of the ledger as anybody may read it."""

    index: int
    kind: str
    at: str  # ISO, UTC


@dataclass(frozen=True, slots=True)
class LedgerView:
    size: int
    root: str  # hex
    verified: bool | None  # None: not verified since it changed
    checkpoint: str = ""  # the signed note
    witnessed: int | None = None  # size that the witness cosigned
    kinds: Mapping[str, int] = field(default_factory=dict)
    latest: Sequence[LeafView] = ()  # newest first


@dataclass(frozen=True, slots=True)
class SignedView:
    """Something a named account signed: an opinion, an authorisation, a review."""

    by: str
    decision: str
    at: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PermitView:
    id: str
    project: str
    state: str
    purpose: str
    legal_basis: str
    persons: Sequence[str]
    tables: Mapping[str, Sequence[str]]  # table -> column groups
    years: str
    threshold: int
    snapshot: str
    start: str
    end: str
    authorisation: SignedView | None = None


@dataclass(frozen=True, slots=True)
class ProjectView:
    id: str
    title: str
    applicant: str
    state: str
    data_class: str
    purpose: str = ""
    opinions: Sequence[SignedView] = ()
    permits: Sequence[str] = ()


class Pages(Protocol):
    """The hub as its pages see it. Nothing here is a row about a person."""

    def holders(self) -> Sequence[HolderEntry]: ...
    def datasets(self) -> Sequence[DatasetEntry]: ...
    def table(self, dataset: str, name: str) -> TableEntry:
        """With the profile of each column. Raises KeyError when there is none of that name."""
        ...

    def code_lists(self) -> Iterable[CodeList]: ...
    def deliveries(self) -> Sequence[Mapping[str, object]]:
        """Delivery reports (`DeliveryReport.as_json`), newest first."""
        ...

    def projects(self) -> Sequence[ProjectView]: ...
    def permits(self) -> Sequence[PermitView]: ...
    def ledger(self) -> LedgerView: ...
    def report(self) -> Mapping[str, object] | None:
        """The figures of the demo, when there was one (`egide.portal.reports.DemoFigures`)."""
        ...
