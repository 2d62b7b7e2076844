"""What we hold, since when, from whom, and what may be said of it."""

import json
from pathlib import Path
from typing import Any

from egide.journey.access import model_of_dataset
from egide.model.catalogue import ColumnEntry, DatasetEntry, HolderEntry, TableEntry
from egide.model.errors import Denied
from egide.model.records import DatasetRow, DeliveryRow, HolderRow, ProfileRow, SnapshotRow
from egide.model.table import CodeList
from egide.stages.catalogue.entries import dataset_entry, table_entry
from egide.stages.catalogue.search import Hit, Index, topics
from egide.wiring import Hub

Told = dict[str, object]


def holders(hub: Hub) -> list[HolderEntry]:
    sets = hub.records.where(DatasetRow)
    return [
        HolderEntry(h.name, h.name, h.domain, tuple(d.id for d in sets if d.holder == h.name))
        for h in hub.records.where(HolderRow)
    ]


def datasets(hub: Hub) -> list[DatasetEntry]:
    return [_dataset(hub, row) for row in hub.records.where(DatasetRow)]


def code_lists(hub: Hub) -> list[CodeList]:
    models = {d.model: model_of_dataset(hub, d.id) for d in hub.records.where(DatasetRow)}
    return [codes for model in models.values() for codes in model.code_lists.values()]


def _dataset(hub: Hub, row: DatasetRow) -> DatasetEntry:
    model = model_of_dataset(hub, row.id)
    flagged = _flagged(hub, row.id)
    tables = [
        table_entry(
            model.tables[p.table],
            p.rows,
            _mapping(p.profile["periods"]),
            _mapping(p.profile["columns"]),
            flagged.get(p.table, 0),
        )
        for p in hub.records.where(ProfileRow, dataset=row.id)
    ]
    return dataset_entry(row, tables, hub.records.where(SnapshotRow, dataset=row.id))


def _mapping(kept: object) -> dict[str, Any]:
    assert isinstance(kept, dict)
    return kept


def _flagged(hub: Hub, dataset: str) -> dict[str, int]:
    """Flagged rows by table over the deliveries in force."""
    found: dict[str, int] = {}
    for delivery in hub.records.where(DeliveryRow, dataset=dataset, verdict="accepted"):
        tables = delivery.report["tables"]
        assert isinstance(tables, list)
        for table in tables:
            found[table["table"]] = found.get(table["table"], 0) + int(table["flagged"])
    return found


def catalogue_list(hub: Hub) -> list[Told]:
    return [
        {
            "dataset": d.id,
            "holder": d.holder,
            "class": d.data_class.value,
            "model": f"{d.model} {d.model_version}",
            "period": list(d.period or ()),
            "rows": d.rows,
            "tables": len(d.tables),
            "snapshots": len(d.snapshots),
        }
        for d in datasets(hub)
    ]


def catalogue_show(hub: Hub, name: str) -> Told:
    """A dataset, `dataset/table` or `dataset/table/column`. Raises Denied when there is none of that name."""
    parts = name.split("/")
    found = next((d for d in datasets(hub) if d.id == parts[0]), None)
    if found is None or len(parts) > 3:
        raise Denied("hub.nothing-here", name=name)
    try:
        if len(parts) == 1:
            return _told_dataset(found)
        table = found.table(parts[1])
        return _told_table(found, table) if len(parts) == 2 else _told_column(table.column(parts[2]))
    except KeyError:
        raise Denied("hub.nothing-here", name=name) from None


def _told_dataset(entry: DatasetEntry) -> Told:
    return {
        "dataset": entry.id,
        "holder": entry.holder,
        "class": entry.data_class.value,
        "model": entry.model,
        "model_version": entry.model_version,
        "period": list(entry.period or ()),
        "snapshots": [
            {"snapshot": s.id, "day": s.day.isoformat(), "delivery": s.delivery} for s in entry.snapshots
        ],
        "tables": [
            {
                "table": t.name,
                "label_fr": t.label_fr,
                "label_en": t.label_en,
                "rows": t.rows,
                "columns": len(t.columns),
            }
            for t in entry.tables
        ],
    }


def _told_table(dataset: DatasetEntry, entry: TableEntry) -> Told:
    return {
        "dataset": dataset.id,
        "table": entry.name,
        "label_fr": entry.label_fr,
        "label_en": entry.label_en,
        "rows": entry.rows,
        "flagged": entry.flagged,
        "key": list(entry.key),
        "periods": entry.periods,
        "columns": [_told_column(c) for c in entry.columns],
    }


def _told_column(entry: ColumnEntry) -> Told:
    return {
        "column": entry.name,
        "label_fr": entry.label_fr,
        "label_en": entry.label_en,
        "kind": entry.kind,
        "group": entry.group,
        "tags": list(entry.tags),
        "codes": entry.codes,
        "identifies": entry.identifies,
        "profile": entry.profile.to_json() if entry.profile else None,
    }


def catalogue_search(hub: Hub, text: str, lang: str) -> list[Told]:
    """What answers the words, in either language, accents and typos forgiven."""
    return [_told_hit(h, lang) for h in search_index(hub).search(text, lang)]


def search_index(hub: Hub) -> Index:
    return Index(topics(holders(hub), datasets(hub), code_lists(hub)))


def _told_hit(hit: Hit, lang: str) -> Told:
    return {
        "kind": hit.topic.kind,
        "path": hit.topic.path,
        "name": hit.topic.name,
        "label": hit.topic.label(lang),
    }


def catalogue_export(hub: Hub, to: Path) -> Told:
    """The whole catalogue as one JSON file. Counts are rounded, small ones absent: it may be published."""
    document = {
        "hub": hub.row.name,
        "datasets": [
            {**_told_dataset(d), "tables": [_told_table(d, t) for t in d.tables]} for d in datasets(hub)
        ],
    }
    to.write_text(json.dumps(document, ensure_ascii=False, indent=1), "utf-8")
    return {"file": to.name, "datasets": len(document["datasets"])}
