"""What a checked, pseudonymised, bucketed, sorted, sealed intake costs beside DuckDB's bare copy of the same CSV to Parquet.

    python bench/intake.py [--people N] [--years A-B] [--pairs N] [--folder DELIVERY] [--json]

Both read the same synthetic delivery of six tables with all columns typed as the registry says. The bare copy checks
nothing, sorts nothing and seals nothing. Each run is a process of its own; times are CPU seconds (user and system, all
threads) of the work alone, in interleaved pairs, and ratios are medians over the pairs. `without profile` leaves out the
catalogue's column profiles.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS = {"with profile": 2.5, "without profile": 2.0}
KINDS = {"text": "VARCHAR", "integer": "BIGINT", "date": "DATE", "datetime": "TIMESTAMP"}


def bare(folder: Path) -> None:
    """DuckDB's own copy: typed columns, two threads, zstd."""
    import duckdb

    from egide.registry import model_of, resolve
    from egide.stages.arrive import read_manifest

    model = model_of("snds")
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    for number, file in enumerate(read_manifest(folder).files):
        table, _ = resolve(model, file.table)
        with (folder / file.path).open(encoding="utf-8") as lines:
            header = lines.readline().rstrip("\n").split(";")
        types = {}
        for name in header:
            column = table.column(name)
            decimal = f"DECIMAL({column.precision or 18},{column.scale or 0})"
            known = column.date_format is None
            types[name] = KINDS.get(column.kind.value, decimal) if known else "VARCHAR"
        listed = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
        connection.execute(
            f"COPY (SELECT * FROM read_csv('{folder / file.path}', delim=';', header=true, quote='', escape='', "
            f"dateformat='%d/%m/%Y', auto_detect=false, columns={{{listed}}})) "
            f"TO '{folder}/../bare-{number}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )


def ours(folder: Path, home: Path, profiled: bool) -> None:
    """The whole way in, to a snapshot that is published."""
    from egide.journey import intake, publish
    from egide.journey.start import init

    class Silent:
        def __init__(self, _table: object) -> None: ...
        def add(self, _batch: object) -> None: ...
        def finish(self) -> dict[str, object]:
            return {}

    hub, _ = init(home)
    if not profiled:
        intake.Profiler = Silent
    _begin()
    intake.deliver(hub, folder, "cnam")
    del publish


_started = (0.0, 0.0)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _begin() -> None:
    global _started
    _started = (_cpu(), time.monotonic())


def child(kind: str, folder: Path) -> None:
    """One measured run; prints CPU and wall seconds and peak memory in MiB."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        _begin()
        if kind == "bare":
            bare(folder)
        else:
            ours(folder, scratch / "home", kind == "with profile")
        cpu, wall = _cpu() - _started[0], time.monotonic() - _started[1]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak}))
    finally:
        shutil.rmtree(scratch)


def run(kind: str, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--child", kind, "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--years", default="2019-2024")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--child")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.child:
        child(given.child, given.folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        os.environ |= {"XDG_CONFIG_HOME": scratch, "EGIDE_UNATTENDED": "1"}
        folder = given.folder or _delivery(Path(scratch) / "delivery", given.people, given.years)
        rows = _rows(folder)
        runs: dict[str, list[dict[str, float]]] = {"bare": [], "with profile": [], "without profile": []}
        for _ in range(given.pairs):
            for kind, found in runs.items():
                found.append(run(kind, folder))
    lines = [_line(kind, runs, rows) for kind in TARGETS]
    for line in lines:
        print(
            f"{rows:,} rows  {line['kind']:<16} bare {line['bare']:6.2f} s  ours {line['ours']:6.2f} s  ratio {line['ratio']:4.2f}"
            f"  target {line['target']:.2f}  wall ratio {line['wall']:4.2f}  peak {line['peak']:,.0f} MiB",
            file=sys.stderr,
        )
    if given.json:
        print(json.dumps({"rows": rows, "lines": lines}))


def _line(kind: str, runs: dict[str, list[dict[str, float]]], rows: int) -> dict[str, object]:
    pairs = list(zip(runs["bare"], runs[kind], strict=True))
    return {
        "kind": kind,
        "bare": statistics.median(b["cpu"] for b, _ in pairs),
        "ours": statistics.median(o["cpu"] for _, o in pairs),
        "ratio": statistics.median(o["cpu"] / b["cpu"] for b, o in pairs),
        "wall": statistics.median(o["wall"] / b["wall"] for b, o in pairs),
        "peak": max(o["peak"] for _, o in pairs),
        "target": TARGETS[kind],
        "rows": rows,
    }


def _delivery(folder: Path, people: int, years: str) -> Path:
    from egide.journey.make import synth

    first, last = (int(y) for y in years.split("-"))
    synth(folder, people=people, years=range(first, last + 1), seed=1)
    return folder


def _rows(folder: Path) -> int:
    from egide.stages.arrive import read_manifest

    return sum(f.rows for f in read_manifest(folder).files)


if __name__ == "__main__":
    main()
