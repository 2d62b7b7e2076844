"""Snapshots: which sealed objects make up a dataset at one time.

A root is signed, names the root before it, and lists manifest parts; a manifest part lists the objects of one table
and period. A change rewrites the parts that it touches and shares all others. Written and read to docs/format.md.
"""

import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from egide.crypto.key import Key
from egide.crypto.seal import SealWriter, Unsealed, verify_name
from egide.crypto.sign import SigningKey, VerifyKey
from egide.model.canonical import canonical, parse_canonical
from egide.model.errors import Tampered
from egide.model.sealed import Context, Entry, Role, SealedObject
from egide.model.snapshot import Head, PartRef, Root
from egide.ports.store import Store

KeyOf = Callable[[str], Key]  # key id -> data key, from the key table

ENTRY_SCHEMA = pa.schema(
    [
        ("object", pa.string()),
        ("key_id", pa.string()),
        ("size", pa.int64()),
        ("plain_size", pa.int64()),
        ("rows", pa.int64()),
        ("table", pa.string()),
        ("period", pa.string()),
        ("bucket", pa.int64()),
        ("buckets", pa.int64()),
        ("delivery", pa.string()),
        ("role", pa.string()),
        ("ranges", pa.string()),
        ("redaction", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Written:
    """A sealed object in a temporary file, with its key: to be stored and entered in the key table."""

    sealed: SealedObject
    path: Path
    key: Key


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """Everything that a change of a dataset adds, in the order in which it must become durable."""

    manifests: tuple[Written, ...]
    root: Written
    head: Head
    document: Root


def compose(
    before: Root | None,
    changes: dict[tuple[str, str], list[Entry]],
    *,
    base: Root,
    key: SigningKey,
    folder: Path,
) -> NewSnapshot:
    """A new root: `changes` replaces the entries of each (table, period) it names, [] drops it, the rest is shared.

    `base` carries everything else that the root says; its parts are ignored."""
    kept = [p for p in before.parts if (p.table, p.period) not in changes] if before else []
    written = [
        (place, entries, _write_manifest(entries, base.hub, base.dataset, folder))
        for place, entries in sorted(changes.items())
        if entries
    ]
    fresh = [_reference(place, entries, manifest) for place, entries, manifest in written]
    document = Root(
        **{f.name: getattr(base, f.name) for f in fields(Root) if f.name != "parts"},
        parts=tuple(sorted([*kept, *fresh], key=lambda p: (p.table, p.period))),
    )
    root = _write_root(document, key, folder)
    head = Head(base.dataset, base.sequence, root.sealed.name, root.key.id)
    return NewSnapshot(tuple(m for _, _, m in written), root, head, document)


def read_root(head: Head, hub: str, store: Store, key_of: KeyOf, verify_key: VerifyKey) -> Root:
    """The root that a head names. Raises Tampered when it is missing, altered, of another place, or not signed."""
    data = read_object(
        store, head.root, key_of(head.key_id), Context(hub, head.dataset, Role.ROOT, head.key_id)
    )
    try:
        envelope = parse_canonical(data)
        assert isinstance(envelope, dict)
        document, signature = envelope["root"], bytes.fromhex(envelope["signature"])
        root = Root.of(document)
    except (ValueError, TypeError, KeyError, AssertionError):
        raise Tampered("snapshot.root-malformed", dataset=head.dataset, sequence=head.sequence) from None
    verify_key.verify(signature, canonical(document))
    if (root.hub, root.dataset, root.sequence) != (hub, head.dataset, head.sequence):
        raise Tampered("snapshot.root-misplaced", dataset=head.dataset, sequence=head.sequence)
    return root


def read_entries(
    root: Root, store: Store, key_of: KeyOf, wanted: Callable[[PartRef], bool] = lambda _: True
) -> list[Entry]:
    """The entries of the parts wanted. Raises Tampered when a part is missing, altered, or says other than the root."""
    entries: list[Entry] = []
    for part in root.parts:
        if wanted(part):
            entries += _read_manifest(part, root, store, key_of)
    return entries


def read_object(store: Store, name: str, key: Key, context: Context, plain_size: int | None = None) -> bytes:
    """A whole payload, its name verified first."""
    reader = store.reader(name)
    try:
        verify_name(reader, name)
        return Unsealed(reader, key, context, plain_size, name=name).read_all()
    finally:
        reader.close()


def _write_manifest(entries: list[Entry], hub: str, dataset: str, folder: Path) -> Written:
    columns = {name: [_cell(e, name) for e in entries] for name in ENTRY_SCHEMA.names}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=ENTRY_SCHEMA), sink, compression="zstd", store_schema=False)
    return write_object(sink.getvalue(), hub, dataset, Role.MANIFEST, folder)


def _write_root(document: Root, key: SigningKey, folder: Path) -> Written:
    signed = document.document()
    envelope = {"root": signed, "signature": key.sign(canonical(signed)).hex()}
    return write_object(canonical(envelope), document.hub, document.dataset, Role.ROOT, folder)


def write_object(data: bytes, hub: str, dataset: str, role: Role, folder: Path) -> Written:
    """Seals bytes under a key of their own."""
    key = Key.generate()
    with SealWriter(folder, key, Context(hub, dataset, role, key.id)) as out:
        out.write(data)
        sealed = out.finish(sync=False)
    return Written(sealed, out.path, key)


def _cell(entry: Entry, name: str) -> object:
    value = getattr(entry, name)
    return json.dumps(value, sort_keys=True) if name == "ranges" else str(value) if name == "role" else value


def _reference(place: tuple[str, str], entries: list[Entry], manifest: Written) -> PartRef:
    sealed = manifest.sealed
    rows = sum(e.rows for e in entries if e.role is Role.PART)
    return PartRef(sealed.name, manifest.key.id, sealed.size, sealed.plain_size, *place, rows, len(entries))


def _read_manifest(part: PartRef, root: Root, store: Store, key_of: KeyOf) -> list[Entry]:
    context = Context(root.hub, root.dataset, Role.MANIFEST, part.key_id)
    data = read_object(store, part.object, key_of(part.key_id), context, part.plain_size)
    try:
        rows = pq.read_table(io.BytesIO(data)).to_pylist()
        entries = [_entry(row) for row in rows]
    except (pa.ArrowException, KeyError, ValueError, TypeError):
        raise Tampered("snapshot.manifest-malformed", name=part.object) from None
    agree = len(entries) == part.entries and all(
        (e.table, e.period) == (part.table, part.period) for e in entries
    )
    if not agree or sum(e.rows for e in entries if e.role is Role.PART) != part.rows:
        raise Tampered("snapshot.manifest-malformed", name=part.object)
    return entries


def _entry(row: dict[str, object]) -> Entry:
    ranges = {name: (low, high) for name, (low, high) in json.loads(str(row["ranges"])).items()}
    return Entry(**{**row, "role": Role(str(row["role"])), "ranges": ranges})  # type: ignore[arg-type]


def names_of(root: Root, entries: Iterable[Entry], head: Head) -> list[tuple[str, int]]:
    """Every object of a snapshot with its size in the store (0: not stated, the root itself)."""
    return [(head.root, 0), *((p.object, p.size) for p in root.parts), *((e.object, e.size) for e in entries)]


def by_place(entries: Iterable[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """Entries grouped by the manifest part they belong to."""
    places: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        places[entry.table, entry.period].append(entry)
    return dict(places)


__all__ = [
    "ENTRY_SCHEMA",
    "KeyOf",
    "NewSnapshot",
    "Written",
    "by_place",
    "compose",
    "names_of",
    "read_entries",
    "read_object",
    "read_root",
    "write_object",
]
