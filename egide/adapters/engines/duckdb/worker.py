"""The process that runs one researcher's query and then ends. It never holds a key, a path or a setting of the hub.

Started by `fenced.py` as `python -I -m ... CHANNEL RESULT [FOLDER]` with an empty environment: two inherited file
descriptors, and where to spill. Arrow and DuckDB are imported once the first walls stand.
"""

import base64
import os
import socket
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egide.adapters.engines.duckdb import cell, wire

if TYPE_CHECKING:
    import pyarrow as pa

    from egide.adapters.engines.duckdb import fence


@dataclass(frozen=True, eq=False)
class Hub:
    """The hub's side as the worker sees it. Scans of one query may open tables from several threads."""

    channel: socket.socket
    turn: threading.Lock = field(default_factory=threading.Lock)

    def open(self, table: str) -> "pa.RecordBatchReader":
        import pyarrow as pa
        import pyarrow.ipc

        with self.turn:
            wire.send(self.channel, {"open": table})
            end = wire.receive_pipe(self.channel)
        return pa.ipc.open_stream(pa.PythonFile(os.fdopen(end, "rb", buffering=1 << 20), mode="r"))


def main(channel: socket.socket, result: int, folder: Path | None) -> None:
    early = cell.close_early(folder)
    import pyarrow as pa
    import pyarrow.ipc

    from egide.adapters.engines.duckdb import fence

    hub = Hub(channel)
    request = wire.receive(channel)
    bounds = fence.Bounds(folder=folder, **request["bounds"])
    connection = fence.engine(bounds)
    late = cell.close(bounds.memory, bounds.temp, folder)
    wire.send(channel, {"walls": sorted(early | late)})
    try:
        fence.fence(connection, _sources(hub, request["tables"]), bounds)
        answer = fence.ask(connection, request["sql"], bounds)
    except fence.FenceError as error:
        wire.send(channel, {"failed": error.code})
        return
    wire.send(channel, {"done": True})
    with os.fdopen(result, "wb") as out, pa.ipc.new_stream(out, answer.schema) as stream:
        stream.write_table(answer)


def _sources(hub: Hub, tables: dict[str, Any]) -> "dict[str, fence.Source]":
    from functools import partial

    import pyarrow as pa
    import pyarrow.ipc

    from egide.adapters.engines.duckdb import fence

    schemas = {
        name: pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text))) for name, text in tables.items()
    }
    return {name: fence.Source(schema, partial(hub.open, name)) for name, schema in schemas.items()}


if __name__ == "__main__":
    main(
        socket.socket(fileno=int(sys.argv[1])),
        int(sys.argv[2]),
        Path(sys.argv[3]) if len(sys.argv) > 3 else None,
    )
