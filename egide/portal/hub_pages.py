"""The hub as its pages see it: the Pages protocol over records and catalogue. No row about a person."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from egide.journey import catalogue
from egide.journey.record import verify_ledger
from egide.model.act import ActKind
from egide.model.catalogue import DatasetEntry, HolderEntry, TableEntry
from egide.model.event import Leaf
from egide.model.permit import terms_of
from egide.model.records import ActRow, DatasetRow, DeliveryRow, PermitRow, ProjectRow
from egide.model.table import CodeList
from egide.portal.source import LeafView, LedgerView, PermitView, ProjectView, SignedView
from egide.stages.ledger import LedgerReport
from egide.wiring import Hub

LATEST = 50
REPORT = "demo.json"


class HubPages:
    """See egide.portal.source.Pages. The catalogue is read once for each state of the ledger."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._read: tuple[int, list[DatasetEntry]] | None = None

    def holders(self) -> Sequence[HolderEntry]:
        return catalogue.holders(self._hub)

    def datasets(self) -> Sequence[DatasetEntry]:
        size = self._hub.records.ledger.size()
        if self._read is None or self._read[0] != size:
            self._read = size, catalogue.datasets(self._hub)
        return self._read[1]

    def table(self, dataset: str, name: str) -> TableEntry:
        return {d.id: d for d in self.datasets()}[dataset].table(name)

    def code_lists(self) -> Iterable[CodeList]:
        return catalogue.code_lists(self._hub)

    def deliveries(self) -> Sequence[Mapping[str, object]]:
        rows = sorted(self._hub.records.where(DeliveryRow), key=lambda r: r.received, reverse=True)
        return [row.report for row in rows]

    def projects(self) -> Sequence[ProjectView]:
        return [self._project(row) for row in self._hub.records.where(ProjectRow)]

    def _project(self, row: ProjectRow) -> ProjectView:
        acts = self._hub.records.where(ActRow, about=row.id, kind=ActKind.OPINION.value)
        permits = self._hub.records.where(PermitRow, project=row.id)
        dataset = self._hub.records.get(DatasetRow, str(row.application["dataset"]))
        return ProjectView(
            row.id,
            row.title,
            row.applicant,
            row.status,
            dataset.data_class if dataset else "",
            str(row.application.get("purpose", "")),
            [_signed(a) for a in acts],
            [p.id for p in permits],
        )

    def permits(self) -> Sequence[PermitView]:
        return [self._permit(row) for row in self._hub.records.where(PermitRow)]

    def _permit(self, row: PermitRow) -> PermitView:
        terms = terms_of(row.terms)
        acts = self._hub.records.where(ActRow, about=row.project, kind=ActKind.AUTHORISATION.value)
        tables = {t: [*terms.tables.get(t, ()), *terms.columns.get(t, ())] for t in terms.all_tables()}
        return PermitView(
            id=row.id,
            project=row.project,
            state=row.state,
            purpose=terms.purpose,
            legal_basis=terms.legal_basis,
            persons=terms.persons,
            tables=tables,
            years=f"{terms.years[0]}-{terms.years[1]}",
            threshold=terms.threshold,
            snapshot=terms.snapshot,
            start=terms.start.isoformat(),
            end=terms.end.isoformat(),
            authorisation=_signed(acts[-1]) if acts else None,
        )

    def ledger(self) -> LedgerView:
        store = self._hub.records.ledger
        size = store.size()
        leaves = [(index, Leaf.parse(leaf)) for index, leaf in store.leaves(0, size)]
        kinds: dict[str, int] = {}
        for _, leaf in leaves:
            kinds[leaf.kind.value] = kinds.get(leaf.kind.value, 0) + 1
        latest = [LeafView(index, leaf.kind.value, leaf.at) for index, leaf in reversed(leaves[-LATEST:])]
        report = self._verified
        note = store.last_checkpoint()
        return LedgerView(
            size=size,
            root=report.root.hex(),
            verified=report.sound if report.size == size else None,
            checkpoint=note.decode() if note else "",
            kinds=kinds,
            latest=latest,
        )

    @cached_property
    def _verified(self) -> LedgerReport:
        return verify_ledger(self._hub)

    def report(self) -> Mapping[str, object] | None:
        path = self._hub.home / REPORT
        return json.loads(path.read_text("utf-8")) if path.is_file() else None

    def close(self) -> None:
        self._hub.records.close()


def _signed(act: ActRow) -> SignedView:
    reason = act.signed["act"]
    assert isinstance(reason, dict)
    return SignedView(act.account, act.decision, act.at, str(reason["reason"]))
