"""What the pages ask of the hub: a small protocol, so that they neither open data nor know where it is kept."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from egide.model.catalogue import DatasetEntry, HolderEntry, TableEntry
from egide.model.pages import LeafView, LedgerView, PermitView, ProjectView, SignedView
from egide.model.table import CodeList

__all__ = ["LeafView", "LedgerView", "Pages", "PermitView", "ProjectView", "SignedView"]


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

    def close(self) -> None:
        """Gives back what this thread holds. Called once a connection is answered."""
        ...
