"""From the rows of one group to a sealed Parquet file and the manifest entry that finds it again."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from egide.crypto.key import Key
from egide.crypto.seal import SealWriter
from egide.frame.frame import Plain, Refusal
from egide.frame.persons import Persons
from egide.frame.vocabulary import NULL, Vocabulary, arrow_type, decimals
from egide.model.sealed import Context, Entry, Role, SealedObject
from egide.model.table import Column, Kind, Table
from egide.stages.seal.spool import Group, Slice, Spool

PERSON_ID = "PERSON_ID"
FLAGS = "EGIDE_FLAGS"
ROW_GROUP = 131_072
PART_ROWS = 1_000_000
WRITERS = 2  # groups sorted, written and sealed at a time
_ZSTD = 1  # measured: level 3 costs more time and, on coded columns, no fewer bytes


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed object waiting to be stored, and what the manifest will say of it."""

    sealed: SealedObject
    path: Path
    key: Key
    entry: Entry


Observe = Callable[[pa.Table], None]


def parts_of(
    table: Table,
    spool: Spool,
    persons: Persons,
    *,
    hub: str,
    dataset: str,
    delivery: str,
    folder: Path,
    observe: Observe,
) -> Iterator[Part]:
    """Writes every group of the spool, sorted by person and date, as sealed Parquet. Two groups at a time."""
    rank = _ranks(persons.ids)

    def write(group: Group) -> list[tuple[pa.Table, Part]]:
        rows = spool.take(group)
        arrow = _arrow(table, rows, _order(rows, rank), spool.flag_names, persons.ids)
        del rows
        pieces = [arrow.slice(start, PART_ROWS) for start in range(0, arrow.num_rows, PART_ROWS)]
        return [(p, _seal(table, p, group, spool.buckets, hub, dataset, delivery, folder)) for p in pieces]

    with ThreadPoolExecutor(WRITERS) as pool:
        for written in _in_order(pool, write, spool.groups()):
            for piece, part in written:
                observe(piece)
                yield part


def _in_order(
    pool: ThreadPoolExecutor, write: Callable[[Group], list[tuple[pa.Table, "Part"]]], groups: list[Group]
) -> Iterator[list[tuple[pa.Table, "Part"]]]:
    """Results in the order of the groups, no more than `WRITERS` of them in memory."""
    waiting: deque[Future[list[tuple[pa.Table, Part]]]] = deque()
    for group in groups:
        waiting.append(pool.submit(write, group))
        if len(waiting) == WRITERS:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def buckets_of(ids: np.ndarray, buckets: int) -> np.ndarray:
    """The person bucket of each 160-bit id: its first 16 bits, scaled, so that two buckets merge into one."""
    head = ids[:, 0].astype(np.int64) * 256 + ids[:, 1]
    return head * buckets >> 16


def _ranks(ids: np.ndarray) -> np.ndarray:
    """The place of each person in the order of identifiers; nobody (-1) comes last."""
    heads = ids[:, :8].copy().view(">u8").ravel()
    rank = np.empty(len(ids) + 1, np.int64)
    rank[np.argsort(heads, kind="stable")] = np.arange(len(ids))
    rank[-1] = len(ids)
    return rank


def _order(rows: list[Slice], rank: np.ndarray) -> np.ndarray:
    persons = np.concatenate([s.arrays["persons"] for s in rows])
    days = np.concatenate([s.arrays["days"] for s in rows]).astype(np.int64)
    return np.argsort((rank[persons] << 33) + (days + (1 << 32)), kind="stable")


def _arrow(
    table: Table, rows: list[Slice], order: np.ndarray, flag_names: list[str], ids: np.ndarray
) -> pa.Table:
    present = [
        c
        for c in table.columns
        if any(f"coded:{c.name}" in s.arrays or f"plain:{c.name}" in s.arrays for s in rows)
    ]
    persons = np.concatenate([s.arrays["persons"] for s in rows])[order]
    flags = np.concatenate([s.arrays["flags"] for s in rows])[order]
    arrays: dict[str, pa.Array] = {PERSON_ID: _identifiers(persons, ids)}
    for column in present:
        arrays[column.name] = _column(column, rows, order)
    arrays[FLAGS] = _dictionary(pa.array([n or None for n in flag_names], pa.string()), flags)
    return pa.table(arrays)


def _identifiers(persons: np.ndarray, ids: np.ndarray) -> pa.Array:
    used, codes = np.unique(persons, return_inverse=True)
    values = [None if p < 0 else ids[p].tobytes() for p in used.tolist()]
    return _dictionary(pa.array(values, pa.binary()), codes)


def _dictionary(values: pa.Array, codes: np.ndarray) -> pa.DictionaryArray:
    """A dictionary array in which absence is a null of the indices, as Parquet wants it."""
    indices = pa.array(codes.astype(np.int32))
    if values.null_count:
        absent = values.is_null().to_numpy(zero_copy_only=False)[codes]
        indices = pa.array(codes.astype(np.int32), mask=absent)
        kept = np.flatnonzero(~values.is_null().to_numpy(zero_copy_only=False))
        place = np.zeros(len(values), np.int32)
        place[kept] = np.arange(len(kept))
        indices = pa.array(place[codes], mask=absent)
        values = values.take(pa.array(kept))
    return pa.DictionaryArray.from_arrays(indices, values)


