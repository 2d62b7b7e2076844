"""Restores a dataset without the hub: from a store's folder, a key table export, a keyring and its passphrase.

    python tools/restore.py --store FOLDER --export KEYS.json --keyring FILE --passphrase-file FILE --out FOLDER

Written from docs/format.md alone; needs `cryptography`, `pyarrow` and nothing of the hub. Every byte is verified before
it is used. Ends with 0 when all is restored, 4 when something cannot be opened, 5 when something was altered or is gone.
"""

import argparse
import hashlib
import io
import json
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

import pyarrow.parquet as pq
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORMAT = "egide/1"
SEGMENT, HEADER, TAG = 65_536, 40, 16
UNREACHABLE, TAMPERED = 4, 5
OBJECT, WORD = re.compile(r"[0-9a-f]{64}"), re.compile(r"\w[\w-]*")


class Stop(Exception):
    """What ends the restore: an exit code and a sentence."""


def altered(what: str) -> NoReturn:
    raise Stop(TAMPERED, f"{what} was altered or is not what the snapshot lists")


def canonical(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def open_keyring(path: Path, passphrase: bytes) -> dict[str, Any]:
    """Section 8: the secrets by name."""
    document = json.loads(path.read_bytes())
    sealed, kdf = bytes.fromhex(document["sealed"]), document["kdf"]
    n, r, p = kdf["n"], kdf["r"], kdf["p"]
    if not (1 << 14 <= n <= 1 << 20 and n & (n - 1) == 0 and 8 <= r <= 32 and 1 <= p <= 16):
        altered("the keyring's cost")
    made = Scrypt(bytes.fromhex(kdf["salt"]), 48, n, r, p).derive(passphrase)
    if made[32:].hex() != document["check"]:
        raise Stop(UNREACHABLE, "the passphrase does not open the keyring")
    head = canonical({name: document[name] for name in ("check", "format", "kdf")})
    found: dict[str, Any] = json.loads(small(made[:32], sealed, head, "the keyring"))
    return found


def small(key: bytes, sealed: bytes, place: bytes, what: str) -> bytes:
    """What sections 3 and 8 store as nonce, ciphertext and tag."""
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], place)
    except InvalidTag:
        altered(what)


class Dataset:
    """Opens the objects of one dataset, by section 2 and 3."""

    def __init__(self, store: Path, export: dict[str, Any], keyring: dict[str, Any]) -> None:
        self.hub, self.name, self.head = export["hub"], export["dataset"], export["head"]
        self._store = store
        self._secrets = keyring["secrets"]
        self._keys = {row["key_id"]: row for row in export["keys"]}
        self._verify_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(export["verify_key"]))
        if seed := self._secrets.get("sign/snapshot"):
            own = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)).public_key()
            if keyring["hub"] == self.hub and own != self._verify_key:
                altered("the export's verify_key")

    def root(self) -> dict[str, Any]:
        """Section 4.2: the signed document that the head names."""
        envelope = json.loads(self.payload(self.head["root"], self.head["key_id"], "root"))
        document: dict[str, Any] = envelope["root"]
        try:
            self._verify_key.verify(bytes.fromhex(envelope["signature"]), canonical(document))
        except InvalidSignature:
            altered("the root's signature")
        said = [document[name] for name in ("format", "hub", "dataset", "sequence")]
        if said != [FORMAT, self.hub, self.name, self.head["sequence"]]:
            altered("the root")
        return document

    def entries(self, part: dict[str, Any]) -> list[dict[str, Any]]:
        """Section 4.3: what one manifest part lists."""
        payload = self.payload(part["object"], part["key_id"], "manifest", part)
        rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(payload)).to_pylist()
        said = {(row["table"], row["period"]) for row in rows}, len(rows)
        if said != ({(part["table"], part["period"])}, part["entries"]):
            altered(f"manifest part {part['object']}")
        return rows

    def payload(self, name: str, key_id: str, role: str, listed: dict[str, Any] | None = None) -> bytes:
        """Section 2: the object's payload, once name, sizes, every segment and the padding are right."""
        path = self._store / "objects" / name[:2] / name
        if not OBJECT.fullmatch(name) or path.is_symlink() or not path.is_file():
            raise Stop(TAMPERED, f"object {name} is missing")
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != name or len(data) != (listed or {}).get("size", len(data)):
            altered(f"object {name}")
        try:
            place = "\x1f".join((FORMAT, self.hub, self.name, role, key_id)).encode()
            plain = unstream(data, self._data_key(key_id), place)
        except InvalidTag:
            altered(f"object {name}")
        length = int.from_bytes(plain[-8:], "big")
        if len(plain) != padded(length) or plain[length:-8].strip(b"\0"):
            altered(f"object {name}")
        if listed and listed["plain_size"] != length:
            altered(f"object {name}")
        return plain[:length]

    def _data_key(self, key_id: str) -> bytes:
        """Section 3."""
        row = self._keys.get(key_id)
        version = str(row["kek_version"]) if row else ""
        kek = self._secrets.get(f"kek/{self.name}/{version}")
        if row is None or kek is None:
            raise Stop(UNREACHABLE, f"key {key_id} is not in the export, or its dataset key is destroyed")
        place = "\x1f".join((FORMAT, self.hub, self.name, key_id, version)).encode()
        return small(bytes.fromhex(kek), bytes.fromhex(row["wrapped"]), place, f"key {key_id}")


