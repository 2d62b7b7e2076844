"""What sealing costs a reader: DuckDB over sealed objects beside DuckDB over the very same Parquet files in clear.

    python bench/scan.py [--rows N] [--files N] [--pairs N] [--json]

Both sides have the same settings, one process, a warm page cache and no cache of file contents. Times are CPU seconds
of the whole process (user and system, all threads), taken in interleaved pairs; ratios are medians over the pairs.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from egide.adapters.engines.duckdb import sealed_files

sealed_files.tune_allocator()  # before DuckDB and Arrow start their threads

import duckdb  # noqa: E402
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from egide.adapters.stores.folder import FolderSettings, FolderStore  # noqa: E402
from egide.crypto.key import Key  # noqa: E402
from egide.crypto.seal import seal_bytes  # noqa: E402
from egide.model.sealed import Context, Role  # noqa: E402

ROW_GROUP = 122_880
TARGETS = {"aggregate": 1.10, "selective": 1.35, "heavy": 1.03, "one person": 1.30}
QUERIES = {
    "aggregate": "SELECT act, count(*), sum(paid), avg(asked), max(day) FROM {files} GROUP BY act ORDER BY act",
    "selective": "SELECT sum(paid), min(day), max(provider), count(*) FROM {files} WHERE draw < 100",
    "heavy": (
        "SELECT count(*), sum(visits), max(last) FROM (SELECT person, count(DISTINCT provider) AS visits,"
        " max(day) AS last, sum(paid) AS paid FROM {files} GROUP BY person) WHERE paid > 0"
    ),
    "one person": "SELECT * FROM {files} WHERE person = {person} ORDER BY day",
}


@dataclass(frozen=True)
class Lake:
    """The same files twice, and someone who is in them."""

    plain: tuple[Path, ...]
    sealed: tuple[str, ...]
    files: sealed_files.SealedFiles
    person: bytes
    plain_bytes: int
    sealed_bytes: int


@dataclass(frozen=True)
class Line:
    files: int
    megabytes: float
    query: str
    plain_seconds: float
    sealed_seconds: float
    ratio: float
    target: float


def make_table(rows: int, people: int, seed: int, bucket: int) -> pa.Table:
    """26 columns shaped like care acts, sorted by person and day."""
    rng = np.random.default_rng((seed, bucket))
    owner = np.sort(rng.integers(0, people, rows))
    indices = pa.array(owner.astype(np.int32))
    pseudonyms = pa.array([rng.bytes(20) for _ in range(people)], pa.binary(20))
    person = pa.DictionaryArray.from_arrays(indices, pseudonyms)
    columns: dict[str, pa.Array] = {"person": person}
    columns["day"] = pa.array(rng.integers(17_900, 20_000, rows).astype(np.int32)).cast(pa.date32())
    columns["act"] = pa.array(rng.integers(1000, 1200, rows).astype(np.int32))
    columns["provider"] = pa.array(rng.integers(0, 300_000, rows))
    columns["paid"] = pa.array(rng.gamma(2.0, 900.0, rows).astype(np.int64))
    columns["asked"] = pa.array(rng.gamma(2.0, 1200.0, rows).astype(np.int64))
    columns["draw"] = pa.array(rng.integers(0, 10_000, rows).astype(np.int32))
    for number in range(19):
        width = 3 + number * 7
        columns[f"code_{number:02}"] = pa.array(rng.integers(0, width, rows).astype(np.int32))
    return pa.table(columns)


def make_lake(folder: Path, rows: int, files: int, seed: int = 1) -> Lake:
    """Plain files, and the same bytes sealed into a store."""
    store, key = FolderStore(FolderSettings(folder / "store")), Key.generate()
    context = Context("bench", "scan", Role.PART, key.id)
    plain: list[Path] = []
    objects: dict[str, int] = {}
    person = b""
    for bucket in range(files):
        table = make_table(rows // files, max(1, rows // files // 60), seed, bucket)
        path = folder / f"part-{bucket:03}.parquet"
        pq.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP)
        sealed, temporary = seal_bytes(path.read_bytes(), folder, key, context)
        store.put(sealed.name, temporary)
        temporary.unlink()
        plain.append(path)
        objects[sealed.name] = sealed.plain_size
        person = table["person"][table.num_rows // 2].as_py()
    reader = sealed_files.SealedFiles(store, lambda name: (key, context, objects[name]))
    names = tuple(objects)
    sealed_bytes = sum(map(store.size, names))
    return Lake(tuple(plain), names, reader, person, sum(objects.values()), sealed_bytes)


def connect(lake: Lake, threads: int) -> duckdb.DuckDBPyConnection:
    """One connection for both sides, so that every setting is shared."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    sealed_files.attach(connection, lake.files)
    return connection


def cpu(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def measure(lake: Lake, pairs: int, threads: int) -> Iterator[Line]:
    """Every query on both sides, answers compared, then timed in turn."""
    connection = connect(lake, threads)
    sides = {
        "plain": [str(path) for path in lake.plain],
        "sealed": [sealed_files.path_of(name) for name in lake.sealed],
    }
    for query, sql in QUERIES.items():
        asked = {
            side: sql.format(files=f"read_parquet({paths})", person=f"'{_blob(lake.person)}'::BLOB")
            for side, paths in sides.items()
        }
        answers = {side: sealed_files.run(connection, lake.files, text) for side, text in asked.items()}
        if not answers["plain"].equals(answers["sealed"]):
            raise SystemExit(f"{query}: the answers differ")
        yield _line(lake, query, [_pair(connection, asked, turn) for turn in range(pairs)])


def _pair(connection: duckdb.DuckDBPyConnection, asked: dict[str, str], turn: int) -> dict[str, float]:
    order = list(asked) if turn % 2 else list(reversed(asked))
    return {side: cpu(lambda s=side: connection.execute(asked[s]).fetchall()) for side in order}  # type: ignore[misc]


def _line(lake: Lake, query: str, pairs: list[dict[str, float]]) -> Line:
    return Line(
        len(lake.plain),
        lake.plain_bytes / 1e6,
        query,
        statistics.median(p["plain"] for p in pairs),
        statistics.median(p["sealed"] for p in pairs),
        statistics.median(p["sealed"] / p["plain"] for p in pairs),
        TARGETS[query],
    )


def _blob(value: bytes) -> str:
    return "".join(f"\\x{byte:02X}" for byte in value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=6_000_000)
    parser.add_argument("--files", type=int, nargs="+", default=[8, 64])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    lines: list[Line] = []
    for files in given.files:
        with tempfile.TemporaryDirectory() as folder:
            lake = make_lake(Path(folder), given.rows, files)
            overhead = lake.sealed_bytes / lake.plain_bytes - 1
            print(f"{files} files, sealing and padding add {overhead:.2%}", file=sys.stderr)
            for line in measure(lake, given.pairs, given.threads):
                lines.append(line)
                print(
                    f"{line.files:4} x {line.megabytes / line.files:5.1f} MB  {line.query:<11}"
                    f" plain {line.plain_seconds:7.3f} s  sealed {line.sealed_seconds:7.3f} s"
                    f"  ratio {line.ratio:5.2f}  target {line.target:4.2f}",
                    file=sys.stderr,
                )
    if given.json:
        print(json.dumps({"rows": given.rows, "lines": [vars(line) for line in lines]}))


if __name__ == "__main__":
    main()
