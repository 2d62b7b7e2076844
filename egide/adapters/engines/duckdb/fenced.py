"""The Engine that a researcher's SQL meets: one short-lived worker process for each query, fed through pipes.

A process of its own, because an engine that runs strangers' SQL may exhaust memory or fall over: the hub then sees a
code, and its keys were never in that memory. Cost and limits: docs/sql.md.
"""

import base64
import fcntl
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.ipc

from egide.adapters.engines.duckdb import wire
from egide.model.errors import BadUsage, Denied, HubError, Unreachable
from egide.model.query import Limits, Result
from egide.ports.engine import Feed

QUIET = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # the worker's whole environment
START = 30.0  # seconds for a worker to be ready, on a machine that is busy
GRACE = 3.0  # seconds between the engine's own interrupt and the end of its process
WORKER = "egide.adapters.engines.duckdb.worker"
PIPE_BYTES = 1 << 20
SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, not named by every Python we run on

REACHED = {"memory", "time", "rows", "permission", "statement"}
BROKEN = {"broken", "crashed"}


def error_of(code: str, limits: Limits) -> HubError:
    """The engine's code as the hub's error: a general sentence, no value, no SQL."""
    if code in BROKEN:
        return Unreachable(f"engine.{code}")
    kind = Denied if code in REACHED else BadUsage
    return kind(f"engine.{code}", rows=limits.rows, seconds=limits.seconds, memory=limits.memory >> 20)


@dataclass(frozen=True)
class Worker:
    process: subprocess.Popen[bytes]
    channel: socket.socket
    result: int


@dataclass(frozen=True)
class FencedEngine:
    """`temp` is where spill may go, in a folder of its own per query; without it queries stay in memory.

    `walls` of the last query say what the kernel granted (`egide doctor` prints them).
    """

    temp: Path | None = None
    walls: set[str] = field(default_factory=set)

    def run(
        self,
        sql: str,
        tables: Mapping[str, Feed],
        limits: Limits,
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> Result:
        asked = _columns(tables, columns)
        pour = Pour()

        def opened(worker: Worker, name: str) -> None:
            if name not in asked:
                raise error_of("crashed", limits)
            pour.start(worker.channel, tables[name], asked[name])

        try:
            with self._folder(limits) as folder, _started(folder) as worker:
                wire.send(worker.channel, _request(sql, tables, asked, limits))
                table = self._serve(worker, opened, limits)
        finally:
            pour.finish()
        return _result(table)

    @contextmanager
    def _folder(self, limits: Limits) -> Iterator[Path | None]:
        if self.temp is None or limits.temp == 0:
            yield None
            return
        self.temp.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="query-", dir=self.temp))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _serve(self, worker: Worker, opened: Callable[[Worker, str], None], limits: Limits) -> pa.Table:
        end = time.monotonic() + START
        while True:
            message = _next(worker, end, limits)
            if "open" in message:
                opened(worker, str(message["open"]))
            elif "walls" in message:
                end = time.monotonic() + limits.seconds + GRACE
                self.walls.clear()
                self.walls.update(message["walls"])
            elif "done" in message:
                return _read(worker, end, limits)
            else:
                raise error_of(str(message["failed"]), limits)


def _columns(
    tables: Mapping[str, Feed], columns: Mapping[str, Sequence[str]] | None
) -> dict[str, tuple[str, ...]]:
    """What is opened of each table: never nothing, since COUNT(*) needs a column to count by."""
    if columns is None:
        return {name: tuple(feed.names) for name, feed in tables.items()}
    return {name: tuple(columns[name]) or tuple(tables[name].names[:1]) for name in columns}


def _request(
    sql: str, tables: Mapping[str, Feed], columns: Mapping[str, Sequence[str]], limits: Limits
) -> dict[str, Any]:
    schemas = {
        name: pa.schema(tables[name].schema(listed)).serialize().to_pybytes()
        for name, listed in columns.items()
    }
    return {
        "sql": sql,
        "tables": {name: base64.b64encode(schema).decode() for name, schema in schemas.items()},
        "bounds": asdict(limits),
    }


@contextmanager
def _started(folder: Path | None) -> Iterator[Worker]:
    ours, theirs = socket.socketpair()
    result, write = os.pipe()
    with ours:
        with theirs:
            command = [sys.executable, "-I", "-m", WORKER, str(theirs.fileno()), str(write)]
            command += [str(folder)] if folder else []
            process = subprocess.Popen(
                command,
                pass_fds=(theirs.fileno(), write),
                env=QUIET,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            os.close(write)
        try:
            yield Worker(process, ours, result)
        finally:
            process.kill()
            process.wait()
            os.close(result)


def _next(worker: Worker, end: float, limits: Limits) -> dict[str, Any]:
    if not _ready(worker.channel.fileno(), end):
        raise error_of("time", limits)
    try:
        return wire.receive(worker.channel)
    except (wire.Closed, OSError):
        raise error_of("crashed", limits) from None


def _ready(descriptor: int, end: float) -> bool:
    ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
    return bool(ready)


@dataclass(frozen=True, eq=False)
class Pour:
    """Feeds on their way to the worker. A stream that breaks off looks like its end to a reader: so breaks are kept
    here and the whole query fails on the first."""

    threads: list[threading.Thread] = field(default_factory=list)
    broken: list[HubError] = field(default_factory=list)

    def start(self, channel: socket.socket, feed: Feed, columns: Sequence[str]) -> None:
        read, write = os.pipe()
        with suppress(OSError):
            fcntl.fcntl(write, SET_PIPE_SIZE, PIPE_BYTES)
        try:
            wire.send_pipe(channel, read)
        finally:
            os.close(read)
        thread = threading.Thread(target=self._pour, args=(feed, columns, write), daemon=True)
        self.threads.append(thread)
        thread.start()

    def finish(self) -> None:
        """Once the worker is gone. Raises what broke a feed."""
        for thread in self.threads:
            thread.join(GRACE)
        for error in self.broken:
            raise error

    def _pour(self, feed: Feed, columns: Sequence[str], end: int) -> None:
        with suppress(BrokenPipeError), os.fdopen(end, "wb") as out:
            try:
                reader = pa.RecordBatchReader.from_stream(feed.open(columns))
                _write(reader, out)
            except BrokenPipeError:
                raise  # the worker has enough: a LIMIT, an error of its own, or its end
            except HubError as error:
                self.broken.append(error)
            except (OSError, RuntimeError, ValueError, pa.ArrowException, duckdb.Error):
                self.broken.append(feed.trouble() or Unreachable("engine.feed"))


def _write(reader: pa.RecordBatchReader, out: BinaryIO) -> None:
    stream = pa.ipc.new_stream(out, reader.schema)
    for batch in reader:
        stream.write_batch(batch)
    stream.close()


def _read(worker: Worker, end: float, limits: Limits) -> pa.Table:
    watchdog = threading.Timer(max(0.0, end - time.monotonic()), worker.process.kill)
    watchdog.start()
    try:
        with os.fdopen(os.dup(worker.result), "rb") as stream:
            return pa.ipc.open_stream(stream).read_all()
    except (pa.ArrowInvalid, OSError):
        raise error_of("crashed", limits) from None
    finally:
        watchdog.cancel()


def _result(table: pa.Table) -> Result:
    columns = [column.to_pylist() for column in table.columns]
    rows = tuple(zip(*columns, strict=True)) if columns else ()
    return Result(tuple(table.column_names), tuple(str(f.type) for f in table.schema), rows)
