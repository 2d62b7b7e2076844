"""The Lake port: a trusted DuckDB over sealed files, and feeds whose identifiers are keyed again on their way out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from egide.adapters.engines.duckdb import trusted
from egide.adapters.engines.duckdb.feed import RelationFeed, quote
from egide.adapters.engines.duckdb.sealed_files import (
    Opening,
    SealedFiles,
    attach,
    path_of,
    run,
    tune_allocator,
)
from egide.model.errors import HubError
from egide.ports.engine import Feed
from egide.ports.lake import Transform
from egide.ports.store import Store


class DuckLake:
    """See egide.ports.lake.Lake."""

    def __init__(
        self, store: Store, resolve: Callable[[str], Opening], temp: Path, memory: str, threads: int
    ) -> None:
        tune_allocator()  # before the engine starts its threads
        self._files = SealedFiles(store, resolve)
        self._connection = trusted.connect(temp, memory, threads)
        attach(self._connection, self._files)

    def scan(self, objects: Sequence[str]) -> str:
        listed = ", ".join(f"'{path_of(name)}'" for name in objects)
        return f"SELECT * FROM read_parquet([{listed}], union_by_name = true)"

    def columns(self, relation: str) -> dict[str, str]:
        described = run(self._connection, self._files, f"DESCRIBE {relation}")
        return dict(
            zip(described["column_name"].to_pylist(), described["column_type"].to_pylist(), strict=True)
        )

    def persons(self, name: str, ids: Sequence[bytes]) -> str:
        listed = f"{name}_listed"  # a registered view belongs to one cursor, a table to all of them
        self._connection.register(listed, pa.table({"PERSON_ID": pa.array(list(ids), pa.binary())}))
        self._connection.execute(f"CREATE TABLE {quote(name)} AS SELECT * FROM {quote(listed)}")
        self._connection.unregister(listed)
        return f"SELECT PERSON_ID FROM {quote(name)}"

    def feed(self, relation: str, transforms: Mapping[str, Transform]) -> Feed:
        return KeyedFeed(RelationFeed(self._connection, relation), transforms, self._files)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        table = run(self._connection, self._files, sql)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@dataclass(frozen=True, eq=False)
class KeyedFeed:
    """A relation's rows with some columns transformed. What the sealed files found wrong is kept in `trouble`."""

    relation: RelationFeed
    transforms: Mapping[str, Transform]
    files: SealedFiles

    @property
    def names(self) -> Sequence[str]:
        return self.relation.names

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        empty = self.relation.schema(columns).empty_table().to_batches()
        batch = empty[0] if empty else pa.RecordBatch.from_pylist([], self.relation.schema(columns))
        return self._apply(batch).schema

    def open(self, columns: Sequence[str]) -> pa.RecordBatchReader:
        with self.files.surfacing():
            reader = self.relation.open(columns)
        return pa.RecordBatchReader.from_batches(self.schema(columns), self._batches(reader))

    def trouble(self) -> HubError | None:
        return self.files.first_failure()

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        with self.files.surfacing():
            for batch in reader:
                yield self._apply(batch)

    def _apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        made = {
            name: self.transforms[name](column) if name in self.transforms else column
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        }
        return pa.RecordBatch.from_pydict(made)
