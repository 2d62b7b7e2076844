"""What the store gives back: rows of the sealed parts, refusals of the sealed quarantine."""

from collections.abc import Iterator

import pyarrow.parquet as pq

from egide.journey.known import head_named, open_part, read_dataset
from egide.journey.look import quarantine_show
from egide.model.sealed import Entry, Role
from egide.wiring import Hub

PERSON_ID, FLAGS = "PERSON_ID", "EGIDE_FLAGS"
EVERYTHING = 10_000_000


def entries_of(hub: Hub, snapshot: str, *, role: Role = Role.PART) -> list[Entry]:
    return [e for e in read_dataset(hub, head_named(hub, snapshot))[1] if e.role is role]


def rows_of(
    hub: Hub, snapshot: str, table: str, names: list[str]
) -> Iterator[tuple[tuple[object, ...], object, str]]:
    """(values of these columns, PERSON_ID, flags) of every row that a snapshot holds of a table."""
    dataset = snapshot.partition("@")[0]
    for entry in entries_of(hub, snapshot):
        if entry.table != table:
            continue
        with open_part(hub, dataset, entry) as file:
            rows = pq.read_table(file)
        assert rows.num_rows == entry.rows
        values = [rows.column(n).to_pylist() if n in rows.column_names else [None] * len(rows) for n in names]
        for row, person, flags in zip(
            zip(*values, strict=True),
            rows.column(PERSON_ID).to_pylist(),
            rows.column(FLAGS).to_pylist(),
            strict=True,
        ):
            yield row, person, flags or ""


def refusals_of(hub: Hub, delivery: str) -> list[dict[str, object]]:
    return quarantine_show(hub, delivery, limit=EVERYTHING)
