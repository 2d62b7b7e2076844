"""Our code gives the published bytes, and so do the standard library and `cryptography` alone, without our code."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from egide.crypto.key import Key
from egide.crypto.keyring_file import read_keyring
from egide.crypto.padding import object_size, padded_size
from egide.crypto.pseudonym import pseudonymise, rekey_integers, show
from egide.crypto.stream import Header, encrypt
from egide.crypto.wrap import unwrap
from egide.model.sealed import Context, Role, WrappedKey

VECTORS = Path(__file__).parents[2] / "vectors"


def read(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))


def plain_of(case: dict[str, Any]) -> bytes:
    unit, length = bytes.fromhex(case["plain"]["repeat"]), case["plain"]["length"]
    return (unit * (length // len(unit) + 1))[:length]


def by_the_document(given: dict[str, Any], plain: bytes) -> bytes:
    """docs/format.md, section 2.1, written out once more and slowly."""
    salt, prefix = bytes.fromhex(given["salt"]), bytes.fromhex(given["prefix"])
    aad = bytes.fromhex(given["associated_data"])
    cipher = AESGCM(HKDF(SHA256(), 32, salt, aad).derive(bytes.fromhex(given["key"])))
    cuts = [plain[:65_480]] + [plain[i : i + 65_520] for i in range(65_480, len(plain), 65_520)]
    out = b"\x28" + salt + prefix
    for index, cut in enumerate(cuts):
        last = b"\x01" if index == len(cuts) - 1 else b"\x00"
        out += cipher.encrypt(prefix + index.to_bytes(4, "big") + last, cut, b"")
    return out


@pytest.mark.parametrize("case", read("stream")["streams"], ids=lambda c: str(c["plain"]["length"]))
def test_streams(case: dict[str, Any]) -> None:
    given = read("stream")
    header = Header(bytes.fromhex(given["salt"]), bytes.fromhex(given["prefix"]))
    plain = plain_of(case)
    ours = b"".join(
        encrypt(
            [plain], Key("k", bytes.fromhex(given["key"])), bytes.fromhex(given["associated_data"]), header
        )
    )
    assert ours == by_the_document(given, plain)
    assert (len(ours), hashlib.sha256(ours).hexdigest()) == (case["size"], case["sha256"])
    assert case.get("bytes", ours.hex()) == ours.hex()


@pytest.mark.parametrize("case", read("object")["objects"], ids=lambda c: str(c["plain"]["length"]))
def test_objects(case: dict[str, Any]) -> None:
    given, payload = read("object"), plain_of(case)
    padded = payload + bytes(padded_size(len(payload)) - len(payload) - 8) + len(payload).to_bytes(8, "big")
    made = by_the_document(given, padded)
    assert (len(made), hashlib.sha256(made).hexdigest()) == (case["size"], case["sha256"])
    assert len(made) == object_size(len(payload))


def test_associated_data_is_the_contexts() -> None:
    context = Context("hub-1", "snds", Role.PART, "0123456789abcdef0123456789abcdef")
    assert context.aad().hex() == read("stream")["associated_data"]


def test_padding() -> None:
    for case in read("padding"):
        assert (padded_size(case["payload"]), object_size(case["payload"])) == (case["plain"], case["object"])


def test_wrapped_key() -> None:
    given = read("wrap")
    wrapped, kek = bytes.fromhex(given["wrapped"]), bytes.fromhex(given["kek"])
    plain = AESGCM(kek).decrypt(wrapped[:12], wrapped[12:], bytes.fromhex(given["place"]))
    row = WrappedKey("0123456789abcdef0123456789abcdef", "snds", 3, wrapped)
    assert unwrap(row, Key("kek", kek), hub="hub-1").expose() == plain == bytes.fromhex(given["key"])


def test_pseudonyms() -> None:
    given = read("pseudonym")
    key = Key("k", bytes.fromhex(given["key"]))
    for case in given["values"]:
        message = given["domain"].encode() + b"\x1f" + case["value"].encode()
        slow = hmac.new(key.expose(), message, hashlib.sha256).digest()[:20]
        (fast,) = pseudonymise([case["value"].encode()], key, given["domain"]).to_pylist()
        assert fast == slow == bytes.fromhex(case["pseudonym"]) == base64.b32decode(case["shown"])
        assert show(fast) == case["shown"]
    numbers = np.array([int(c["value"]) for c in given["row_keys"]], np.int64)
    made = rekey_integers(numbers, key, given["row_domain"]).tolist()
    assert [str(n) for n in made] == [c["key"] for c in given["row_keys"]]


def test_keyring() -> None:
    given = read("keyring")
    contents, lock = read_keyring(given["file"].encode(), given["passphrase"].encode(), "vector")
    assert (contents.hub, contents.latest, contents.texts) == ("hub-1", {"snds": 3}, {"age/hub": "text"})
    assert contents.key("sign/snapshot").expose() == bytes(range(32))
    document = json.loads(given["file"])
    scrypt = hashlib.scrypt(given["passphrase"].encode(), salt=lock.salt, n=1 << 14, r=8, p=1, dklen=48)
    assert scrypt[32:].hex() == document["check"]
    head = {name: document[name] for name in ("check", "format", "kdf")}
    aad = json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
    sealed = bytes.fromhex(document["sealed"])
    assert json.loads(AESGCM(scrypt[:32]).decrypt(sealed[:12], sealed[12:], aad))["hub"] == "hub-1"
