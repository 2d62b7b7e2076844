"""From stored objects to a snapshot: manifest parts, signed root, and one transaction that makes it true.

The order is the promise: objects first, then the parts that list them, then the root, and last the head, with the
keys, the report, the profile and the ledger's events in one transaction. A crash before it leaves orphans that
nobody can open; a crash after it leaves a delivery that is whole.
"""

from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from egide.crypto.key import Key
from egide.journey import exclusions, identity
from egide.journey.exclusions import exclusion_version
from egide.journey.known import head_of, open_part, read_dataset
from egide.journey.record import note, recorded, signer
from egide.model.crash import CrashPoint
from egide.model.delivery import Delivery
from egide.model.errors import Denied
from egide.model.event import EventKind, Fact
from egide.model.records import DatasetRow, DeliveryRow, KeyRow, ProfileRow, SnapshotRow
from egide.model.sealed import Entry, Role
from egide.model.snapshot import Root
from egide.stages.catalogue.profile import Profiler
from egide.stages.seal.snapshot import NewSnapshot, Written, by_place, compose
from egide.wiring import Hub

if TYPE_CHECKING:
    from egide.journey.intake import Intake

SNAPSHOT_KEY = "sign/snapshot"


def check_replaces(hub: Hub, dataset: str, delivery: Delivery) -> str | None:
    """The delivery that this one corrects. Raises Denied when it is not one that the dataset holds."""
    if delivery.replaces is None:
        return None
    before = hub.records.get(DeliveryRow, delivery.replaces, delivery.holder)
    if before is None or before.dataset != dataset or before.verdict != "accepted":
        raise Denied("delivery.replaces-unknown", id=delivery.replaces)
    return delivery.replaces


def publish(hub: Hub, intake: "Intake") -> None:
    """Makes the delivery's rows part of the dataset, all at once."""
    entries = [part.entry for table in intake.tables.values() for part in table.parts]
    keys = [(part.key, intake.dataset) for table in intake.tables.values() for part in table.parts]
    snapshot, listed = _snapshot(hub, intake, intake.dataset, entries)
    links, link_entries = _identity(hub, intake)
    linked = (
        _snapshot(hub, intake, identity.dataset_of(intake.dataset), link_entries)[0] if link_entries else None
    )
    profiles = _profiles(hub, intake, snapshot.head.sequence, listed)
    for new in (snapshot, linked):
        if new is not None:
            keys += _store(hub, [*new.manifests], new.head.dataset)
            hub.reached(CrashPoint.MANIFESTS)
            keys += _store(hub, [new.root], new.head.dataset)
            hub.reached(CrashPoint.ROOT)
    keys += links
    report = intake.report
    report.snapshot = snapshot.head.name
    report.objects = len(keys)
    report.bytes_plain = sum(e.plain_size for e in entries)
    report.bytes_sealed = sum(e.size for e in entries)
    delivery = intake.arrived.delivery
    with recorded(hub, EventKind.SNAPSHOT, **_facts(snapshot)):
        _dataset(hub, intake)
        for _, dataset in keys:
            _needs_kek(hub, dataset)
        hub.reached(CrashPoint.KEK)
        hub.records.add_all([_key_row(hub, dataset, key) for key, dataset in keys])
        hub.reached(CrashPoint.KEYS)
        hub.records.add(_snapshot_row(hub, snapshot, delivery.id))
        if linked is not None:
            hub.records.add(_snapshot_row(hub, linked, delivery.id))
            note(hub, EventKind.SNAPSHOT, **_facts(linked))
        if intake.replaced:
            before = hub.records.get(DeliveryRow, intake.replaced, delivery.holder)
            assert before is not None
            hub.records.replace(_with_verdict(before, "replaced"))
        for row in profiles:
            hub.records.replace(row)
        hub.records.add(_delivery_row(hub, intake, snapshot))
        note(
            hub,
            EventKind.DELIVERED,
            delivery=delivery.id,
            holder=delivery.holder,
            manifest=delivery.sha256,
            rows_in=report.total("rows_in"),
            accepted=report.total("accepted"),
            quarantined=report.total("quarantined"),
        )
        _objections_follow(hub, intake)
        hub.reached(CrashPoint.BEFORE_COMMIT)
    hub.reached(CrashPoint.AFTER_COMMIT)


def _objections_follow(hub: Hub, intake: "Intake") -> None:
    if intake.stage2.learnt:
        keyed = identity.pseudonymiser(hub, intake.arrived.holder.domain, intake.arrived.data_class)
        exclusions.follow(hub, intake.stage2.identity, keyed)


def _snapshot(
    hub: Hub, intake: "Intake", dataset: str, entries: list[Entry]
) -> tuple[NewSnapshot, list[Entry]]:
    """The dataset's next snapshot, and every entry that it lists."""
    head = head_of(hub, dataset)
    before, held = read_dataset(hub, head) if head else (None, [])
    delivery = intake.arrived.delivery
    changes = _changes(intake, held, entries)
    deliveries = [d for d in (before.deliveries if before else ()) if d != intake.replaced]
    base = Root(
        hub=hub.id,
        dataset=dataset,
        sequence=head.sequence + 1 if head else 1,
        previous=head.root if head else "",
        created=hub.now(),
        model=delivery.model,
        model_version=delivery.model_version,
        deliveries=(*deliveries, delivery.id),
        exclusions=exclusion_version(hub),
        parts=(),
    )
    shared = [e for e in held if (e.table, e.period) not in changes]
    listed = [*shared, *(e for new in changes.values() for e in new)]
    snapshot = compose(before, changes, base=base, key=signer(hub, SNAPSHOT_KEY), folder=intake.temp)
    return snapshot, listed


