#!/usr/bin/env python3
"""Checks an exported ledger with nothing of the hub's own code: only Python and `cryptography`.

The folder follows C2SP tlog-tiles (checkpoint, tile/L/N, tile/entries/N); docs/ledger-format.md tells the rest.
Example: verify_ledger.py EXPORT --key 'hub.example/ledger+1a2b3c4d+AR...' --older yesterday.checkpoint
Exit: 0 sound, 2 bad usage, 5 tampering, named on standard error.
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

WIDTH = 256


class Tampered(Exception):
    pass


def unbase64(text):
    with contextlib.suppress(ValueError):
        data = base64.b64decode(text)
        if base64.b64encode(data).decode() == text:
            return data
    raise Tampered("checkpoint: malformed base64")


class Tree:
    """RFC 6962, kept as the complete subtrees of the right edge: (width, hash), widest first."""

    def __init__(self):
        self.edge, self.size = [], 0

    def add(self, hashed):
        width = 1
        while self.edge and self.edge[-1][0] == width:
            hashed, width = hashlib.sha256(b"\x01" + self.edge.pop()[1] + hashed).digest(), 2 * width
        self.edge.append((width, hashed))
        self.size += 1

    def root(self):
        if not self.edge:
            return hashlib.sha256(b"").digest()
        found = self.edge[-1][1]
        for _, left in self.edge[-2::-1]:
            found = hashlib.sha256(b"\x01" + left + found).digest()
        return found


def check_signature(note, vkey):
    """The note's text, once `vkey` (name+hash+base64) signed or cosigned it."""
    name, key_hash, encoded = vkey.strip().split("+", 2)
    kind, raw = base64.b64decode(encoded)[0], base64.b64decode(encoded)[1:]
    expected = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:4]
    if expected.hex() != key_hash or kind not in (1, 4):
        raise ValueError(f"the verifier key of {name} is malformed")
    text, _, lines = note.decode(errors="replace").rpartition("\n\n")
    text += "\n"
    for line in lines.split("\n"):
        if line.startswith(f"\u2014 {name} "):
            data = unbase64(line.rsplit(" ", 1)[1])
            if data[:4] == expected:
                return verify_one(raw, kind, data[4:], text, name)
    raise Tampered(f"checkpoint: not signed by {name}")


def verify_one(raw, kind, signature, text, name):
    message = text.encode()
    if kind == 4:  # C2SP cosignature/v1: a time, then the signature
        time = int.from_bytes(signature[:8], "big")
        message, signature = f"cosignature/v1\ntime {time}\n{text}".encode(), signature[8:]
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)
    except InvalidSignature:
        raise Tampered(f"checkpoint: the signature of {name} does not match") from None
    return text


def read_head(note, vkey, witness=None):
    text = check_signature(note, vkey)
    if witness:
        check_signature(note, witness)
    origin, size, root, _ = text.split("\n", 3)
    if origin != vkey.split("+", 1)[0]:
        raise Tampered(f"checkpoint: it belongs to another ledger, {origin}")
    return int(size), unbase64(root)


def tile_path(number, width):
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03d}")
    return "/".join(parts) + ("" if width == WIDTH else f".p/{width}")


def read_tile(folder, number, width):
    path = folder / tile_path(number, width)
    if not path.is_file():
        raise Tampered(f"{path.relative_to(folder.parent)}: missing")
    return path.read_bytes()


def leaves(folder, size):
    for number in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - number * WIDTH)
        data, place, count = read_tile(folder / "tile" / "entries", number, width), 0, 0
        while place < len(data):
            length = int.from_bytes(data[place : place + 2], "big")
            leaf = data[place + 2 : place + 2 + length]
            if len(leaf) != length or count == width:
                break
            yield leaf
            place, count = place + 2 + length, count + 1
        if count != width or place != len(data):
            raise Tampered(f"tile/entries/{tile_path(number, width)}: not {width} whole events")


def check_tiles(folder, level, hashes):
    """Every stored tile of a level against the hashes that the level below gives; returns those of the next level."""
    above = []
    for number in range((len(hashes) + WIDTH - 1) // WIDTH):
        block = hashes[number * WIDTH : (number + 1) * WIDTH]
        stored = read_tile(folder / "tile" / str(level), number, len(block))
        if stored != b"".join(block):
            places = [i for i, h in enumerate(block) if stored[32 * i : 32 * i + 32] != h] or [len(block)]
            where = f"event {number * WIDTH + places[0]}" if level == 0 else f"entry {places[0]}"
            raise Tampered(f"tile/{level}/{tile_path(number, len(block))}: {where} does not match")
        if len(block) == WIDTH:
            tree = Tree()
            for hashed in block:
                tree.add(hashed)
            above.append(tree.root())
    return above


def verify(folder, vkey, witness=None, older=None, receipt=None):
    """Size and root of a sound export. Raises Tampered."""
    size, root = read_head((folder / "checkpoint").read_bytes(), vkey, witness)
    heads = {size: root}
    if older:
        old_size, old_root = read_head(older, vkey)
        if old_size > size:
            raise Tampered(f"rolled back: {size} events, but the older checkpoint has {old_size}")
        if heads.setdefault(old_size, old_root) != old_root:
            raise Tampered(f"forked: two roots were signed at {size} events")
    tree, hashes, roots, claimed = Tree(), [], {0: Tree().root()}, None
    for index, leaf in enumerate(leaves(folder, size)):
        hashes.append(hashlib.sha256(b"\x00" + leaf).digest())
        tree.add(hashes[-1])
        if tree.size in heads:
            roots[tree.size] = tree.root()
        if receipt and index == receipt["index"]:
            claimed = leaf
    level, above = 0, hashes
    while above:
        level, above = level + 1, check_tiles(folder, level, above)
    if roots[size] != root:
        raise Tampered(f"root: the {size} events do not lead to the signed root")
    for old_size, old_root in heads.items():
        if roots[old_size] != old_root:
            raise Tampered(f"forked: the events do not extend the older checkpoint at {old_size}")
    if receipt and claimed != receipt["leaf"].encode():
        raise Tampered(f"receipt: event {receipt['index']} of this ledger is another one")
    return size, root


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--key", required=True, help="the ledger's verifier key, name+hash+base64")
    parser.add_argument("--witness", help="a witness's verifier key: its cosignature is then required")
    parser.add_argument("--older", type=Path, help="a checkpoint kept from before")
    parser.add_argument("--receipt", type=Path, help="a release receipt: its event must be in this ledger")
    asked = parser.parse_args()
    try:
        older = asked.older.read_bytes() if asked.older else None
        receipt = json.loads(asked.receipt.read_bytes())["ledger"] if asked.receipt else None
        size, root = verify(asked.folder, asked.key, asked.witness, older, receipt)
    except Tampered as problem:
        print(f"tampered: {problem}", file=sys.stderr)
        return 5
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as problem:
        print(f"cannot check: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 2
    print(json.dumps({"size": size, "root": base64.b64encode(root).decode(), "sound": True}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
