#!/usr/bin/env python3
"""An independent witness of ledgers: own process, own key, own home, nothing of the hub's code.

It remembers the last checkpoint of each ledger it follows and cosigns only what extends it: holding every key of a hub
is not enough to rewrite, fork or roll back its ledger unseen. Protocol: C2SP tlog-witness. Run it elsewhere.

  witness.py --home DIR init witness.example/w1       creates the key; show-key prints its public half
  witness.py --home DIR follow VKEY                   follows a ledger; VKEY is name+hash+base64
  witness.py --home DIR cosign CHECKPOINT --proof FILE   FILE: "old N", then base64 lines; prints the cosignature
  witness.py --home DIR serve --port 8463             POST /add-checkpoint on 127.0.0.1

Exit: 0 done, 2 bad usage or malformed, 5 refused, named on standard error.
"""

import argparse
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LARGEST = 64 * 1024
MOST_PROOF_LINES = 63  # C2SP tlog-witness


class Refused(Exception):
    def __init__(self, name, why, status, seen=None):
        super().__init__(f"{name}: {why}")
        self.name, self.status, self.seen = name, status, seen


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def extends(old, new, old_root, new_root, proof):
    """RFC 9162, 2.1.4.2: does the tree of `new` leaves only add to that of `old`?"""
    if old in (0, new):
        return not proof and (old == 0 or old_root == new_root)
    steps = [old_root, *proof] if old & (old - 1) == 0 else proof
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, new_root)


def key_hash(name, kind, raw):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:4]


def read_vkey(vkey):
    """Name and raw Ed25519 key of a ledger's verifier key (type 0x01). Raises ValueError."""
    name, hashed, encoded = vkey.strip().split("+", 2)
    data = base64.b64decode(encoded, validate=True)
    if len(data) != 33 or data[0] != 1 or key_hash(name, 1, data[1:]).hex() != hashed:
        raise ValueError("not the verifier key of a ledger")
    return name, data[1:]


def number(text):
    if re.fullmatch(r"0|[1-9][0-9]{0,17}", text):
        return int(text)
    raise ValueError("not a size")


def unbase64(text, length=None):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() == text and length in (None, len(data)):
        return data
    raise ValueError("not base64 of the right length")


def parse_request(body):
    """(old size, proof, checkpoint bytes). Raises Refused malformed."""
    try:
        head, note = body.split(b"\n\n", 1)
        first, *lines = head.decode("ascii").split("\n")
        if not first.startswith("old ") or len(lines) > MOST_PROOF_LINES:
            raise ValueError("not an old size line and a proof")
        return number(first[4:]), [unbase64(line, 32) for line in lines], note
    except ValueError:
        raise Refused("malformed", "not an add-checkpoint request", 400) from None


def parse_checkpoint(note):
    """(text, origin, size, root, signatures). Raises Refused malformed."""
    try:
        text, _, signatures = note.decode("utf-8").rpartition("\n\n")
        origin, size, root = text.split("\n")[:3]
        lines = [line.split(" ") for line in signatures.removesuffix("\n").split("\n")]
        if not origin or any(c < " " and c != "\n" for c in text):
            raise ValueError("not a checkpoint")
        signed = [(name, unbase64(data)) for _, name, data in lines]
        return f"{text}\n", origin, number(size), unbase64(root, 32), signed
    except ValueError:
        raise Refused("malformed", "not a checkpoint", 400) from None


