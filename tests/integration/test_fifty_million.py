"""The largest delivery that one machine is promised to take: 50 million rows below 2 GiB (docs/performance.md)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = 50_000_000
PEOPLE = 295_000
BUCKETS = 32
MEMORY = 2 << 10  # MiB

TAKE_IN = """
import json, resource, sys
from pathlib import Path
from egide.journey.intake import deliver
from egide.journey.start import init
hub, _ = init(Path(sys.argv[2]), buckets=int(sys.argv[3]))
report = deliver(hub, Path(sys.argv[1]), "cnam").as_json()
used = resource.getrusage(resource.RUSAGE_SELF)
told = {k: report[k] for k in ("rows_in", "rows_accepted", "rows_quarantined", "bytes_plain", "bytes_sealed", "seconds")}
print(json.dumps({**told, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}))
"""
MAKE = """
import sys
from pathlib import Path
from egide.journey.make import synth
synth(Path(sys.argv[1]), people=int(sys.argv[2]), years=range(2019, 2025), seed=1)
"""


def run(script: str, folder: Path, *arguments: object) -> str:
    given = {**os.environ, "XDG_CONFIG_HOME": str(folder), "EGIDE_UNATTENDED": "1", "MALLOC_ARENA_MAX": "2"}
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=given,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.prove
def test_fifty_million_rows_below_two_gibibytes(tmp_path: Path) -> None:
    run(MAKE, tmp_path, tmp_path / "delivery", PEOPLE)
    told = json.loads(
        run(TAKE_IN, tmp_path, tmp_path / "delivery", tmp_path / "home", BUCKETS).splitlines()[-1]
    )
    print(told)
    assert told["rows_in"] >= ROWS
    assert told["rows_in"] == told["rows_accepted"] + told["rows_quarantined"]
    assert told["peak"] < MEMORY