def unstream(data: bytes, key: bytes, associated: bytes) -> bytes:
    """Section 2.1. Raises InvalidTag."""
    if len(data) < HEADER + TAG or data[0] != HEADER:
        raise InvalidTag
    cipher = AESGCM(HKDF(SHA256(), 32, data[1:33], associated).derive(key))
    count = -(-len(data) // SEGMENT)
    nonces = [data[33:40] + index.to_bytes(4, "big") + bytes([index == count - 1]) for index in range(count)]
    cuts = [data[index * SEGMENT or HEADER : (index + 1) * SEGMENT] for index in range(count)]
    return b"".join(cipher.decrypt(nonce, cut, None) for nonce, cut in zip(nonces, cuts, strict=True))


def padded(payload: int) -> int:
    """Section 2.3."""
    length = payload + 8
    if length <= 65_480:
        return 65_480
    exponent = length.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-length // step) * step


def restore(dataset: Dataset, out: Path) -> dict[str, int]:
    """Verifies every object of the snapshot and writes its tables: `<table>/<period>-<bucket>-<object>.parquet`."""
    written: dict[str, int] = {}
    for part in dataset.root()["parts"]:
        for entry in dataset.entries(part):
            payload = dataset.payload(entry["object"], entry["key_id"], entry["role"], entry)
            table, period = entry["table"], entry["period"]
            if not WORD.fullmatch(table) or not WORD.fullmatch(period):
                altered(f"manifest part {part['object']}")
            if entry["role"] != "part":
                continue
            if pq.ParquetFile(io.BytesIO(payload)).metadata.num_rows != entry["rows"]:
                altered(f"object {entry['object']}")
            path = out / table / f"{period}-{entry['bucket']:04}-{entry['object'][:16]}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(payload)
            written[table] = written.get(table, 0) + entry["rows"]
    return written


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in ("store", "export", "keyring", "passphrase-file", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    try:
        keyring = open_keyring(given.keyring, given.passphrase_file.read_bytes().strip())
        dataset = Dataset(given.store, json.loads(given.export.read_bytes()), keyring)
        for table, rows in sorted(restore(dataset, given.out).items()):
            print(f"{table}: {rows} rows")
    except Stop as stop:
        code, why = stop.args
        print(why, file=sys.stderr)
        return int(code)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        print(f"cannot be read: {type(problem).__name__}: {problem}", file=sys.stderr)
        return UNREACHABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
