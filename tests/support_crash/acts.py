"""What a killed or a surviving process does, each in a process of its own. Answers are figures and names."""

import hashlib
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from egide import wiring
from egide.journey.doctor import doctor
from egide.journey.identity import dataset_of
from egide.journey.intake import deliver
from egide.journey.known import head_of, open_part, read_dataset
from egide.journey.record import verify_ledger
from egide.journey.snapshots import snapshot_verify
from egide.model.errors import HubError
from egide.model.records import DatasetRow, DeliveryRow, KeyRow, SnapshotRow
from egide.model.sealed import Entry, Role
from egide.model.table import Domain
from egide.registry import model_of
from egide.wiring import Hub
from support_crash.homes import new_delivery, new_home

Told = dict[str, object]


def take_in(home: str, folder: str, kill_at: str = "", done: str = "") -> Told:
    """Delivers; `done` names a file that is written once `deliver` has returned."""
    os.environ["EGIDE_KILL_AT"] = kill_at
    report = deliver(wiring.open_hub(Path(home)), Path(folder), "cnam")
    if done:
        Path(done).write_bytes(b"returned")
    return {
        "verdict": report.verdict,
        "rows": {t.table: [t.rows_in, t.accepted, t.quarantined] for t in report.tables.values()},
    }


def begin(home: str, done: str) -> Told:
    """Makes a hub."""
    from egide.journey.start import init

    init(Path(home), buckets=1)
    Path(done).write_bytes(b"returned")
    return {}


def dated(home: str, now: str) -> Told:
    """Something happens while the clock says `now`."""
    from egide.journey.start import add_holder

    hub = wiring.open_hub(Path(home))
    hub.now = lambda: now  # type: ignore[method-assign]
    add_holder(hub, "late", "snds")
    return {}


def typed(arguments: list[str], env: dict[str, str]) -> Told:
    """A command as typed: the entry point that the installed command calls, its streams caught in files."""
    from egide.cli import main

    os.environ.update(env)
    caught = {1: os.memfd_create("out"), 2: os.memfd_create("err")}
    for descriptor, file in caught.items():
        os.dup2(file, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(n, mode, encoding="utf-8", closefd=False) for n, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    code = main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = (os.pread(file, 1 << 20, 0).decode() for file in caught.values())
    return {"code": code, "out": out, "err": err}


def look(home: str, folder: str = "", thorough: bool = True) -> Told:
    """After a crash: what the doctor finds and cleans, whether all verifies, what the datasets hold; with `folder`,
    also what they hold once it is delivered again."""
    hub = wiring.open_hub(Path(home))
    found = doctor(hub)
    cleaned = doctor(hub, clean=True)
    told: Told = {
        "found": Counter(str(p["problem"]) for p in _list(found["problems"])),
        "cleaned": Counter(str(p["problem"]) for p in _list(cleaned["cleaned"])),
        "left": [p["problem"] for p in _list(cleaned["problems"])],
        "again": [p["problem"] for p in _list(doctor(hub)["problems"])],
        **state(hub, thorough),
    }
    if folder:
        told["redelivered"] = deliver(hub, Path(folder), "cnam").verdict
        told["after"] = state(hub, thorough)
    return told


def opened(home: str) -> Told:
    """Whether a hub opens here, or what is said instead."""
    try:
        wiring.open_hub(Path(home))
    except HubError as problem:
        return {"said": problem.key}
    return {"said": "open"}


def owner_acts(home: str) -> Told:
    """A new hub's owner enrols somebody: keyring, records, ledger and identity file all have to be there."""
    from egide.journey.start import acting, add_account
    from egide.model.act import AccountRole

    hub = wiring.open_hub(Path(home))
    account, _ = acting(hub, None)
    add_account(hub, "after", [AccountRole.REVIEWER])
    return {"account": account.name, "ledger": verify_ledger(hub).sound, "left": doctor(hub)["problems"]}


def state(hub: Hub, thorough: bool = True) -> Told:
    """Everything that a crash may not change, or must change whole. `thorough`: every row is read back."""
    verified = snapshot_verify(hub)
    return {
        "ledger": verify_ledger(hub).sound,
        "broken": [*_list(verified["altered"]), *_list(verified["missing"])],
        "deliveries": {d.id: d.verdict for d in hub.records.where(DeliveryRow)},
        "snapshots": len(hub.records.where(SnapshotRow)),
        "keys": hub.records.count(KeyRow),
        "objects": sum(1 for _ in hub.store.names()),
        "rows": {d.id: content(hub, d, thorough) for d in hub.records.where(DatasetRow)},
    }


def content(hub: Hub, dataset: DatasetRow, thorough: bool) -> Told:
    """Rows of each table with a hash of all their values, whatever their order; the refused and the links likewise."""
    head = head_of(hub, dataset.id)
    assert head is not None
    _, entries = read_dataset(hub, head)
    model = model_of(dataset.model, dataset.model_version)
    found: Told = {}
    for table, role in sorted({(e.table, e.role) for e in entries}):
        mine = [e for e in entries if (e.table, e.role) == (table, role)]
        hidden = {
            c.name for c in model.tables[table].columns if c.domain is not None and c.domain is not Domain.ROW
        }
        hashed = _hashed(hub, dataset.id, mine, {"PERSON_ID", *hidden}) if thorough else None
        found[f"{table}/{role.value}"] = [sum(e.rows for e in mine), hashed]
    linked = dataset_of(dataset.id)
    if head := head_of(hub, linked):
        links = [e for e in read_dataset(hub, head)[1] if e.role is Role.IDENTITY]
        found["links"] = [sum(e.rows for e in links), None]
    return found


@dataclass
class _Sum:
    """A sum of hashes forgets the order of rows, not how often each stands there."""

    whole: int = 0
    unnamed: int = 0  # pseudonyms left out: the same in two hubs whose secrets differ

    def add(self, lines: list[bytes], names: bool) -> None:
        total = sum(int.from_bytes(hashlib.blake2b(line, digest_size=16).digest()) for line in lines)
        if names:
            self.whole += total
        else:
            self.unnamed += total


def _hashed(hub: Hub, dataset: str, entries: list[Entry], hidden: set[str]) -> list[str]:
    total = _Sum()
    for entry in entries:
        with open_part(hub, dataset, entry) as file:
            rows = pq.read_table(file)
        total.add(_lines(rows), names=True)
        total.add(_lines(rows.drop_columns([c for c in rows.column_names if c in hidden])), names=False)
    return [f"{total.whole % 2**128:032x}", f"{total.unnamed % 2**128:032x}"]


def _lines(rows: pa.Table) -> list[bytes]:
    """Each row as bytes, absent told from empty."""
    columns = [_bytes(rows.column(name).combine_chunks()) for name in sorted(rows.column_names)]
    joined = pc.binary_join_element_wise(*columns, b"\x1f")
    return list(joined.to_pylist())


def _bytes(values: pa.Array) -> pa.Array:
    values = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    if not pa.types.is_binary(values.type):
        values = values.cast(pa.string()).cast(pa.binary())
    return pc.fill_null(values, b"\x00absent")


def _list(found: object) -> list[dict[str, object]]:
    assert isinstance(found, list)
    return found


ACTS = {
    act.__name__: act
    for act in (new_home, new_delivery, take_in, begin, dated, typed, look, opened, owner_acts)
}
