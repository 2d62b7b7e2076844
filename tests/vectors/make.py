"""Writes the test vectors anew from fixed inputs. Run it only when the format changes, with its version.

python tests/vectors/make.py
"""

import hashlib
import json
from pathlib import Path
from unittest import mock

import numpy as np

from egide.crypto.key import Key
from egide.crypto.keyring_file import Contents, Cost, Lock, write_keyring
from egide.crypto.padding import object_size, padded_size
from egide.crypto.pseudonym import pseudonymise, rekey_integers, show
from egide.crypto.stream import Header, encrypt
from egide.crypto.wrap import wrap, wrapping_aad
from egide.model.sealed import Context, Role

HERE = Path(__file__).parent
KEY = Key("0123456789abcdef0123456789abcdef", bytes(range(32)))
HEADER = Header(bytes(range(100, 132)), bytes(range(7)))
CONTEXT = Context("hub-1", "snds", Role.PART, KEY.id)
LENGTHS = (0, 1, 11, 65_479, 65_480, 65_481, 131_000, 131_001, 200_000)
PAYLOADS = (0, 11, 65_472, 65_473, 100_000, 3_000_000)


def plain(length: int) -> bytes:
    """0, 1, ... 250, 0, 1, ...: the same in every language."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def streams() -> list[dict[str, object]]:
    made = []
    for length in LENGTHS:
        data = b"".join(encrypt([plain(length)], KEY, CONTEXT.aad(), HEADER))
        made.append(_measured(length, data))
    return made


def objects() -> list[dict[str, object]]:
    made = []
    for length in PAYLOADS:
        zeros = bytes(padded_size(length) - length - 8)
        padded = plain(length) + zeros + length.to_bytes(8, "big")
        data = b"".join(encrypt([padded], KEY, CONTEXT.aad(), HEADER))
        made.append(_measured(length, data))
    return made


def _measured(length: int, data: bytes) -> dict[str, object]:
    short = {"bytes": data.hex()} if length < 100 and len(data) < 1000 else {}
    name = hashlib.sha256(data).hexdigest()
    return {
        "plain": {"repeat": bytes(range(251)).hex(), "length": length},
        "size": len(data),
        "sha256": name,
        **short,
    }


def main() -> None:
    fixed = {
        "key": KEY.expose().hex(),
        "salt": HEADER.salt.hex(),
        "prefix": HEADER.prefix.hex(),
        "associated_data": CONTEXT.aad().hex(),
    }
    _write("stream", {**fixed, "streams": streams()})
    _write("object", {**fixed, "objects": objects()})
    sizes = [0, 1, 65_472, 65_473, 65_529, 100_000, 1_000_000, 3_000_000, 28_000_000, 50_000_000, 2**33 + 1]
    _write("padding", [{"payload": n, "plain": padded_size(n), "object": object_size(n)} for n in sizes])
    kek = Key("kek/snds/3", bytes(range(32, 64)))
    with mock.patch("secrets.token_bytes", lambda n: bytes(range(n))):
        row = wrap(KEY, kek, hub="hub-1", dataset="snds", kek_version=3)
        lock = Lock.of(b"correct horse", Cost(1 << 14, 8, 1), bytes(range(32)))
        keyring = write_keyring(
            Contents("hub-1", {"sign/snapshot": bytes(range(32))}, {"age/hub": "text"}, {"snds": 3}), lock
        )
    place = wrapping_aad("hub-1", "snds", KEY.id, 3)
    _write(
        "wrap",
        {
            "kek": kek.expose().hex(),
            "key": KEY.expose().hex(),
            "place": place.hex(),
            "wrapped": row.wrapped.hex(),
        },
    )
    _write("keyring", {"passphrase": "correct horse", "file": keyring.decode()})
    values = ["", "A", "é", "12345678901234567"]
    made = pseudonymise([v.encode() for v in values], KEY, "psa").to_pylist()
    numbers = [0, 1, -1, 2**62]
    rows = rekey_integers(np.array(numbers, np.int64), KEY, "row").tolist()
    _write(
        "pseudonym",
        {
            "key": KEY.expose().hex(),
            "domain": "psa",
            "values": [
                {"value": v, "pseudonym": p.hex(), "shown": show(p)}
                for v, p in zip(values, made, strict=True)
            ],
            "row_domain": "row",
            "row_keys": [{"value": str(v), "key": str(k)} for v, k in zip(numbers, rows, strict=True)],
        },
    )


def _write(name: str, content: object) -> None:
    (HERE / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
