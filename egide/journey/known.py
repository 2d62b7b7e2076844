"""What the hub already holds: heads, roots, entries, and the keys of rows delivered before."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from egide.crypto.seal import Unsealed
from egide.crypto.sign import VerifyKey
from egide.frame.keys import KeyHasher
from egide.frame.persons import NOBODY, Persons
from egide.journey.files import PlainFile
from egide.model.errors import Denied
from egide.model.records import SnapshotRow
from egide.model.sealed import Context, Entry, Role
from egide.model.snapshot import Head, PartRef, Root
from egide.model.table import Kind, Table
from egide.stages.seal.parts import PERSON_ID
from egide.stages.seal.snapshot import read_entries, read_root
from egide.wiring import Hub


def head_of(hub: Hub, dataset: str, sequence: int | None = None) -> Head | None:
    """The dataset's latest head, or the one of a given sequence. None when there is none."""
    rows = hub.records.where(
        SnapshotRow, dataset=dataset, **({} if sequence is None else {"sequence": sequence})
    )
    return Head(dataset, rows[-1].sequence, rows[-1].root, rows[-1].key_id) if rows else None


def head_named(hub: Hub, name: str) -> Head:
    """`dataset`, `dataset@3`, or the full name that receipts print. Raises Denied when there is none."""
    dataset, _, rest = name.partition("@")
    number, _, root = rest.partition(":")
    head = head_of(hub, dataset, int(number) if number.isdigit() else None)
    if head is None or (rest and not number.isdigit()) or (root and not head.root.startswith(root)):
        raise Denied("snapshot.unknown", name=name)
    return head


def snapshot_key(hub: Hub) -> VerifyKey:
    return VerifyKey.parse(str(hub.row.settings["snapshot_key"]))


def read_dataset(hub: Hub, head: Head) -> tuple[Root, list[Entry]]:
    """Root and all entries of a snapshot, verified. Raises Tampered."""
    root = read_root(head, hub.id, hub.store, hub.key_of, snapshot_key(hub))
    return root, read_entries(root, hub.store, hub.key_of)


def open_part(hub: Hub, dataset: str, entry: Entry) -> PlainFile:
    """A sealed Parquet file, readable from any offset. Its segments are verified as they are read."""
    context = Context(hub.id, dataset, entry.role, entry.key_id)
    reader = hub.store.reader(entry.object)
    return PlainFile(
        Unsealed(reader, hub.key_of(entry.key_id), context, entry.plain_size, name=entry.object), reader
    )


class KnownKeys:
    """Keys and persons of the rows that a dataset holds, loaded by table and year as a delivery meets them."""

    def __init__(
        self, hub: Hub, dataset: str, replaced: str | None, hasher: KeyHasher, persons: Persons
    ) -> None:
        self._hub, self._dataset, self._replaced = hub, dataset, replaced
        self._hasher, self._persons = hasher, persons
        head = head_of(hub, dataset)
        self._root = read_root(head, hub.id, hub.store, hub.key_of, snapshot_key(hub)) if head else None

    def tables(self) -> set[str]:
        return {p.table for p in self._root.parts} if self._root else set()

    def keys(self, table: Table, year: int) -> tuple[np.ndarray, np.ndarray]:
        """Key hashes and person numbers of the table's rows of that year, replaced deliveries left out."""
        hashes, persons = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
        if self._root is not None and table.period is not None:
            for entry in read_entries(
                self._root, self._hub.store, self._hub.key_of, lambda p: _wanted(p, table, year)
            ):
                if entry.role is Role.PART and entry.delivery != self._replaced:
                    found = self._of_part(table, entry, year)
                    hashes.append(found[0])
                    persons.append(found[1])
        return np.concatenate(hashes), np.concatenate(persons)

    def _of_part(self, table: Table, entry: Entry, year: int) -> tuple[np.ndarray, np.ndarray]:
        with open_part(self._hub, self._dataset, entry) as file:
            rows = pq.read_table(file, columns=[*table.key, PERSON_ID])
        columns = [_values(rows.column(name), table.column(name).kind) for name in table.key]
        ids = rows.column(PERSON_ID).to_pylist()
        numbers = iter(self._persons.numbers([i for i in ids if i is not None]).tolist())
        persons = np.array([NOBODY if i is None else next(numbers) for i in ids], np.int32)
        return self._hasher.values(columns, np.full(len(ids), year, np.int64)), persons


def _wanted(part: PartRef, table: Table, year: int) -> bool:
    return part.table == table.name and part.period == str(year)


def _values(values: pa.ChunkedArray, kind: Kind) -> np.ndarray | list[str]:
    if kind is Kind.TEXT:
        return ["" if v is None else str(v) for v in values.to_pylist()]
    dense = values.combine_chunks()
    if kind is Kind.DATE:
        return dense.cast(pa.int32()).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return dense.cast(pa.int64()).to_numpy(zero_copy_only=False)
