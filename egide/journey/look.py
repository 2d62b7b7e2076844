"""What the hub says of itself: state, quarantine, projects, permits, outputs, accounts. Nothing here shows a value."""

import io
from pathlib import Path

import pyarrow.parquet as pq

from egide.crypto.age import encrypt_to
from egide.journey.access import model_of_dataset, permit_named, project_named
from egide.journey.known import head_of, open_part, read_dataset
from egide.journey.out import output_named
from egide.journey.publish import exclusion_version
from egide.journey.record import recorded
from egide.model.errors import Denied
from egide.model.event import EventKind
from egide.model.messages import say
from egide.model.permit import terms_of
from egide.model.records import (
    AccountRow,
    ActRow,
    DatasetRow,
    DeliveryRow,
    HolderRow,
    KeyRow,
    OutputRow,
    PermitRow,
    ProfileRow,
    ProjectRow,
    SnapshotRow,
)
from egide.model.sealed import Entry, Role
from egide.rules.permits import shown_columns
from egide.wiring import Hub

Told = dict[str, object]


def status(hub: Hub) -> Told:
    """One line for each thing the hub keeps."""
    return {
        "hub": hub.id,
        "name": hub.row.name,
        "created": hub.row.created,
        "holders": hub.records.count(HolderRow),
        "datasets": hub.records.count(DatasetRow),
        "deliveries": hub.records.count(DeliveryRow),
        "snapshots": hub.records.count(SnapshotRow),
        "objects": sum(1 for _ in hub.store.names()),
        "keys": hub.records.count(KeyRow),
        "projects": hub.records.count(ProjectRow),
        "permits": hub.records.count(PermitRow, state="granted"),
        "outputs": hub.records.count(OutputRow),
        "exclusions": exclusion_version(hub),
        "ledger_size": hub.records.ledger.size(),
    }


def account_list(hub: Hub) -> list[Told]:
    return [
        {
            "name": a.name,
            "roles": list(a.roles),
            "enrolled": a.enrolled,
            "revoked": a.revoked,
            "key": a.public_key,
        }
        for a in hub.records.where(AccountRow)
    ]


def holder_list(hub: Hub) -> list[Told]:
    return [
        {"name": h.name, "domain": h.domain, "threshold": h.threshold, "key": h.public_key}
        for h in hub.records.where(HolderRow)
    ]


def key_list(hub: Hub) -> list[Told]:
    """What the keyring holds, by name only."""
    return [{"name": name} for name in hub.keys.names()]


def delivery_named(hub: Hub, delivery: str) -> DeliveryRow:
    found = hub.records.where(DeliveryRow, id=delivery)
    if not found:
        raise Denied("hub.nothing-here", name=delivery)
    return found[0]


def quarantine_list(hub: Hub, delivery: str | None = None) -> list[Told]:
    """Refused rows by delivery, table, rule and column."""
    rows = [delivery_named(hub, delivery)] if delivery else hub.records.where(DeliveryRow)
    told: list[Told] = []
    for row in rows:
        tables = row.report["tables"]
        assert isinstance(tables, list)
        for table in tables:
            told += [
                {
                    "delivery": row.id,
                    "table": table["table"],
                    "rule": r["rule"],
                    "column": r["column"],
                    "rows": r["rows"],
                }
                for r in table["rules"]
                if r["severity"] == "refuse"
            ]
    return told


def quarantine_show(hub: Hub, delivery: str, *, table: str | None = None, limit: int = 100) -> list[Told]:
    """Refused rows with file, line, column, rule and the class of the value: never the value."""
    told: list[Told] = []
    for entry, dataset in _quarantined(hub, delivery, table):
        with open_part(hub, dataset, entry) as file:
            rows = pq.read_table(file, columns=["file", "line", "column", "rule", "value_class", "also"])
        told += [{"table": entry.table, **row} for row in rows.to_pylist()]
    return sorted(told, key=lambda r: (str(r["file"]), r["line"]))[:limit]


def quarantine_export(hub: Hub, delivery: str, *, to: Path, recipient: str) -> Told:
    """The refused rows, whole, in one Parquet file encrypted to the holder (age), so that they can be mended."""
    entries = list(_quarantined(hub, delivery, None))
    rows = 0
    to.parent.mkdir(parents=True, exist_ok=True)
    sink = io.BytesIO()
    writer = None
    for entry, dataset in entries:
        with open_part(hub, dataset, entry) as file:
            table = pq.read_table(file)
        writer = writer or pq.ParquetWriter(sink, table.schema)
        writer.write_table(table)
        rows += table.num_rows
    if writer is None:
        raise Denied("hub.nothing-here", name=delivery)
    writer.close()
    sink.seek(0)
    with to.open("xb") as target:
        encrypt_to(recipient, sink, target)
    with recorded(hub, EventKind.RECORDS_CHANGED, what="quarantine exported", delivery=delivery, rows=rows):
        pass
    return {"delivery": delivery, "rows": rows, "file": to.name}


