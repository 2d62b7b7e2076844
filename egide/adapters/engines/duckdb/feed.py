"""Feeds: a view's table as Arrow streams that can be opened again and again from the trusted connection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import pyarrow as pa

from egide.model.errors import HubError

BATCH = 1 << 17  # rows of a batch: large enough that Python's part is unseen, small enough for flat memory


def quote(name: str) -> str:
    """An identifier in SQL that we write."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, eq=False)
class RelationFeed:
    """Rows of `relation`, a SELECT that the hub wrote, run on a fresh cursor of `connection` at each opening.

    DuckDB pushes the projection into the relation, so unlisted columns of sealed files are not even read.
    """

    connection: duckdb.DuckDBPyConnection
    relation: str
    why: Callable[[], HubError | None] = lambda: None  # what the sealed file system last found wrong

    @cached_property
    def _whole(self) -> pa.Schema:
        return (
            self.connection.cursor()
            .execute(f"SELECT * FROM ({self.relation}) LIMIT 0")
            .to_arrow_table()
            .schema
        )

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._whole.names)

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        return pa.schema([self._whole.field(name) for name in columns])

    def open(self, columns: Sequence[str]) -> pa.RecordBatchReader:
        listed = ", ".join(quote(name) for name in columns)
        return (
            self.connection.cursor().execute(f"SELECT {listed} FROM ({self.relation})").to_arrow_reader(BATCH)
        )


@dataclass(frozen=True, eq=False)
class TableFeed:
    """Rows of an Arrow table in memory: small registers, and tests."""

    table: pa.Table

    @property
    def names(self) -> Sequence[str]:
        return tuple(self.table.schema.names)

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        return pa.schema([self.table.schema.field(name) for name in columns])

    def open(self, columns: Sequence[str]) -> pa.RecordBatchReader:
        return self.table.select(list(columns)).to_reader(BATCH)

    def trouble(self) -> HubError | None:
        return None