class Witness:
    def __init__(self, home):
        self.home = home

    def init(self, name):
        if not re.fullmatch(r"[^\s+]+", name):
            raise ValueError("a witness's name holds neither space nor plus sign")
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (self.home / "key").exists():
            raise ValueError("this witness has a key already")
        secret = Ed25519PrivateKey.generate().private_bytes_raw()
        self._write("key", {"name": name, "secret": base64.b64encode(secret).decode()})

    def load(self):
        found = json.loads((self.home / "key").read_bytes())
        self.name = found["name"]
        self.key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(found["secret"]))
        raw = self.key.public_key().public_bytes_raw()
        self.id = key_hash(self.name, 4, raw)
        self.vkey = f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([4]) + raw).decode()}"

    def follow(self, vkey):
        """Adds a ledger, or another key to a ledger already followed."""
        origin, _ = read_vkey(vkey)
        with self._locked():
            kept = self._kept(origin) or {"origin": origin, "keys": [], "size": 0, "root": ""}
            self._write(self._file(origin), {**kept, "keys": sorted({*kept["keys"], vkey.strip()})})

    def cosign(self, old, proof, note):
        """The cosignature line, once the new head is kept for good. Raises Refused."""
        text, origin, size, root, signatures = parse_checkpoint(note)
        with self._locked():
            kept = self._kept(origin)
            if kept is None:
                raise Refused("unknown-ledger", "this witness does not follow it", 404)
            self._check_signed(kept["keys"], text, signatures)
            self._check_extends(kept["size"], base64.b64decode(kept["root"]), old, size, root, proof)
            news = {"size": size, "root": base64.b64encode(root).decode(), "checkpoint": note.decode()}
            self._write(self._file(origin), {**kept, **news})
        now = int(time.time())
        signature = self.key.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        data = self.id + now.to_bytes(8, "big") + signature
        return f"\u2014 {self.name} {base64.b64encode(data).decode()}\n".encode()

    @staticmethod
    def _check_signed(keys, text, signatures):
        for name, raw in map(read_vkey, keys):
            for signer, data in signatures:
                with contextlib.suppress(InvalidSignature):
                    if signer == name and data[:4] == key_hash(name, 1, raw):
                        return Ed25519PublicKey.from_public_bytes(raw).verify(data[4:], text.encode())
        raise Refused("bad-signature", "not signed by a key of this ledger", 403)

    @staticmethod
    def _check_extends(seen, seen_root, old, size, root, proof):
        if old > size:
            raise Refused("malformed", "the old size is larger than the checkpoint's", 400)
        if size < seen:
            raise Refused("rollback", f"{size} events, but {seen} were cosigned", 409, seen)
        if old != seen:
            raise Refused("stale", f"the proof starts at {old}, the last cosigned size is {seen}", 409, seen)
        if size == seen > 0 and root != seen_root:
            raise Refused("fork", f"another root at {size} events", 409)
        if not extends(seen, size, seen_root, root, proof):
            raise Refused("bad-proof", f"{size} events do not extend the {seen} cosigned", 422)

    def _file(self, origin):
        return f"ledger-{hashlib.sha256(origin.encode()).hexdigest()}"

    def _kept(self, origin):
        path = self.home / self._file(origin)
        return json.loads(path.read_bytes()) if path.exists() else None

    @contextlib.contextmanager
    def _locked(self):
        """One request at a time, across threads and processes: check and write are one step."""
        with os.fdopen(os.open(self.home / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write(self, name, found):
        path, new = self.home / name, self.home / f"{name}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(found, ensure_ascii=False, indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
        folder = os.open(self.home, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    witness = None

    def do_POST(self):
        try:
            line = self.witness.cosign(*parse_request(self._body()))
        except Refused as refused:
            self.log_message("refused %s", refused)
            if refused.seen is None:
                self._answer(refused.status, f"{refused}\n".encode())
            else:
                self._answer(409, b"%d\n" % refused.seen, "text/x.tlog.size")
        else:
            self._answer(200, line)

    def _body(self):
        length = self.headers.get("Content-Length", "")
        known = self.path == "/add-checkpoint"
        if known and length.isdigit() and int(length) <= LARGEST:
            return self.rfile.read(int(length))
        self.close_connection = True  # what was not read must not pass for the next request
        raise Refused("too-large" if known else "unknown-page", "nothing was read", 413 if known else 404)

    def _answer(self, status, body, kind="text/plain; charset=utf-8"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(witness, host, port):
    server = ThreadingHTTPServer((host, port), type("Bound", (Handler,), {"witness": witness}))
    print(json.dumps({"listening": "http://{}:{}".format(*server.server_address[:2])}), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


def read_request(checkpoint, proof):
    """CHECKPOINT "-" reads a whole add-checkpoint request from standard input."""
    if checkpoint == "-":
        return sys.stdin.buffer.read(LARGEST)
    head = Path(proof).read_bytes().rstrip(b"\n") if proof else b"old 0"
    return head + b"\n\n" + Path(checkpoint).read_bytes()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("command", choices=["init", "follow", "show-key", "cosign", "serve"])
    parser.add_argument("argument", nargs="?", default="", help="NAME, VKEY or CHECKPOINT")
    parser.add_argument("--proof", help="for cosign")
    parser.add_argument("--port", type=int, default=8463, help="for serve")
    parser.add_argument("--host", default="127.0.0.1", help="for serve")
    return parser.parse_args()


def run(witness, asked):
    if asked.command == "init":
        witness.init(asked.argument)
    witness.load()
    if asked.command == "follow":
        witness.follow(asked.argument)
    elif asked.command == "cosign":
        request = read_request(asked.argument, asked.proof)
        sys.stdout.buffer.write(witness.cosign(*parse_request(request)))
    elif asked.command == "serve":
        serve(witness, asked.host, asked.port)
    else:
        print(witness.vkey)


def main():
    asked = arguments()
    try:
        run(Witness(asked.home), asked)
    except (Refused, OSError, ValueError, KeyError) as problem:
        refused = isinstance(problem, Refused)
        print(f"refused: {problem}" if refused else f"{type(problem).__name__}: {problem}", file=sys.stderr)
        return 5 if refused and problem.status != 400 else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