def _changes(intake: "Intake", held: list[Entry], entries: list[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """The new entries of each place that changes: where rows arrive, and where replaced rows leave."""
    refreshed = {
        t.table.name for t in intake.tables.values() if t.table.period is None and t.tally.accepted
    } | {identity.TABLE}
    arriving = by_place(entries)
    changes: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for place, old in by_place(held).items():
        kept = [
            e
            for e in old
            if e.delivery != intake.replaced
            and not (e.table in refreshed and e.role is not Role.QUARANTINE and place in arriving)
        ]
        if place in arriving or len(kept) < len(old):
            changes[place] = kept
    for place, new in arriving.items():
        changes[place] = [*changes[place], *new]
    return dict(changes)


def _identity(hub: Hub, intake: "Intake") -> tuple[list[tuple[Key, str]], list[Entry]]:
    if not intake.stage2.learnt:
        return [], []
    dataset = identity.dataset_of(intake.dataset)
    keys, entries = [], []
    for written, entry in identity.write(
        hub, intake.stage2.identity, intake.dataset, intake.arrived.delivery.id, intake.temp
    ):
        keys += _store(hub, [written], dataset)
        entries.append(entry)
    hub.reached(CrashPoint.IDENTITY)
    return keys, entries


def _store(hub: Hub, written: list[Written], dataset: str) -> list[tuple[Key, str]]:
    for one in written:
        hub.store.put(one.sealed.name, one.path)
        one.path.unlink()
    return [(one.key, dataset) for one in written]


def _needs_kek(hub: Hub, dataset: str) -> None:
    if f"kek/{dataset}/1" not in hub.keys.names() and not any(
        n.startswith(f"kek/{dataset}/") for n in hub.keys.names()
    ):
        hub.keys.rotate(dataset)


def _key_row(hub: Hub, dataset: str, key: Key) -> KeyRow:
    wrapped = hub.keys.wrap(dataset, key)
    return KeyRow(wrapped.key_id, wrapped.dataset, wrapped.kek_version, wrapped.wrapped)


def _snapshot_row(hub: Hub, new: NewSnapshot, delivery: str) -> SnapshotRow:
    head = new.head
    return SnapshotRow(
        head.dataset, head.sequence, head.root, head.key_id, new.document.created, delivery, new.document.rows
    )


def _facts(new: NewSnapshot) -> dict[str, Fact]:
    """What the ledger remembers of a snapshot: a head that it did not record is no head (`snapshot verify`)."""
    head = new.head
    return {
        "dataset": head.dataset,
        "sequence": head.sequence,
        "snapshot": head.name,
        "root": head.root,
        "rows": new.document.rows,
    }


def _dataset(hub: Hub, intake: "Intake") -> None:
    if hub.records.get(DatasetRow, intake.dataset) is None:
        arrived = intake.arrived
        delivery = arrived.delivery
        hub.records.add(
            DatasetRow(
                intake.dataset,
                arrived.holder.name,
                delivery.model,
                delivery.model_version,
                arrived.data_class.value,
            )
        )


def _delivery_row(hub: Hub, intake: "Intake", snapshot: NewSnapshot) -> DeliveryRow:
    delivery = intake.arrived.delivery
    return DeliveryRow(
        id=delivery.id,
        holder=delivery.holder,
        dataset=intake.dataset,
        sha256=delivery.sha256,
        received=hub.now(),
        verdict="accepted",
        replaces=delivery.replaces or "",
        sequence=snapshot.head.sequence,
        report=intake.report.as_json(),
    )


def _with_verdict(row: DeliveryRow, verdict: str) -> DeliveryRow:
    from dataclasses import replace

    return replace(row, verdict=verdict)


def _profiles(hub: Hub, intake: "Intake", sequence: int, listed: list[Entry]) -> list[ProfileRow]:
    """The profile of every table whose rows changed, over all rows that the new snapshot holds of it."""
    fresh = {part.entry.object for t in intake.tables.values() for part in t.parts}
    profilers = {t.table.name: t.profiler for t in intake.tables.values() if t.tally.rows_in}
    if intake.replaced:
        tables = intake.arrived.model.tables
        profilers |= {e.table: Profiler(tables[e.table]) for e in listed if e.table not in profilers}
    rows = []
    for table, profiler in sorted(profilers.items()):
        held = [e for e in listed if e.table == table and e.role is Role.PART]
        for entry in held:
            if entry.object not in fresh:
                with open_part(hub, intake.dataset, entry) as file:
                    profiler.add(pq.read_table(file))
        rows.append(_profile_row(intake.dataset, table, sequence, held, profiler))
    return rows


def _profile_row(
    dataset: str, table: str, sequence: int, held: list[Entry], profiler: Profiler
) -> ProfileRow:
    periods = tuple(sorted({e.period for e in held}))
    told: dict[str, object] = {
        "columns": {name: p.to_json() for name, p in profiler.finish().items()},
        "periods": {p: sum(e.rows for e in held if e.period == p) for p in periods},
    }
    return ProfileRow(dataset, table, sequence, periods, sum(e.rows for e in held), told)


__all__ = ["check_replaces", "exclusion_version", "publish"]
