"""The correspondence table of a dataset: its own sealed dataset, opened only while a delivery comes in."""

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from egide.crypto.key import Key
from egide.crypto.pseudonym import pseudonymise
from egide.frame.persons import Identity, Link
from egide.journey.known import head_of, read_dataset
from egide.model.sealed import Context, Entry, Role
from egide.model.table import DataClass
from egide.stages.pseudonymise.at_hub import Pseudonymise
from egide.stages.seal.snapshot import Written, read_object, write_object
from egide.wiring import Hub

TABLE = "IDENTITY"
PART_LINKS = 1_000_000
_SCHEMA = pa.schema(
    [
        ("psa", pa.binary()),
        ("rank", pa.int64()),
        ("person", pa.binary()),
        ("death", pa.int64()),
        ("idt", pa.binary()),
    ]
)


def dataset_of(dataset: str) -> str:
    return f"{dataset}.identity"


def secret_of(domain: str, data_class: DataClass) -> str:
    """The stage-2 secret of a linkage domain. Synthetic persons have a domain of their own."""
    return f"stage2/{domain}-c0" if data_class is DataClass.C0 else f"stage2/{domain}"


def pseudonymiser(hub: Hub, domain: str, data_class: DataClass) -> Pseudonymise:
    key = hub.keys.secret(secret_of(domain, data_class), create=True)
    return lambda values, column_domain: _keyed(values, key, column_domain)


def _keyed(values: list[str], key: Key, domain: str) -> list[bytes]:
    if not values:
        return []
    raw = pseudonymise(pa.array(values, pa.string()), key, domain).buffers()[1].to_pybytes()
    return [raw[at : at + 20] for at in range(0, 20 * len(values), 20)]


def load(hub: Hub, dataset: str) -> Identity:
    """What the hub knows of who is who in this dataset; empty before its first register of persons."""
    known = Identity()
    head = head_of(hub, dataset_of(dataset))
    if head is None:
        return known
    _, entries = read_dataset(hub, head)
    for entry in entries:
        context = Context(hub.id, head.dataset, Role.IDENTITY, entry.key_id)
        data = read_object(hub.store, entry.object, hub.key_of(entry.key_id), context, entry.plain_size)
        columns = pq.read_table(io.BytesIO(data)).to_pydict()
        for values in zip(*(columns[name] for name in _SCHEMA.names), strict=True):
            known.add(Link(*values))
    return known


def write(
    hub: Hub, identity: Identity, dataset: str, delivery: str, folder: Path
) -> Iterator[tuple[Written, Entry]]:
    """The whole table anew: a register of persons is a full refresh."""
    links = sorted(identity.links(), key=lambda link: (link.psa, link.rank))
    for number, start in enumerate(range(0, len(links), PART_LINKS)):
        piece = links[start : start + PART_LINKS]
        sink = io.BytesIO()
        table = pa.table(
            {name: [getattr(link, name) for link in piece] for name in _SCHEMA.names}, schema=_SCHEMA
        )
        pq.write_table(table, sink, compression="zstd", store_schema=False)
        written = write_object(sink.getvalue(), hub.id, dataset_of(dataset), Role.IDENTITY, folder)
        sealed = written.sealed
        yield (
            written,
            Entry(
                sealed.name,
                written.key.id,
                sealed.size,
                sealed.plain_size,
                len(piece),
                TABLE,
                "all",
                number,
                1,
                delivery,
                Role.IDENTITY,
            ),
        )
