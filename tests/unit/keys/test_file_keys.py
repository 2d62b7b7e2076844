"""The keyring file: private, whole after every change, shared by processes, and closed to the wrong passphrase."""

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from egide.adapters.keys.file import FileKeys
from egide.crypto.key import Key
from egide.crypto.keyring_file import Cost
from egide.model.errors import BadUsage, HubError, Tampered, Unreachable
from egide.ports.keys import Keys

CHEAP = Cost(1 << 14, 8, 1)
SECRET = b"a long passphrase"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keyring"


@pytest.fixture
def keys(path: Path) -> FileKeys:
    return FileKeys.make(path, SECRET, "hub-1", CHEAP)


def failing(error: type[HubError], key: str) -> "pytest.RaisesExc[HubError]":
    return pytest.raises(error, check=lambda seen: seen.key == key)


def test_it_is_a_keeper(keys: Keys) -> None:
    assert keys.hub == "hub-1"
    assert keys.names() == ()


def test_secrets_come_back_after_reopening(keys: FileKeys, path: Path) -> None:
    made = keys.create("sign/snapshot")
    linked = keys.secret("stage2/snds", create=True)
    keys.deposit("age/hub", "AGE-SECRET-KEY-1EXAMPLE")
    again = FileKeys.open(path, SECRET)
    assert again.hub == "hub-1"
    assert again.signing_seed("sign/snapshot").expose() == made.expose()
    assert again.secret("stage2/snds", create=True).expose() == linked.expose()
    assert again.text("age/hub") == "AGE-SECRET-KEY-1EXAMPLE"
    assert again.names() == ("age/hub", "sign/snapshot", "stage2/snds")


def test_data_keys_are_wrapped_under_the_newest_version(keys: FileKeys) -> None:
    assert keys.rotate("snds") == 1
    key = Key.generate()
    old = keys.wrap("snds", key)
    assert keys.rotate("snds") == 2 == keys.kek_version("snds")
    new = keys.wrap("snds", key)
    assert (old.kek_version, new.kek_version) == (1, 2)
    assert keys.unwrap(old).expose() == keys.unwrap(new, "hub-1").expose() == key.expose()
    with failing(Tampered, "seal.key_broken"):
        keys.unwrap(old, "hub-2")


def test_a_destroyed_version_opens_nothing_and_never_returns(keys: FileKeys, path: Path) -> None:
    keys.rotate("snds")
    row = keys.wrap("snds", Key.generate())
    elsewhere = FileKeys.open(path, SECRET)
    keys.destroy("snds", 1)
    keys.destroy("snds", 1)
    for keeper in (keys, elsewhere, FileKeys.open(path, SECRET)):
        with failing(Unreachable, "keys.missing"):
            keeper.unwrap(row)
    assert keys.rotate("snds") == 2


def test_what_is_not_there_is_said(keys: FileKeys) -> None:
    for ask in (
        lambda: keys.secret("stage2/snds"),
        lambda: keys.kek_version("snds"),
        lambda: keys.wrap("snds", Key.generate()),
        lambda: keys.signing_seed("sign/ledger"),
        lambda: keys.text("age/hub"),
    ):
        with failing(Unreachable, "keys.missing"):
            ask()


def test_names_are_kept_once_and_clean(keys: FileKeys) -> None:
    keys.create("permit/p-1")
    with failing(BadUsage, "keys.exists"):
        keys.create("permit/p-1")
    with failing(BadUsage, "keys.exists"):
        keys.deposit("permit/p-1", "x")
    for name in ("kek/snds/1", "plain", "a/b/../\n", "", "a/" + "x" * 121):
        with failing(BadUsage, "keys.name"):
            keys.create(name)
    with failing(BadUsage, "keys.name"):
        keys.rotate("a/b")
    with failing(BadUsage, "keys.name"):
        keys.signing_seed("stage2/snds")


def test_a_wrong_passphrase_opens_nothing(keys: FileKeys, path: Path) -> None:
    keys.create("sign/ledger")
    with failing(Unreachable, "keys.passphrase") as seen:
        FileKeys.open(path, SECRET + b"x")
    assert seen.value.exit_code == 4