def _column(column: Column, rows: list[Slice], order: np.ndarray) -> pa.Array:
    vocabularies = {id(s.vocabularies.get(column.name)): s.vocabularies.get(column.name) for s in rows}
    [only] = vocabularies.values() if len(vocabularies) == 1 else [None]
    if only is not None:
        return _coded(
            column,
            only,
            np.concatenate([s.arrays[f"coded:{column.name}"].astype(np.int32) for s in rows])[order],
        )
    if all(f"plain:{column.name}" in s.arrays for s in rows):
        values = np.concatenate([s.arrays[f"plain:{column.name}"] for s in rows])[order]
        absent = np.concatenate([s.arrays[f"absent:{column.name}"] for s in rows])[order]
        return Plain(column, values, absent).array()
    pieces = [_dense(_piece(column, s)) for s in rows]
    return pa.concat_arrays(pieces).take(pa.array(order))


def _piece(column: Column, rows: Slice) -> pa.Array:
    if column.name in rows.vocabularies:
        return _coded(
            column, rows.vocabularies[column.name], rows.arrays[f"coded:{column.name}"].astype(np.int32)
        )
    if f"plain:{column.name}" in rows.arrays:
        return Plain(
            column, rows.arrays[f"plain:{column.name}"], rows.arrays[f"absent:{column.name}"]
        ).array()
    return pa.nulls(len(rows), _stored_type(column))


def _dense(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array


def _stored_type(column: Column) -> pa.DataType:
    found = arrow_type(column)
    return pa.binary() if pa.types.is_fixed_size_binary(found) else found


def _coded(column: Column, vocabulary: Vocabulary, codes: np.ndarray) -> pa.Array:
    """Texts and identifiers stay dictionaries, which Parquet writes as they are; numbers and dates become dense."""
    if column.kind is not Kind.TEXT:
        return _numbers(column, vocabulary.numbers()[codes], codes == NULL)
    used = np.zeros(len(vocabulary), bool)
    used[codes] = True
    kept = np.flatnonzero(used)
    place = np.zeros(len(vocabulary), np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    typed = [vocabulary.typed[c] for c in kept.tolist()]
    return _dictionary(pa.array(typed, _stored_type(column)), place[codes])


def _numbers(column: Column, numbers: np.ndarray, absent: np.ndarray) -> pa.Array:
    target = arrow_type(column)
    if pa.types.is_decimal(target):
        return decimals(numbers, target, absent)
    mask = absent if absent.any() else None
    if pa.types.is_date32(target):
        return pa.array(numbers.astype(np.int32), pa.int32(), mask=mask).cast(target)
    return pa.array(numbers, pa.int64(), mask=mask).cast(target)


def _seal(
    table: Table,
    arrow: pa.Table,
    group: Group,
    buckets: int,
    hub: str,
    dataset: str,
    delivery: str,
    folder: Path,
) -> Part:
    key = Key.generate()
    with SealWriter(folder, key, Context(hub, dataset, Role.PART, key.id)) as out:
        pq.write_table(
            arrow,
            out,
            compression="zstd",
            compression_level=_ZSTD,
            row_group_size=ROW_GROUP,
            store_schema=False,
        )
        sealed = out.finish(sync=False)
    year, bucket = group
    entry = Entry(
        object=sealed.name,
        key_id=key.id,
        size=sealed.size,
        plain_size=sealed.plain_size,
        rows=arrow.num_rows,
        table=table.name,
        period=str(year) if table.period else "all",
        bucket=bucket,
        buckets=buckets,
        delivery=delivery,
        ranges=_ranges(table, arrow),
    )
    return Part(sealed, out.path, key, entry)


def _ranges(table: Table, arrow: pa.Table) -> dict[str, tuple[str, str]]:
    """First and last value of the columns that prune: the period's and the date's."""
    found = {}
    for name in {table.period, table.date} - {None}:
        if name in arrow.column_names:
            low, high = _extremes(arrow.column(name))
            if low is not None:
                found[str(name)] = (_iso(low), _iso(high))
    return found


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)  # a datetime is a date


def _extremes(values: pa.ChunkedArray) -> tuple[object, object]:
    import pyarrow.compute as pc

    if pa.types.is_dictionary(values.type):
        values = values.unify_dictionaries().chunk(0).dictionary if values.num_chunks else values
    both = pc.min_max(values)
    return both["min"].as_py(), both["max"].as_py()


_QUARANTINE = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("rule", pa.string()),
        ("value_class", pa.string()),
        ("also", pa.string()),
        ("raw", pa.binary()),
    ]
)


def quarantine_part(
    table: Table,
    refusals: list[Refusal],
    *,
    hub: str,
    dataset: str,
    delivery: str,
    folder: Path,
    number: int = 0,
) -> Part:
    """The refused rows of a table with their reasons, sealed like everything else."""
    arrow = pa.table(
        {name: [getattr(r, name) for r in refusals] for name in _QUARANTINE.names}, schema=_QUARANTINE
    )
    key = Key.generate()
    with SealWriter(folder, key, Context(hub, dataset, Role.QUARANTINE, key.id)) as out:
        pq.write_table(arrow, out, compression="zstd", store_schema=False)
        sealed = out.finish(sync=False)
    entry = Entry(
        sealed.name,
        key.id,
        sealed.size,
        sealed.plain_size,
        len(refusals),
        table.name,
        "all",
        number,
        1,
        delivery,
        Role.QUARANTINE,
    )
    return Part(sealed, out.path, key, entry)


__all__ = ["FLAGS", "PERSON_ID", "Part", "buckets_of", "parts_of", "quarantine_part"]
