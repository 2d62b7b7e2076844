"""A stranger restores a dataset with tools/restore.py from store, export and keyring alone, and every change stops it."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from egide.adapters.keys.file import FileKeys
from egide.adapters.stores import FolderSettings, FolderStore
from egide.crypto.key import Key
from egide.crypto.keyring_file import Cost
from egide.crypto.seal import SealWriter
from egide.crypto.sign import SigningKey
from egide.model.sealed import Context, Entry, Role, WrappedKey
from egide.model.snapshot import Root
from egide.stages.seal.snapshot import Written, compose

TOOL = Path(__file__).parents[2] / "tools" / "restore.py"
HUB, SET = "hub-1", "snds"


class Restorable:
    """A small dataset written as the hub writes it, and what a restore needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FolderStore(FolderSettings(folder / "store"))
        self.keys = FileKeys.make(folder / "keyring", b"a passphrase", HUB, Cost(1 << 14))
        (folder / "passphrase").write_bytes(b"a passphrase\n")
        self.keys.rotate(SET)
        self.rows: list[WrappedKey] = []
        self.tables: dict[str, list[pa.Table]] = {"ER_PRS_F": [], "IR_BEN_R": []}
        signing = SigningKey.from_bytes(self.keys.create("sign/snapshot").expose())
        changes = {
            (table, period): [self._part(table, period, b) for b in (0, 1)] for table, period in PLACES
        }
        changes["ER_PRS_F", "2021"].append(self._part("ER_PRS_F", "2021", 0, Role.QUARANTINE))
        base = Root(HUB, SET, 1, "", "2026-01-01T00:00:00Z", "snds", "1", ("d-1",), 0, ())
        snapshot = compose(None, changes, base=base, key=signing, folder=folder)
        for written in (*snapshot.manifests, snapshot.root):
            self._keep(written)
        self.export: dict[str, Any] = {
            "format": "egide/1",
            "hub": HUB,
            "dataset": SET,
            "head": {"sequence": 1, "root": snapshot.head.root, "key_id": snapshot.head.key_id},
            "keys": [
                {"key_id": r.key_id, "kek_version": r.kek_version, "wrapped": r.wrapped.hex()}
                for r in self.rows
            ],
            "verify_key": signing.verify_key.hex,
        }

    def _part(self, table: str, period: str, bucket: int, role: Role = Role.PART) -> Entry:
        made = pa.table({"bucket": [bucket] * 1000, "n": range(1000), "period": [period] * 1000})
        key = Key.generate()
        with SealWriter(self.folder, key, Context(HUB, SET, role, key.id)) as out:
            pq.write_table(made, out)
            sealed = out.finish()
        self._keep(Written(sealed, out.path, key))
        if role is Role.PART:
            self.tables[table].append(made)
        return Entry(
            sealed.name, key.id, sealed.size, sealed.plain_size, 1000, table, period, bucket, 2, "d-1", role
        )

    def _keep(self, written: Written) -> None:
        self.store.put(written.sealed.name, written.path)
        written.path.unlink()
        self.rows.append(self.keys.wrap(SET, written.key))

    def object_path(self, name: str) -> Path:
        return self.folder / "store" / "objects" / name[:2] / name

    def restore(self) -> "subprocess.CompletedProcess[str]":
        (self.folder / "export.json").write_text(json.dumps(self.export))
        names = {"store": "store", "export": "export.json", "keyring": "keyring", "out": "out"}
        given = [f"--{option}={self.folder / name}" for option, name in names.items()]
        passphrase = f"--passphrase-file={self.folder / 'passphrase'}"
        command = [sys.executable, "-I", str(TOOL), *given, passphrase]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)


PLACES = [("ER_PRS_F", "2020"), ("ER_PRS_F", "2021"), ("IR_BEN_R", "all")]


@pytest.fixture
def saved(tmp_path: Path) -> Restorable:
    return Restorable(tmp_path)


def test_every_table_comes_back_as_ordinary_parquet(saved: Restorable) -> None:
    done = saved.restore()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ER_PRS_F: 4000 rows\nIR_BEN_R: 2000 rows\n"
    for table, parts in saved.tables.items():
        files = sorted((saved.folder / "out" / table).iterdir())
        back = pa.concat_tables([pq.read_table(file) for file in files])
        order = [("period", "ascending"), ("bucket", "ascending"), ("n", "ascending")]
        assert back.sort_by(order).equals(pa.concat_tables(parts).sort_by(order))


def test_it_shares_no_code_with_the_hub() -> None:
    source = TOOL.read_text("utf-8")
    assert len(source.splitlines()) < 200
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"cryptography", "pyarrow"}


def _flipped(data: bytes) -> bytes:
    return data[:-20] + bytes((data[-20] ^ 1,)) + data[-19:]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "flipped": _flipped,
    "cut": lambda d: d[:-1],
    "longer": lambda d: d + b"\0",
    "emptied": lambda d: b"",
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_altered_object_is_named(saved: Restorable, change: str) -> None:
    for name in saved.store.names():
        path = saved.object_path(name)
        good = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(CHANGES[change](good))
        done = saved.restore()
        assert (done.returncode, done.stdout) == (5, "")
        assert name in done.stderr
        path.write_bytes(good)
        if change != "flipped":
            break


def test_a_missing_object_is_named(saved: Restorable) -> None:
    name = saved.export["head"]["root"]
    saved.store.delete(name)
    done = saved.restore()
    assert done.returncode == 5 and name in done.stderr


def test_what_the_export_or_keyring_lacks_stops_it(saved: Restorable) -> None:
    good = json.dumps(saved.export)
    for change, code in (
        (lambda e: e.update(keys=[]), 4),
        (lambda e: e.update(hub="hub-2"), 5),
        (lambda e: e.update(dataset="other"), 4),
        (lambda e: e["head"].update(sequence=2), 5),
        (lambda e: e.update(verify_key=SigningKey.generate().verify_key.hex), 5),
        (lambda e: [k.update(wrapped="00" * 60) for k in e["keys"]], 5),
    ):
        saved.export = json.loads(good)
        change(saved.export)
        assert saved.restore().returncode == code
    saved.export = json.loads(good)
    saved.keys.destroy(SET, 1)
    assert saved.restore().returncode == 4
    (saved.folder / "passphrase").write_bytes(b"another")
    done = saved.restore()
    assert done.returncode == 4 and "passphrase" in done.stderr
