"""Records leave sealed and come back closed, until the witness or two persons say that they are whole."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hubs import close_records, reopened
from support.spec import PermitSpec

from egide.journey import backup
from egide.journey.ledgers import ledger_witness
from egide.journey.record import ledger_verifier, recorded
from egide.journey.start import acting, add_account
from egide.model.act import AccountRole
from egide.model.errors import BadUsage, Denied, HubError, Tampered
from egide.model.event import EventKind
from egide.model.records import PermitRow, ProjectRow
from egide.wiring import KEYRING, RECORDS, Hub, closed_marker, open_hub

TOOLS = Path(__file__).parents[2] / "tools"
QUERY = "SELECT BEN_SEX_COD, COUNT(*) AS n FROM IR_BEN_R GROUP BY BEN_SEX_COD ORDER BY 1"
REGISTER = "\n".join(
    ["BEN_NIR_PSA | BEN_RNG_GEM | BEN_SEX_COD", *(f"p{n} | 1 | {1 + n % 2}" for n in range(40)), "p0 | 2 | 1"]
)


@pytest.fixture(scope="module")
def spec(hub: Hub, place: Path) -> PermitSpec:
    spec = PermitSpec(hub, place)
    spec.holds(IR_BEN_R=REGISTER, T_MCOaaC="NIR_ANO_17 | RSA_NUM\np0 | 1\np1 | 2")
    for name in ("bruno", "chloe", "diane"):
        add_account(hub, name, [AccountRole.REVIEWER])
    return spec


def key_of(problem: "pytest.ExceptionInfo[HubError]") -> str:
    return problem.value.key


# Records that leave sealed and come back closed.


@pytest.fixture
def witness(hub: Hub, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A witness in a process of its own: its address and its key."""
    home = tmp_path / "witness"
    run = [sys.executable, "-P", "-s", str(TOOLS / "witness.py"), "--home", str(home)]
    for words in (["init", "witness.example/w1"], ["follow", str(ledger_verifier(hub))]):
        subprocess.run([*run, *words], check=True, capture_output=True, timeout=60)
    key = (
        subprocess.run([*run, "show-key"], check=True, capture_output=True, timeout=60)
        .stdout.decode()
        .strip()
    )
    process = subprocess.Popen(
        [*run, "--port", "0", "serve"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["listening"], key
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    process.stdout.close()


def happens(hub: Hub) -> None:
    with recorded(hub, EventKind.RECORDS_CHANGED, what="something"):
        pass


@pytest.fixture
def sealed(hub: Hub, spec: PermitSpec, tmp_path: Path) -> Path:
    backup.create(hub, tmp_path / "records.sealed")
    return tmp_path / "records.sealed"


def restored(hub: Hub, sealed: Path) -> Path:
    home = sealed.with_name("restored")
    close_records()
    backup.restore(home, sealed, keyring=hub.home / KEYRING)
    return home


@pytest.fixture(autouse=True)
def back_at_the_hub(hub: Hub) -> Iterator[None]:
    """A process works on one hub at a time: the next test finds its own again."""
    yield
    reopened(hub)


def test_a_backup_is_whole_and_holds_no_key(hub: Hub, sealed: Path) -> None:
    size = hub.records.ledger.size()
    told = backup.verify(hub, sealed)
    assert told["intact"] is True and told["ledger_size"] == size
    assert b"SQLite" not in sealed.read_bytes()
    with pytest.raises(FileExistsError):
        backup.create(hub, sealed)


@pytest.mark.parametrize("at", [0, 30, -1])
def test_a_backup_that_was_altered_is_refused(hub: Hub, sealed: Path, at: int) -> None:
    data = bytearray(sealed.read_bytes())
    data[at] ^= 1
    sealed.write_bytes(data)
    for attempt in (lambda: backup.verify(hub, sealed), lambda: restored(hub, sealed)):
        with pytest.raises(Tampered) as problem:
            attempt()
        assert key_of(problem) == "hub.backup-broken"
    assert not (sealed.with_name("restored") / RECORDS).exists()


def test_a_backup_cut_short_is_refused(hub: Hub, sealed: Path) -> None:
    for kept in (0, 100, sealed.stat().st_size - 1):
        sealed.write_bytes(sealed.read_bytes()[:kept])
        with pytest.raises(Tampered):
            backup.verify(hub, sealed)


def test_it_comes_back_closed_and_opens_when_the_witness_saw_this_very_head(
    hub: Hub, sealed: Path, witness: tuple[str, str]
) -> None:
    ledger_witness(hub, *witness)
    home = restored(hub, sealed)
    with pytest.raises(Denied) as closed:
        open_hub(home)
    assert key_of(closed) == "hub.closed"
    with pytest.raises(BadUsage):
        backup.restore(home, sealed, keyring=hub.home / KEYRING)
    assert backup.reopen(home, witness[0])["reopened"] is True
    again = open_hub(home)
    assert again.id == hub.id and again.records.get(PermitRow, "none") is None
    assert again.records.count(ProjectRow) > 0


def test_it_stays_closed_where_the_witness_saw_a_later_head(
    hub: Hub, sealed: Path, witness: tuple[str, str]
) -> None:
    happens(hub)
    ledger_witness(hub, *witness)
    home = restored(hub, sealed)
    with pytest.raises(Tampered) as problem:
        backup.reopen(home, witness[0])
    assert key_of(problem) == "witness.ahead" and closed_marker(home).exists()


def test_it_stays_closed_where_the_witness_saw_only_earlier_heads(
    hub: Hub, witness: tuple[str, str], tmp_path: Path
) -> None:
    ledger_witness(hub, *witness)
    backup.create(hub, tmp_path / "later.sealed")
    home = restored(hub, tmp_path / "later.sealed")
    with pytest.raises(Denied) as problem:
        backup.reopen(home, witness[0])
    assert key_of(problem) == "hub.witness-behind" and closed_marker(home).exists()


def test_it_stays_closed_where_the_witness_never_saw_it(
    hub: Hub, sealed: Path, witness: tuple[str, str]
) -> None:
    home = restored(hub, sealed)
    with pytest.raises(Denied) as problem:
        backup.reopen(home, witness[0])
    assert key_of(problem) == "hub.witness-knows-nothing" and closed_marker(home).exists()


def test_another_history_of_the_same_length_is_a_fork(
    hub: Hub, sealed: Path, witness: tuple[str, str]
) -> None:
    """Grown in hiding to the size that the witness saw, with the ledger's own key."""
    happens(hub)
    ledger_witness(hub, *witness)
    home = restored(hub, sealed)
    with open_hub(home, closed=True).writing():
        happens(open_hub(home, closed=True))
    with pytest.raises(Tampered) as problem:
        backup.reopen(home, witness[0])
    assert key_of(problem) == "witness.fork" and closed_marker(home).exists()


def test_two_persons_may_accept_the_loss(hub: Hub, spec: PermitSpec, tmp_path: Path) -> None:
    add_account(hub, "gilles", [AccountRole.AUDITOR])
    add_account(hub, "hanna", [AccountRole.CUSTODIAN])
    backup.create(hub, tmp_path / "records.sealed")
    home = restored(hub, tmp_path / "records.sealed")
    opened = open_hub(home, closed=True)
    gilles, hanna, alice = (
        acting(opened, hub.home / "identities" / f"{n}.json") for n in ("gilles", "hanna", "alice")
    )
    for too_few in ([gilles], [gilles, gilles], [gilles, alice], []):
        with pytest.raises(Denied):
            backup.accept_loss(home, too_few)
        assert closed_marker(home).exists()
    assert backup.accept_loss(home, [gilles, hanna])["accepted_by"] == ["gilles", "hanna"]
    assert open_hub(home).id == hub.id


def test_a_restore_cut_short_never_stands_open(
    hub: Hub, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was written last: without its marker there is no hub yet."""
    home = sealed.with_name("restored")
    write, written = backup._private, list[Path]()

    def cut_at(last: int) -> None:
        def private(path: Path, data: bytes) -> None:
            written.append(path)
            if len(written) == last:
                raise OSError("power")
            write(path, data)

        monkeypatch.setattr(backup, "_private", private)

    close_records()
    for last in (1, 2, 3):
        written.clear()
        cut_at(last)
        with pytest.raises(OSError, match="power"):
            backup.restore(home, sealed, keyring=hub.home / KEYRING)
        assert not (home / RECORDS).exists()
        shutil.rmtree(home)
    written.clear()
    cut_at(4)
    backup.restore(home, sealed, keyring=hub.home / KEYRING)
    assert written.index(closed_marker(home)) < written.index(home / RECORDS)
