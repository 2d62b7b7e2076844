"""The records and their ledger, altered by someone who holds every key: named by the ledger itself, or by the witness.

The last resort of whoever holds all keys is to write another history, true in itself: only the witness, which runs as
its own process here with its own home and key, remembers that there was another.
"""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.hubs import close_records, kept, reopened
from support.scene import scene

from egide.journey.ledgers import ledger_verify, ledger_witness
from egide.journey.record import ledger_verifier, note, recorded
from egide.journey.snapshots import snapshot_verify
from egide.journey.start import add_holder
from egide.model.errors import Tampered
from egide.model.event import EventKind
from egide.wiring import RECORDS, Hub

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(scope="module")
def delivered(hub: Hub, place: Path) -> Hub:
    return scene(hub, place)


@dataclass
class Witness:
    """tools/witness.py as its own process, with a home of its own, following this hub's ledger."""

    home: Path
    hub: Hub
    url: str = ""
    verifier: str = ""

    def tool(self, *arguments: str) -> str:
        command = [sys.executable, "-P", str(TOOLS / "witness.py"), "--home", str(self.home), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    def countersigns(self, hub: Hub) -> None:
        ledger_witness(hub, self.url, self.verifier)

    def refuses(self, hub: Hub) -> str:
        """The key of its refusal."""
        with pytest.raises(Tampered) as refusal:
            self.countersigns(hub)
        return refusal.value.key


@pytest.fixture
def witness(delivered: Hub, tmp_path: Path) -> Iterator[Witness]:
    found = Witness(tmp_path / "witness", delivered)
    found.tool("init", "witness.example/w1")
    found.tool("follow", str(ledger_verifier(delivered)))
    found.verifier = found.tool("show-key")
    command = [
        sys.executable,
        "-P",
        str(TOOLS / "witness.py"),
        "--home",
        str(found.home),
        "--port",
        "0",
        "serve",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    found.url = json.loads(process.stdout.readline())["listening"]
    yield found
    process.send_signal(signal.SIGINT)
    process.wait(20)
    process.stdout.close()


def happens(hub: Hub, what: str) -> None:
    with recorded(hub, EventKind.RECORDS_CHANGED, what=what):
        pass


def test_records_put_back_as_they_were_are_named_by_the_witness(delivered: Hub, witness: Witness) -> None:
    """An older copy of the records is true in itself: every leaf, node, head and object verifies."""
    with kept(delivered):
        close_records()
        older = (delivered.home / RECORDS).read_bytes()
        add_holder(delivered, "later", "snds")
        witness.countersigns(delivered)
        close_records()
        (delivered.home / RECORDS).write_bytes(older)
        back = reopened(delivered)
        assert ledger_verify(back)["verified"]
        assert snapshot_verify(back)["altered"] == []
        assert witness.refuses(back) == "witness.ahead"
        for number in range(
            5
        ):  # grown past what the witness saw: another history of the same length, then longer
            happens(back, f"other {number}")
        assert ledger_verify(back)["verified"]
        assert witness.refuses(back) == "witness.inconsistent"


def test_a_fork_of_the_records_is_named_by_the_witness(delivered: Hub, witness: Witness) -> None:
    with kept(delivered):
        close_records()
        fork = (delivered.home / RECORDS).read_bytes()
        happens(delivered, "true")
        witness.countersigns(delivered)
        close_records()
        (delivered.home / RECORDS).write_bytes(fork)
        other = reopened(delivered)
        happens(other, "false")
        assert ledger_verify(other)["verified"]
        assert witness.refuses(other) == "witness.fork"


def test_a_ledger_rewritten_with_the_hubs_own_key_is_named_by_the_witness(
    delivered: Hub, witness: Witness
) -> None:
    """Everything after one event is written again: leaves, nodes and heads, properly signed."""
    with kept(delivered):
        witness.countersigns(delivered)
        size = delivered.records.ledger.size()
        close_records()
        with sqlite3.connect(delivered.home / RECORDS) as database:
            for table in ("ledgerleaf", "ledgernode", "ledgerhead"):
                database.execute(f"DELETE FROM egide_records_{table}")
        database.close()
        again = reopened(delivered)
        with again.records.changing():
            for number in range(size + 2):
                note(again, EventKind.RECORDS_CHANGED, what=f"never {number}")
        happens(again, "so it was")
        assert ledger_verify(again)["verified"]
        assert witness.refuses(again) == "witness.inconsistent"
        assert snapshot_verify(again)["altered"] != []  # nor does the new history know of the snapshots


LEDGER_DEEDS = {
    "leaf altered": "UPDATE egide_records_ledgerleaf SET leaf = CAST(replace(leaf, '2', '3') AS BLOB) WHERE \"index\" = 2",
    "leaf removed": 'DELETE FROM egide_records_ledgerleaf WHERE "index" = 3',
    "last leaf removed": 'DELETE FROM egide_records_ledgerleaf WHERE "index" ='
    ' (SELECT max("index") FROM egide_records_ledgerleaf)',
    "leaves swapped": "UPDATE egide_records_ledgerleaf SET leaf = (SELECT leaf FROM egide_records_ledgerleaf b"
    ' WHERE b."index" = 5 - egide_records_ledgerleaf."index") WHERE "index" IN (2, 3)',
    "node altered": 'UPDATE egide_records_ledgernode SET hash = zeroblob(32) WHERE level = 1 AND "index" = 0',
    "node removed": 'DELETE FROM egide_records_ledgernode WHERE level = 2 AND "index" = 0',
    "head replayed": "UPDATE egide_records_ledgerhead SET note = (SELECT note FROM egide_records_ledgerhead"
    " ORDER BY size LIMIT 1)",
    "heads removed": "DELETE FROM egide_records_ledgerhead",
}


@pytest.mark.parametrize("deed", LEDGER_DEEDS)
def test_a_ledger_altered_in_place_is_named(delivered: Hub, deed: str) -> None:
    assert ledger_verify(delivered)["verified"]
    with kept(delivered):
        close_records()
        with sqlite3.connect(delivered.home / RECORDS) as database:
            assert database.execute(LEDGER_DEEDS[deed]).rowcount > 0
        database.close()
        told = ledger_verify(reopened(delivered))
        assert not told["verified"] and told["problems"], deed
    assert ledger_verify(delivered)["verified"]
