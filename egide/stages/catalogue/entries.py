"""Entries of the catalogue from the registry's descriptions and the hub's records, every count under the rule."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from egide.model.catalogue import ColumnEntry, ColumnProfile, DatasetEntry, SnapshotEntry, TableEntry
from egide.model.records import DatasetRow, SnapshotRow
from egide.model.table import DataClass, Table
from egide.rules.counts import rounded


def table_entry(
    table: Table,
    rows: int,
    periods: Mapping[str, int],
    profiles: Mapping[str, Mapping[str, Any]],
    flagged: int | None = None,
) -> TableEntry:
    """A table as the catalogue shows it, with the columns that were delivered. Counts come in exact and stand in the
    entry rounded."""
    columns = (
        ColumnEntry(
            name=column.name,
            label_fr=column.label("fr"),
            label_en=column.label("en"),
            kind=column.kind.value,
            group=column.group,
            tags=column.tags,
            codes=column.codes,
            identifies=column.domain.value if column.domain else None,
            profile=ColumnProfile.from_json(profiles[column.name]),
        )
        for column in table.columns
        if column.name in profiles
    )
    return TableEntry(
        name=table.name,
        product=table.product,
        label_fr=table.label("fr"),
        label_en=table.label("en"),
        columns=tuple(columns),
        key=table.key,
        rows=rounded(rows),
        periods={period: rounded(n) for period, n in sorted(periods.items())},
        flagged=None if flagged is None else rounded(flagged),
    )


def dataset_entry(
    row: DatasetRow, tables: Iterable[TableEntry], snapshots: Iterable[SnapshotRow]
) -> DatasetEntry:
    """A dataset with its snapshots, oldest first."""
    seen = tuple(
        SnapshotEntry(f"{s.dataset}@{s.sequence}", date.fromisoformat(s.created[:10]), s.delivery)
        for s in sorted(snapshots, key=lambda s: s.sequence)
    )
    return DatasetEntry(
        id=row.id,
        holder=row.holder,
        data_class=DataClass(row.data_class),
        model=row.model,
        model_version=row.model_version,
        tables=tuple(tables),
        snapshots=seen,
        since=seen[0].day if seen else None,
    )
