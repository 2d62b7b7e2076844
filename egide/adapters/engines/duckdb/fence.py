"""The researcher's DuckDB: no file system, no network, no extension, no Python variable, no setting to change.

It runs inside the worker process (`worker.py`); here is what makes it a fence, so that tests can lean on it directly.
Settings: https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from egide.adapters.engines.duckdb.trusted import START, load_cipher

SETTINGS = (
    "SET enable_external_access = false",
    "SET allow_community_extensions = false",
    "SET allow_persistent_secrets = false",
    "SET enable_logging = false",
    "SET max_expression_depth = 250",
)
CLOSED = ("SET temp_directory = ''", "SET disabled_filesystems = 'LocalFileSystem'")

# The most particular class first. "run" is whatever else the data or the SQL made fail.
CODES: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.ConversionException, "conversion"),
    (duckdb.OutOfRangeException, "range"),
    (duckdb.OutOfMemoryException, "memory"),
    (duckdb.InterruptException, "time"),
    (duckdb.ParserException, "parse"),
    (duckdb.SyntaxException, "parse"),
    (duckdb.BinderException, "bind"),
    (duckdb.CatalogException, "bind"),
    (duckdb.PermissionException, "permission"),
    (duckdb.IOException, "permission"),
    (duckdb.InternalException, "broken"),
    (duckdb.FatalException, "broken"),
    (duckdb.Error, "run"),
)


class FenceError(Exception):
    """The query failed; `code` is all that is known outside: the engine's words quote values."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, eq=False)
class Source:
    """What DuckDB scans: the schema at once, and a new stream for each scan of a query."""

    schema: pa.Schema
    reopen: Callable[[], Any]  # an object of the Arrow stream protocol

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.reopen().__arrow_c_stream__(requested_schema)


@dataclass(frozen=True)
class Bounds:
    memory: int  # bytes
    threads: int
    seconds: float
    rows: int
    temp: int = 0  # bytes of spill
    folder: Path | None = None  # where to spill, encrypted; None: nowhere


def engine(bounds: Bounds) -> duckdb.DuckDBPyConnection:
    """An empty database of one thread that has read from disk all that it ever will."""
    connection = duckdb.connect(config={**START, "threads": 1})
    if bounds.folder is not None:
        load_cipher(connection)
    return connection


def fence(
    connection: duckdb.DuckDBPyConnection, sources: Mapping[str, Source], bounds: Bounds
) -> duckdb.DuckDBPyConnection:
    """Makes it hold `sources` and reach nothing else, and locks its configuration."""
    for name, source in sources.items():
        connection.register(name, source)
    limits = (f"SET memory_limit = '{bounds.memory}B'", f"SET threads = {bounds.threads}")
    for setting in (*_spill(bounds), *limits, *SETTINGS, "SET lock_configuration = true"):
        connection.execute(setting)
    return connection


def _spill(bounds: Bounds) -> tuple[str, ...]:
    """A closed local file system cannot spill: with a temp folder the fence leans on the other locks alone."""
    if bounds.folder is None:
        return CLOSED
    folder = str(bounds.folder).replace("'", "''")
    return (f"SET temp_directory = '{folder}'", f"SET max_temp_directory_size = '{bounds.temp}B'")


def ask(connection: duckdb.DuckDBPyConnection, sql: str, bounds: Bounds) -> pa.Table:
    """The whole result. Raises FenceError: the engine's own exception is not even chained to it."""
    with _deadline(connection, bounds.seconds):
        try:
            return _fetch(connection, sql, bounds.rows)
        except (duckdb.Error, pa.ArrowException, MemoryError, RuntimeError, ValueError) as error:
            code = code_of(error)
    raise FenceError(code)


def code_of(error: BaseException) -> str:
    return next(
        (code for kind, code in CODES if isinstance(error, kind)),
        "memory" if isinstance(error, MemoryError) else "run",
    )


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str, most: int) -> pa.Table:
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise FenceError("statement")
    reader = connection.execute(statements[0]).to_arrow_reader(min(most + 1, 1 << 16))
    batches, rows = [], 0
    for batch in reader:
        rows += batch.num_rows
        if rows > most:
            raise FenceError("rows")
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=reader.schema)


@contextmanager
def _deadline(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    watchdog = threading.Timer(seconds, connection.interrupt)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
