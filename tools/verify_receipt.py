#!/usr/bin/env python3
"""Checks a release receipt offline, with nothing of the hub's own code: only Python and `cryptography`.

It shows that: these files left this hub under this permit; two persons, neither of them the author, signed for exactly
these files with two different keys; and the release stands in the hub's ledger (docs/ledger-format.md).
Example: verify_receipt.py receipt.json --key 'hub.example/ledger+1a2b3c4d+AR...' --files results/
Exit: 0 sound, 2 bad usage, 5 refused, named on standard error.
"""

import argparse
import base64
import contextlib
import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    pass


def canonical(document):
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def unbase64(text):
    """One spelling only, so that no byte of a receipt can change unseen."""
    with contextlib.suppress(ValueError):
        data = base64.b64decode(text)
        if base64.b64encode(data).decode() == text:
            return data
    raise Refused("form: malformed base64")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def check_reviews(body, trusted):
    """Two persons, two keys, neither the author, both approving exactly these outputs."""
    named = ("permit", "outputs", "snapshot", "exclusions")
    subject = digest(canonical({name: body[name] for name in named}))
    persons = set()
    for number, review in enumerate(body["reviews"], start=1):
        act, key = review["act"], unbase64(review["public_key"])
        signed = canonical({"format": "egide-act/1", **act})
        try:
            signature = unbase64(review["signature"])
            Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
        except InvalidSignature:
            raise Refused(f"review {number}: the signature does not match") from None
        if (act["kind"], act["decision"], act["subject"]) != ("review", "approve", subject):
            raise Refused(f"review {number}: it does not approve these outputs")
        if act["account"] == body["author"]:
            raise Refused(f"review {number}: the author reviewed their own output")
        if trusted and key.hex() not in trusted:
            raise Refused(f"review {number}: signed by a key that you did not name")
        persons.add((act["account"], key))
    if not any(a[0] != b[0] and a[1] != b[1] for a in persons for b in persons):
        raise Refused("reviews: not two persons with two keys")


def check_leaf(body, ledger):
    """The leaf is a release, and its commitment opens to this receipt."""
    leaf = json.loads(ledger["leaf"])
    committed = hashlib.sha256(bytes.fromhex(ledger["salt"]) + canonical(ledger["facts"])).hexdigest()
    if (
        leaf["kind"] != "released"
        or leaf["commitment"] != committed
        or ledger["salt"] != ledger["salt"].lower()
    ):
        raise Refused("ledger: the event does not commit to these facts")
    if ledger["facts"] != {"permit": body["permit"], "receipt": digest(canonical(body))}:
        raise Refused("ledger: the event records another release, or the receipt was altered")


def root_from_proof(leaf, index, size, proof):
    """RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        raise Refused("ledger: no such event in a tree of this size")
    found, place, last = hashlib.sha256(b"\x00" + leaf).digest(), index, size - 1
    for step in proof:
        if last == 0:
            raise Refused("ledger: the proof is too long")
        if place & 1 or place == last:
            found = hashlib.sha256(b"\x01" + step + found).digest()
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + step).digest()
        place, last = place >> 1, last >> 1
    if last:
        raise Refused("ledger: the proof is too short")
    return found


def check_signature(note, vkey):
    """The text of the checkpoint, once `vkey` (name+hash+base64) signed or cosigned it."""
    name, key_hash, encoded = vkey.strip().split("+", 2)
    kind, raw = base64.b64decode(encoded)[0], base64.b64decode(encoded)[1:]
    expected = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:4]
    if expected.hex() != key_hash or kind not in (1, 4):
        raise ValueError(f"the verifier key of {name} is malformed")
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    for line in lines.split("\n"):
        if line.startswith(f"\u2014 {name} "):
            data = unbase64(line.rsplit(" ", 1)[1])
            if data[:4] == expected:
                return verify_one(raw, kind, data[4:], text, name)
    raise Refused(f"checkpoint: not signed by {name}")


def verify_one(raw, kind, signature, text, name):
    message = text.encode()
    if kind == 4:  # C2SP cosignature/v1: a time, then the signature
        time = int.from_bytes(signature[:8], "big")
        message, signature = f"cosignature/v1\ntime {time}\n{text}".encode(), signature[8:]
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)
    except InvalidSignature:
        raise Refused(f"checkpoint: the signature of {name} does not match") from None
    return text


def check_ledger(body, ledger, vkey, witness):
    check_leaf(body, ledger)
    proof = [unbase64(step) for step in ledger["proof"]]
    found = root_from_proof(ledger["leaf"].encode(), ledger["index"], ledger["size"], proof)
    text = check_signature(ledger["checkpoint"], vkey)
    if witness:
        check_signature(ledger["checkpoint"], witness)
    expected = f"{vkey.split('+', 1)[0]}\n{ledger['size']}\n{base64.b64encode(found).decode()}\n"
    if text != expected:
        raise Refused("ledger: the proof does not lead to the signed checkpoint")


def check_files(outputs, folder):
    for name, expected in outputs.items():
        if Path(name).name != name or name in (".", ".."):
            raise Refused("files: a name leads outside the folder")
        path = folder / name
        if not path.is_file():
            raise Refused(f"files: {name} is missing")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                raise Refused(f"files: {name} is not the file that was released")


def verify(data, vkey, witness=None, trusted=(), folder=None):
    """The body of a sound receipt. Raises Refused."""
    receipt = json.loads(data)
    if canonical(receipt) != data or receipt.get("format") != "egide-receipt/1":
        raise Refused("form: not a receipt in canonical form")
    body = {name: value for name, value in receipt.items() if name != "ledger"}
    check_reviews(body, trusted)
    check_ledger(body, receipt["ledger"], vkey, witness)
    if folder:
        check_files(body["outputs"], folder)
    return body


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("receipt", type=Path)
    parser.add_argument("--key", required=True, help="the ledger's verifier key, name+hash+base64")
    parser.add_argument("--witness", help="a witness's verifier key: its cosignature is then required")
    parser.add_argument(
        "--reviewer", action="append", default=[], help="a reviewer's public key in hex; repeat it"
    )
    parser.add_argument("--files", type=Path, help="the folder that holds the released files")
    asked = parser.parse_args()
    try:
        body = verify(asked.receipt.read_bytes(), asked.key, asked.witness, asked.reviewer, asked.files)
    except Refused as problem:
        print(f"refused: {problem}", file=sys.stderr)
        return 5
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
        print(f"cannot check: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 2
    shown = {name: body[name] for name in ("hub", "permit", "snapshot", "exclusions", "outputs")}
    print(json.dumps({**shown, "reviewers": [r["act"]["account"] for r in body["reviews"]], "sound": True}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