def _quarantined(hub: Hub, delivery: str, table: str | None) -> list[tuple[Entry, str]]:
    row = delivery_named(hub, delivery)
    head = head_of(hub, row.dataset, row.sequence)
    assert head is not None
    _, entries = read_dataset(hub, head)
    return [
        (e, row.dataset)
        for e in entries
        if e.role is Role.QUARANTINE and e.delivery == delivery and table in (None, e.table)
    ]


def project_list(hub: Hub) -> list[Told]:
    return [
        {"id": p.id, "title": p.title, "applicant": p.applicant, "status": p.status}
        for p in hub.records.where(ProjectRow)
    ]


def project_show(hub: Hub, project: str) -> Told:
    row = project_named(hub, project)
    acts = hub.records.where(ActRow, about=project)
    permits = hub.records.where(PermitRow, project=project)
    return {
        "id": row.id,
        "title": row.title,
        "applicant": row.applicant,
        "status": row.status,
        "application": row.application,
        "sha256": row.sha256,
        "acts": [{"kind": a.kind, "account": a.account, "decision": a.decision, "at": a.at} for a in acts],
        "permits": [{"id": p.id, "state": p.state} for p in permits],
    }


def permit_show(hub: Hub, permit: str) -> Told:
    row = permit_named(hub, permit)
    return {
        "id": row.id,
        "project": row.project,
        "state": row.state,
        "issued": row.issued,
        "previous": row.previous,
        "terms": row.terms,
        "signature": row.signature,
    }


def permit_explain(hub: Hub, permit: str) -> Told:
    """Why a column or a person's rows are absent: for each table, what is shown, coarser, re-keyed or hidden, and why."""
    row = permit_named(hub, permit)
    terms = terms_of(row.terms)
    model = model_of_dataset(hub, terms.dataset)
    tables = []
    for name in terms.all_tables():
        profile = hub.records.get(ProfileRow, terms.dataset, name)
        delivered = set(profile.profile["columns"]) if profile else set()  # type: ignore[call-overload]
        tables.append(
            {
                "table": name,
                "columns": [_explained(s, delivered) for s in shown_columns(terms, model.tables[name])],
            }
        )
    first, last = terms.years
    rows = [
        say("permit.rows-years", first=first, last=last),
        say("permit.rows-excluded", version=exclusion_version(hub)),
    ]
    rows += [say("permit.rows-unknown"), say("permit.cells-small", threshold=terms.threshold)]
    if not terms.population.everybody:
        rows.append(say("permit.rows-population"))
    return {
        "permit": permit,
        "state": row.state,
        "tables": tables,
        "rows": rows,
        "end": terms.end.isoformat(),
    }


def _explained(shown: object, delivered: set[str]) -> Told:
    from egide.rules.permits import Shown

    assert isinstance(shown, Shown)
    column = shown.column
    if shown.hidden:
        return {"column": column.name, "shown": False, "why": say(shown.hidden)}
    if column.name not in delivered:
        return {"column": column.name, "shown": False, "why": say("permit.why-absent")}
    if column.domain is not None:
        return {"column": column.name, "shown": True, "why": say("permit.why-pseudonym")}
    if shown.level and shown.level not in ("day", "commune"):
        return {"column": column.name, "shown": True, "why": say("permit.why-coarse", level=shown.level)}
    return {"column": column.name, "shown": True, "why": ""}


def output_list(hub: Hub) -> list[Told]:
    return [_output(row) for row in hub.records.where(OutputRow)]


def output_show(hub: Hub, output: str) -> Told:
    """An output's findings and reviews; its content is for its reviewers (`content_of`)."""
    acts = hub.records.where(ActRow, about=output)
    told = _output(output_named(hub, output))
    return {**told, "reviews": [{"account": a.account, "decision": a.decision, "at": a.at} for a in acts]}


def _output(row: OutputRow) -> Told:
    return {
        "id": row.id,
        "permit": row.permit,
        "author": row.author,
        "created": row.created,
        "status": row.status,
        "sha256": row.sha256,
        "snapshot": row.snapshot,
        "exclusions": row.exclusions,
        "findings": row.findings,
    }
