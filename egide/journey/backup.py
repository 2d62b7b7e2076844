"""The records leave sealed, and come back closed: an old backup must not un-revoke permits and objections in silence."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from egide.crypto.key import Key
from egide.crypto.seal import SealWriter, Unsealed
from egide.crypto.sign import SigningKey, digest
from egide.journey.access import Actor, keep_act
from egide.journey.record import ledger_verifier, recorded, sign_head, signer, verify_ledger
from egide.journey.start import SNAPSHOT_KEY
from egide.model.act import ActKind
from egide.model.canonical import canonical, parse_canonical
from egide.model.errors import BadUsage, Denied, HubError, Tampered
from egide.model.event import EventKind
from egide.model.sealed import Context, Role, WrappedKey
from egide.ports.keys import Keys
from egide.ports.ledger import LastSeen
from egide.rules.acts import check_two_persons
from egide.wiring import KEYRING, RECORDS, Hub, closed_marker, open_hub, open_keys, open_witness

FORMAT = "egide-backup/1"
PLACE = "records"  # the dataset name under which backups are sealed

Told = dict[str, object]


def create(hub: Hub, to: Path) -> Told:
    """Writes the records, whole and consistent, as one sealed file. The keyring is not in it."""
    sign_head(hub)
    with recorded(hub, EventKind.BACKUP_MADE, file=to.name):
        pass
    data = hub.records.backup()
    key = Key.generate()
    if not any(n.startswith(f"kek/{PLACE}/") for n in hub.keys.names()):
        hub.keys.rotate(PLACE)
    wrapped = hub.keys.wrap(PLACE, key)
    with SealWriter(hub.temp, key, Context(hub.id, PLACE, Role.BACKUP, key.id)) as out:
        out.write(data)
        sealed = out.finish()
    header = {
        "format": FORMAT,
        "hub": hub.id,
        "created": hub.now(),
        "key_id": key.id,
        "kek_version": wrapped.kek_version,
        "wrapped": wrapped.wrapped.hex(),
        "object": sealed.name,
        "plain_size": sealed.plain_size,
        "ledger_size": hub.records.ledger.size(),
    }
    with to.open("xb") as target, out.path.open("rb") as source:
        signature = signer(hub, SNAPSHOT_KEY).sign(canonical(header)).hex()
        target.write(canonical({"header": header, "signature": signature}) + b"\n")
        while chunk := source.read(1 << 20):
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    out.path.unlink()
    return {
        "file": to.name,
        "bytes": to.stat().st_size,
        "ledger_size": header["ledger_size"],
        "object": sealed.name,
    }


def verify(hub: Hub, path: Path) -> Told:
    """Opens a backup, every byte of it. Raises Tampered (hub.backup-broken) when it was altered."""
    header, data = _unseal(hub.keys, path)
    return {
        "created": header["created"],
        "ledger_size": header["ledger_size"],
        "bytes": len(data),
        "intact": True,
    }


def restore(home: Path, path: Path, *, keyring: Path) -> Told:
    """Makes a hub from a sealed backup and a copy of the keyring. It stays closed until `reopen` or `accept_loss`.

    The passphrase comes as always. The store's objects are where they were: copy or mount them under the new home."""
    if (home / RECORDS).exists() or (home / KEYRING).exists():
        raise BadUsage("hub.exists")
    keys = open_keys(keyring, home)
    header, data = _unseal(keys, path)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # closed before it is a hub: cut short anywhere, it never stands open
    closed_marker(home).unlink(missing_ok=True)
    _private(closed_marker(home), canonical({"ledger_size": header["ledger_size"]}))
    _private(home / KEYRING, keyring.read_bytes())
    _private(home / RECORDS, data)
    return {"created": header["created"], "ledger_size": header["ledger_size"], "closed": True}


def reopen(home: Path, url: str) -> Told:
    """Opens a restored hub if the last head that an independent witness saw is this very one.

    Raises Tampered when the witness saw a later head or another of the same size, Denied when it saw only earlier
    ones: then it cannot say that nothing is missing, and two persons must."""
    hub = open_hub(home, closed=True)
    _check_sound(hub)
    note, witness = sign_head(hub), open_witness(url)
    answer = witness.add_checkpoint(0, [], note)
    size = hub.records.ledger.size()
    if not isinstance(answer, LastSeen):
        raise Denied("hub.witness-knows-nothing")
    if answer.size > size:
        raise Tampered("witness.ahead", seen=answer.size, size=size)
    if answer.size < size:
        raise Denied("hub.witness-behind", seen=answer.size, size=size)
    witness.add_checkpoint(size, [], note)
    with recorded(hub, EventKind.RESTORED, ledger_size=size):
        pass
    closed_marker(home).unlink()
    return {"reopened": True, "ledger_size": size}


def accept_loss(home: Path, actors: list[Actor]) -> Told:
    """Opens a restored hub although its ledger may be older than what was witnessed: two persons sign that."""
    hub = open_hub(home, closed=True)
    _check_sound(hub)
    size = hub.records.ledger.size()
    subject = digest(canonical({"hub": hub.id, "loss_after": size}))
    with recorded(hub, EventKind.LOSS_ACCEPTED, ledger_size=size):
        signed = [keep_act(hub, ActKind.LOSS, subject, "restore", "accept", "", actor) for actor in actors]
        check_two_persons(signed, author="")
    closed_marker(home).unlink()
    return {"reopened": True, "ledger_size": size, "accepted_by": [a[0].name for a in actors]}


def _check_sound(hub: Hub) -> None:
    if problems := verify_ledger(hub).problems:
        raise problems[0]
    ledger_verifier(hub)


def _unseal(keys: Keys, path: Path) -> tuple[dict[str, object], bytes]:
    try:
        with path.open("rb") as file:
            header = _header(keys, file.readline())
            body = file.read()
        row = WrappedKey(header["key_id"], PLACE, header["kek_version"], bytes.fromhex(header["wrapped"]))
        key = keys.unwrap(row)
        context = Context(keys.hub, PLACE, Role.BACKUP, key.id)
        return header, Unsealed(_Bytes(body), key, context, header["plain_size"], name=path.name).read_all()
    except (OSError, ValueError, KeyError, TypeError, AssertionError, HubError):
        raise Tampered("hub.backup-broken") from None


def _header(keys: Keys, line: bytes) -> dict[str, Any]:
    """The backup's first line, signed: what it says of time and size is believed before the rest is read."""
    envelope = parse_canonical(line.removesuffix(b"\n"))
    assert isinstance(envelope, dict)
    header = envelope["header"]
    key = SigningKey.from_bytes(keys.signing_seed(SNAPSHOT_KEY).expose()).verify_key
    key.verify(bytes.fromhex(envelope["signature"]), canonical(header))
    assert header["format"] == FORMAT and header["hub"] == keys.hub
    return header


@dataclass
class _Bytes:
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def _private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
