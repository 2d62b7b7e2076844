"""The doctor names what a crash or a hand left behind, cleans what nothing needs, and touches nothing else."""

import fcntl
import hashlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support_crash.bad.case import EGIDE
from support_crash.homes import copied
from support_crash.workers import Workers

Doctor = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with Workers(tmp_path_factory.mktemp("config")) as workers:
        yield workers


@pytest.fixture(scope="module")
def held(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub that holds a delivery."""
    folder = tmp_path_factory.mktemp("held")
    workers.done("new_home", home=str(folder / "home"), buckets=1)
    workers.done("new_delivery", out=str(folder / "delivery"), people=50, seed=1)
    workers.done("take_in", home=str(folder / "home"), folder=str(folder / "delivery"))
    return folder / "home"


@pytest.fixture
def home(held: Path, tmp_path: Path) -> Path:
    return copied(held, tmp_path / "home")


@pytest.fixture
def doctor(workers: Workers, home: Path) -> Doctor:
    """`egide doctor --json`, as typed."""

    def ask(*more: str, code: int = 0) -> dict[str, Any]:
        answer = workers.done("typed", arguments=["doctor", "--json", "--home", str(home), *more], env={})
        assert answer["code"] == code, answer["err"] + answer["out"]
        told: dict[str, Any] = json.loads(answer["out"])
        return told

    return ask


def named(told: dict[str, Any], what: str = "problems") -> list[tuple[str, str]]:
    return [(p["problem"], p["what"]) for p in told[what]]


def objects(home: Path) -> list[Path]:
    return sorted(p for p in (home / "store").rglob("*") if p.is_file())


def root_object(home: Path, dataset: str = "snds-cnam-c0") -> Path:
    with closing(sqlite3.connect(home / "records.sqlite3")) as records:
        asked = "SELECT root FROM egide_records_snapshotrow WHERE dataset = ?"
        [[name]] = records.execute(asked, [dataset])
    return home / "store" / "objects" / name[:2] / name


def test_a_sound_hub_has_no_problem_and_its_notes(doctor: Doctor) -> None:
    told = doctor()
    assert named(told) == named(told, "cleaned") == []
    assert any("one person holds all keys" in note for note in told["notes"])
    assert any("beside the keyring" in note for note in told["notes"])


def test_what_nothing_needs_is_named_and_cleaned(doctor: Doctor, home: Path) -> None:
    before = objects(home)
    data = os.urandom(100)
    orphan = hashlib.sha256(data).hexdigest()
    folder = home / "store" / "objects" / orphan[:2]
    folder.mkdir(exist_ok=True)
    (folder / orphan).write_bytes(data)
    (folder / ".incoming-0011").write_bytes(b"half")
    (home / "temp" / "process-gone" / "delivery-x").mkdir(parents=True)
    (home / "temp" / "stray.sealing").write_bytes(b"x")
    with closing(sqlite3.connect(home / "records.sqlite3")) as records, records:
        records.execute(
            "INSERT INTO egide_records_keyrow (key_id, dataset, kek_version, wrapped) VALUES (?, ?, 1, ?)",
            ["0" * 32, "snds-cnam-c0", b"x"],
        )
    left = {
        ("orphan", orphan),
        ("leftover", f"{orphan[:2]}/.incoming-0011"),
        ("temporary", "process-gone"),
        ("temporary", "stray.sealing"),
        ("orphan-key", "0" * 32),
    }
    assert set(named(doctor(code=1))) == left
    told = doctor("--clean")
    assert named(told) == []
    assert set(named(told, "cleaned")) == left
    assert named(doctor()) == []
    assert objects(home) == before


def test_what_a_living_process_uses_is_left_alone(doctor: Doctor, home: Path) -> None:
    living = home / "temp" / "process-alive"
    living.mkdir(parents=True)
    (living / "spill").write_bytes(b"sealed")
    handle = os.open(living, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        assert named(doctor("--clean")) == []
        assert (living / "spill").exists()
    finally:
        os.close(handle)
    assert named(doctor("--clean"), "cleaned") == [("temporary", "process-alive")]


def test_a_missing_and_a_shortened_object_are_named_and_stay(doctor: Doctor, home: Path) -> None:
    root = root_object(home)
    missing, short, *_ = [p for p in objects(home) if p.stat().st_size == 65536 and p != root]
    data = missing.read_bytes()
    missing.unlink()
    told = doctor("--clean", code=1)
    assert {kind for kind, _ in named(told)} <= {"missing", "snapshot"}  # a part of it, or of its manifest
    assert all(missing.name in p["message"] for p in told["problems"])
    missing.write_bytes(data)
    assert named(doctor()) == []
    short.chmod(0o600)
    short.write_bytes(short.read_bytes()[:-1])
    told = doctor("--clean", code=1)
    assert {kind for kind, _ in named(told)} <= {"size", "snapshot"}
    assert all(short.name in p["message"] for p in told["problems"])


def test_where_a_snapshot_cannot_be_read_nothing_counts_as_unneeded(doctor: Doctor, home: Path) -> None:
    root = root_object(home)
    aside = home / "aside"
    root.rename(aside)
    before = objects(home)
    found = named(doctor("--clean", code=1))
    assert ("snapshot", "snds-cnam-c0@1") in found
    assert ("missing", root.name) in found
    assert not {kind for kind, _ in found} & {"orphan", "orphan-key"}
    assert objects(home) == before
    aside.rename(root)
    assert named(doctor()) == []


def test_a_stranger_in_the_store_is_named_and_never_removed(doctor: Doctor, home: Path) -> None:
    (home / "store" / "objects" / "notes.txt").write_bytes(b"mine")
    assert named(doctor("--clean", code=1)) == [("stranger", "./notes.txt")]
    assert (home / "store" / "objects" / "notes.txt").exists()


def test_what_others_may_read_is_named(doctor: Doctor, home: Path) -> None:
    (home / "records.sqlite3").chmod(0o644)
    (home / "identities" / "owner.json").chmod(0o640)
    assert named(doctor(code=1)) == [
        ("permissions", "records.sqlite3"),
        ("permissions", "identities/owner.json"),
    ]


def test_a_clock_that_went_back_is_named(doctor: Doctor, home: Path, workers: Workers) -> None:
    workers.done("dated", home=str(home), now="2099-01-01T00:00:00Z")
    assert named(doctor(code=1)) == [("clock", "2099-01-01T00:00:00Z")]


def test_while_another_writes_leftovers_are_not_looked_for(doctor: Doctor, home: Path) -> None:
    (home / "temp" / "process-gone").mkdir(parents=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = doctor()
        assert named(told) == []
        assert any("not looked for" in note for note in told["notes"])
        assert doctor("--clean", code=1)["error"]["code"] == "delivery.busy"
    assert named(doctor(code=1)) == [("temporary", "process-gone")]


MACHINES = {
    "store": 'mount --bind "$HUB/store" "$HUB/store"; mount -o remount,bind,ro "$HUB/store"',
    "disk": 'mount -t tmpfs -o size=64m,mode=700 none "$HUB"; cp -a "$HUB.aside/." "$HUB"',
}


@pytest.mark.parametrize("kind", MACHINES)
def test_a_store_or_a_disk_that_takes_nothing_more_is_named(kind: str, home: Path, workers: Workers) -> None:
    copied(home, home.with_name("home.aside"))
    typed = [EGIDE, "doctor", "--json", "--home", str(home)]
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-euc", f'{MACHINES[kind]}; exec "$@"', "sh", *typed],
        env={**workers.env, "HUB": str(home)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1, ended.stderr
    assert [kind for kind, _ in named(json.loads(ended.stdout))] == [kind]
