"""Snapshots as people ask for them: listed, shown, compared, verified object by object."""

import contextlib

from egide.crypto.seal import Unsealed, verify_name
from egide.journey.known import head_named, read_dataset, snapshot_key
from egide.journey.record import unseal_side
from egide.model.errors import Tampered
from egide.model.event import EventKind
from egide.model.records import SnapshotRow
from egide.model.sealed import Context, Entry
from egide.model.snapshot import Head, Root
from egide.stages.ledger import history
from egide.stages.seal.snapshot import read_entries, read_root
from egide.wiring import Hub, Progress, quiet

Told = dict[str, object]


def snapshot_list(hub: Hub, dataset: str | None = None) -> list[Told]:
    rows = hub.records.where(SnapshotRow, **({"dataset": dataset} if dataset else {}))
    return [
        {
            "snapshot": Head(r.dataset, r.sequence, r.root, r.key_id).name,
            "dataset": r.dataset,
            "sequence": r.sequence,
            "created": r.created,
            "delivery": r.delivery,
            "rows": r.rows,
        }
        for r in rows
    ]


def snapshot_show(hub: Hub, name: str) -> Told:
    head = head_named(hub, name)
    root, entries = read_dataset(hub, head)
    return {
        "snapshot": head.name,
        "root": head.root,
        "previous": root.previous,
        "created": root.created,
        "model": root.model,
        "deliveries": list(root.deliveries),
        "exclusions": root.exclusions,
        "rows": root.rows,
        "objects": len(entries),
        "bytes": sum(e.size for e in entries),
        "parts": [
            {"table": p.table, "period": p.period, "rows": p.rows, "objects": p.entries} for p in root.parts
        ],
    }


def snapshot_diff(hub: Hub, one: str, other: str) -> Told:
    """What changed from one snapshot to another: rows by table and period, objects shared, added and dropped."""
    (first, before), (second, after) = (read_dataset(hub, head_named(hub, name)) for name in (one, other))
    old, new = _rows(first), _rows(second)
    kept = {e.object for e in before} & {e.object for e in after}
    return {
        "from": head_named(hub, one).name,
        "to": head_named(hub, other).name,
        "rows": [
            {
                "table": table,
                "period": period,
                "before": old.get((table, period), 0),
                "after": new.get((table, period), 0),
            }
            for table, period in sorted(old.keys() | new.keys())
            if old.get((table, period)) != new.get((table, period))
        ],
        "objects_shared": len(kept),
        "objects_added": len(after) - len(kept),
        "objects_dropped": len(before) - len(kept),
    }


def _rows(root: Root) -> dict[tuple[str, str], int]:
    return {(p.table, p.period): p.rows for p in root.parts}


def snapshot_verify(hub: Hub, name: str | None = None, progress: Progress = quiet) -> Told:
    """Reads every object of a snapshot, or of every dataset's latest: names, sizes, keys and contents.

    Objects that are altered or missing are named, and so are roots that the ledger did not record, or recorded and
    the records have lost; nothing is raised for them. Raises Tampered when the ledger itself does not open."""
    heads = [head_named(hub, name)] if name else _latest(hub)
    recorded = recorded_roots(hub)
    altered = [h.root for h in heads if recorded.get((h.dataset, h.sequence)) != h.root]
    missing = [] if name else _lost(recorded, heads)
    objects = size = 0
    for head in heads:
        checked, read = _verify(hub, head, altered, missing, progress)
        objects += checked
        size += read
    return {
        "snapshots": [h.name for h in heads],
        "objects": objects,
        "bytes": size,
        "altered": sorted(set(altered)),
        "missing": sorted(set(missing)),
    }


def _latest(hub: Hub) -> list[Head]:
    latest = {r.dataset: r for r in hub.records.where(SnapshotRow)}
    return [Head(r.dataset, r.sequence, r.root, r.key_id) for r in latest.values()]


def recorded_roots(hub: Hub) -> dict[tuple[str, int], str]:
    """(dataset, sequence) -> the root that the ledger says was published. Raises Tampered when a side row lies."""
    events = (r.event for r in history(hub.records.ledger, unseal_side(hub)))
    facts = (e.facts for e in events if e is not None and e.kind is EventKind.SNAPSHOT)
    return {(str(f["dataset"]), int(f["sequence"])): str(f["root"]) for f in facts}


def _lost(recorded: dict[tuple[str, int], str], heads: list[Head]) -> list[str]:
    """Roots that were published after what the records call each dataset's latest."""
    latest = {h.dataset: h.sequence for h in heads}
    return [root for (dataset, sequence), root in recorded.items() if sequence > latest.get(dataset, 0)]


def _verify(
    hub: Hub, head: Head, altered: list[str], missing: list[str], progress: Progress
) -> tuple[int, int]:
    try:
        root = read_root(head, hub.id, hub.store, hub.key_of, snapshot_key(hub))
    except Tampered as problem:
        _file(problem, head.root, altered, missing)
        return 1, 0
    entries: list[Entry] = []
    for part in root.parts:
        try:
            entries += read_entries(root, hub.store, hub.key_of, lambda p, part=part: p == part)  # type: ignore[misc]
        except Tampered as problem:
            _file(problem, part.object, altered, missing)
    with contextlib.suppress(
        Tampered
    ):  # a broken row of the key table is named below, by the object it should open
        hub.load_keys([e.key_id for e in entries])
    size = 0
    for number, entry in enumerate(entries, 1):
        progress("verify", number, len(entries))
        try:
            size += _read_whole(hub, head.dataset, entry)
        except Tampered as problem:
            _file(problem, entry.object, altered, missing)
    return 1 + len(root.parts) + len(entries), size


def _read_whole(hub: Hub, dataset: str, entry: Entry) -> int:
    reader = hub.store.reader(entry.object)
    try:
        if reader.size != entry.size:
            raise Tampered("seal.broken", name=entry.object)
        verify_name(reader, entry.object)
        context = Context(hub.id, dataset, entry.role, entry.key_id)
        Unsealed(reader, hub.key_of(entry.key_id), context, entry.plain_size, name=entry.object).read_at(
            0, min(1, entry.plain_size)
        )
    finally:
        reader.close()
    return entry.size


def _file(problem: Tampered, name: str, altered: list[str], missing: list[str]) -> None:
    (missing if problem.key == "store.missing" else altered).append(name)