def test_a_changed_passphrase_closes_the_old_one(keys: FileKeys, path: Path) -> None:
    secret = keys.create("sign/ledger").expose()
    other = FileKeys.open(path, SECRET)
    keys.change_passphrase(b"new")
    assert keys.secret("sign/ledger").expose() == secret
    assert FileKeys.open(path, b"new").secret("sign/ledger").expose() == secret
    with failing(Unreachable, "keys.passphrase"):
        FileKeys.open(path, SECRET)
    with failing(Unreachable, "keys.passphrase"):
        other.names()


def test_the_file_is_private_and_shows_nothing(keys: FileKeys, path: Path) -> None:
    secret = keys.create("stage2/snds")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    assert b"stage2" not in data and b"hub-1" not in data and secret.expose().hex().encode() not in data
    assert secret.expose().hex() not in f"{keys!r}{vars(keys)!r}{secret!r}"
    path.chmod(0o640)
    with failing(Unreachable, "keys.open_to_others"):
        FileKeys.open(path, SECRET)


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.99])
def test_a_cut_file_is_damaged(keys: FileKeys, path: Path, keep: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with failing(Tampered, "keys.damaged"):
        FileKeys.open(path, SECRET)


def test_an_edited_file_is_damaged(keys: FileKeys, path: Path) -> None:
    from egide.crypto.keyring_file import _checksum

    keys.create("sign/ledger")
    good = json.loads(path.read_bytes())
    for field in ("sealed", "format"):
        bad = {**good, field: "00" + good[field][2:]}
        path.write_text(json.dumps(bad))
        with failing(Tampered, "keys.damaged"):
            FileKeys.open(path, SECRET)
    bad = {k: v for k, v in good.items() if k != "checksum"}
    bad["sealed"] = bad["sealed"][:-2] + ("00" if bad["sealed"][-2:] != "00" else "01")
    path.write_text(json.dumps({**bad, "checksum": _checksum(bad)}))
    with failing(Tampered, "keys.damaged"):
        FileKeys.open(path, SECRET)


@pytest.mark.parametrize(
    "kdf", [{"n": 1 << 30}, {"n": 1 << 4}, {"r": 4096}, {"p": 1 << 20}, {"n": 30_000}, {"salt": "00"}]
)
def test_absurd_costs_are_not_tried(keys: FileKeys, path: Path, kdf: dict[str, object]) -> None:
    from egide.crypto.keyring_file import _checksum

    bad = json.loads(path.read_bytes())
    del bad["checksum"]
    bad["kdf"].update(kdf)
    path.write_text(json.dumps({**bad, "checksum": _checksum(bad)}))
    with failing(Tampered, "keys.damaged"):
        FileKeys.open(path, SECRET)


def test_making_it_twice_or_without_a_passphrase_is_refused(keys: FileKeys, path: Path) -> None:
    before = path.read_bytes()
    with failing(BadUsage, "keys.exists"):
        FileKeys.make(path, b"other", "hub-2", CHEAP)
    assert path.read_bytes() == before
    with failing(BadUsage, "keys.empty_passphrase"):
        FileKeys.make(path.with_name("k2"), b"", "hub-2", CHEAP)


def test_no_keyring_and_a_link_are_said(keys: FileKeys, path: Path) -> None:
    with failing(Unreachable, "keys.absent"):
        FileKeys.open(path.with_name("none"), SECRET)
    link = path.with_name("link")
    link.symlink_to(path)
    with failing(Unreachable, "keys.unreachable"):
        FileKeys.open(link, SECRET)


def _add_some(path: Path, who: int) -> None:
    keys = FileKeys.open(path, SECRET)
    for turn in range(10):
        keys.create(f"permit/{who}-{turn}")
        keys.rotate("snds")


def test_two_processes_lose_nothing(keys: FileKeys, path: Path) -> None:
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=_add_some, args=(path, who)) for who in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert {f"permit/{who}-{turn}" for who in range(3) for turn in range(10)} <= set(keys.names())
    assert keys.kek_version("snds") == 30


def test_a_failed_write_leaves_the_old_file(
    keys: FileKeys, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.create("sign/ledger")

    def broken(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with failing(Unreachable, "keys.unreachable"):
        keys.create("sign/receipt")
    monkeypatch.undo()
    assert FileKeys.open(path, SECRET).names() == ("sign/ledger",)
    assert sorted(p.name for p in path.parent.iterdir()) == ["keyring", "keyring.lock"]
