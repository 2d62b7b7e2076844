"""The witness as its own process, over HTTP and over files: what someone with every hub key cannot hide from it."""

import base64
import fcntl
import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
from ledger_kit import ORIGIN, TOOLS, Kept, Ran, event, plain
from memory_ledger import MemoryLedger

from egide.adapters.witness.http import HttpWitness
from egide.crypto import tree
from egide.crypto.note import Checkpoint, Note, Verifier, check_note, open_checkpoint, parse_lines, sign_note
from egide.crypto.sign import SigningKey
from egide.model.errors import BadUsage, Denied, Tampered, Unreachable
from egide.ports.ledger import Cosigned, LastSeen
from egide.stages import ledger

NAME = "witness.example/w1"
Tool = Callable[..., Ran]


@dataclass
class Process:
    url: str
    home: Path
    verifier: Verifier
    pid: int

    @property
    def client(self) -> HttpWitness:
        return HttpWitness(self.url)

    def post(self, body: bytes, path: str = "/add-checkpoint") -> tuple[int, str, bytes]:
        host, port = self.url.removeprefix("http://").split(":")
        connection = HTTPConnection(host, int(port), timeout=20)
        connection.request("POST", path, body)
        answer = connection.getresponse()
        found = answer.status, answer.headers["Content-Type"], answer.read()
        connection.close()
        return found


@pytest.fixture
def home(tmp_path: Path, tool: Tool, kept: Kept) -> Path:
    home = tmp_path / "witness"
    assert tool("witness.py", "--home", home, "init", NAME).code == 0
    assert tool("witness.py", "--home", home, "follow", kept.verifier).code == 0
    return home


@pytest.fixture
def witness(home: Path, tool: Tool) -> Iterator[Process]:
    verifier = Verifier.parse(tool("witness.py", "--home", home, "show-key").out)
    process = subprocess.Popen(
        [sys.executable, "-P", str(TOOLS / "witness.py"), "--home", str(home), "--port", "0", "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield Process(json.loads(process.stdout.readline())["listening"], home, verifier, process.pid)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    process.stdout.close()


def head_of(note: bytes) -> Checkpoint:
    return Checkpoint.parse(Note.parse(note).text)


def forged(kept: Kept, size: int, changed: int) -> Kept:
    """Another history of `size` events, signed with the ledger's real key."""
    other = Kept(MemoryLedger(), kept.key)
    for number in range(size):
        ledger.append(other.store, event(number + (1000 if number == changed else 0)), plain)
    other.sign()
    return other


def refusal(kept: Kept, witness: Process) -> str:
    with pytest.raises((Tampered, Denied)) as refused:
        ledger.witnessed(kept.store, witness.client, witness.verifier)
    return refused.value.key


def test_a_growing_ledger_is_cosigned(kept: Kept, witness: Process) -> None:
    for count in (1, 4, 3, 0, 300):
        kept.grow(count).sign()
        note = ledger.witnessed(kept.store, witness.client, witness.verifier)
        head = open_checkpoint(note, kept.verifier)
        assert head.size == kept.store.size()
        assert open_checkpoint(note, witness.verifier) == head
        assert kept.store.last_checkpoint() == note
    assert kept.problems() == []


def test_a_cosigned_checkpoint_is_not_signed_again(kept: Kept, witness: Process) -> None:
    kept.grow(3).sign()
    note = ledger.witnessed(kept.store, witness.client, witness.verifier)
    assert kept.sign() == note


def test_a_fork_at_the_same_size_is_caught(kept: Kept, witness: Process) -> None:
    kept.grow(6).sign()
    ledger.witnessed(kept.store, witness.client, witness.verifier)
    fork = forged(kept, 6, changed=2)
    assert fork.problems() == []  # the hub's own verification sees nothing: the key is the real one
    assert refusal(fork, witness) == "witness.fork"


@pytest.mark.parametrize("changed", [0, 2, 5])
def test_a_longer_fork_is_caught(kept: Kept, witness: Process, changed: int) -> None:
    kept.grow(6).sign()
    ledger.witnessed(kept.store, witness.client, witness.verifier)
    fork = forged(kept, 11, changed)
    assert fork.problems() == []
    assert refusal(fork, witness) == "witness.inconsistent"


def test_a_rolled_back_ledger_is_caught(kept: Kept, witness: Process) -> None:
    kept.grow(6).sign()
    older = dict(kept.store.heads)
    kept.grow(5).sign()
    ledger.witnessed(kept.store, witness.client, witness.verifier)
    for index in range(6, 11):
        del kept.store.rows[index]
    kept.store.heads = older
    assert kept.problems() == []
    assert refusal(kept, witness) == "witness.ahead"


def test_a_roll_back_that_grew_past_again_is_caught(kept: Kept, witness: Process) -> None:
    kept.grow(9).sign()
    ledger.witnessed(kept.store, witness.client, witness.verifier)
    assert refusal(forged(kept, 20, changed=8), witness) == "witness.inconsistent"


def test_after_a_refusal_the_true_ledger_goes_on(kept: Kept, witness: Process) -> None:
    kept.grow(6).sign()
    ledger.witnessed(kept.store, witness.client, witness.verifier)
    refusal(forged(kept, 11, 2), witness)
    refusal(forged(kept, 6, 2), witness)
    kept.grow(1).sign()
    check_note(Note.parse(ledger.witnessed(kept.store, witness.client, witness.verifier)), witness.verifier)


def test_the_witness_remembers_after_a_kill(kept: Kept, witness: Process, tool: Tool, tmp_path: Path) -> None:
    kept.grow(6).sign()
    ledger.witnessed(kept.store, witness.client, witness.verifier)
    subprocess.run(["kill", "-9", str(witness.pid)], check=True)
    (tmp_path / "head").write_bytes(forged(kept, 6, 2).store.heads[6])
    (tmp_path / "proof").write_text("old 6\n")
    done = tool(
        "witness.py", "--home", witness.home, "cosign", tmp_path / "head", "--proof", tmp_path / "proof"
    )
    assert (done.code, done.out) == (5, "")
    assert "refused: fork" in done.err


def test_another_key_or_ledger_is_refused(kept: Kept, witness: Process) -> None:
    stranger = replace(kept, store=MemoryLedger(), key=SigningKey.generate())
    stranger.grow(1).sign()
    assert refusal(stranger, witness) == "witness.signature"
    note = bytes(sign_note(str(Checkpoint("other.example", 0, tree.EMPTY_ROOT)), "other.example", kept.key))
    with pytest.raises(Denied) as refused:
        witness.client.add_checkpoint(0, (), note)
    assert refused.value.key == "witness.unknown-ledger"


def test_the_protocols_answers(kept: Kept, witness: Process) -> None:
    first, second = kept.grow(6).sign(), kept.grow(5).sign()
    proof = [base64.b64encode(step) + b"\n" for step in ledger.prove_consistency(kept.store, 6, 11)]

    def request(old: bytes, steps: list[bytes], note: bytes) -> tuple[int, str, bytes]:
        return witness.post(b"old " + old + b"\n" + b"".join(steps) + b"\n" + note)

    assert request(b"6", [], first)[0] == 409  # nothing seen yet: the old size is 0
    assert request(b"0", proof, first)[0] == 422  # no proof may go with size 0
    status, kind, body = request(b"0", [], first)
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    check_note(Note(Note.parse(first).text, parse_lines(body.decode())), witness.verifier)
    assert request(b"0", [], second) == (409, "text/x.tlog.size", b"6\n")
    assert request(b"7", proof, second) == (409, "text/x.tlog.size", b"6\n")
    assert request(b"6", [], second)[0] == 422
    assert request(b"6", proof[::-1], second)[0] == 422
    assert request(b"6", [*proof, proof[0]], second)[0] == 422
    assert request(b"12", proof, second)[0] == 400
    assert request(b"6", proof, second)[0] == 200
    assert request(b"6", proof, second) == (409, "text/x.tlog.size", b"11\n")
    assert request(b"11", [], second)[0] == 200
    assert request(b"6", [], first) == (409, "text/x.tlog.size", b"11\n")


MALFORMED = [
    b"",
    b"old 0\n",
    b"\n\n",
    b"new 0\n\nx\n1\nAAAA\n\n",
    b"old 00\n\n",
    b"old -1\n\n",
    b"old 0\nnot base64\n\n",
    b"old 0\n" + b"A" * 43 + b"=\n" + b"\n\xff\xfe\n",
    b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\nx\n1\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 a AAAAAAAA\n",
]


def test_malformed_requests_are_refused(witness: Process) -> None:
    assert [witness.post(body)[0] for body in MALFORMED] == [400] * len(MALFORMED)


def test_other_pages_and_floods_are_refused(witness: Process) -> None:
    assert witness.post(b"", "/elsewhere")[0] == 404
    host, port = witness.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b" 413 " in line.recv(200)


def test_racing_requests_never_fork_it(kept: Kept, witness: Process) -> None:
    """Eight histories of one size arrive at once: one is cosigned, the others never."""
    bodies = [b"old 0\n\n" + forged(kept, 8, changed).store.heads[8] for changed in range(8)]
    with ThreadPoolExecutor(8) as many:
        answers = [status for status, _, _ in many.map(witness.post, bodies)]
    assert sorted(answers) == [200, *[409] * 7]


def test_check_and_write_are_one_step(kept: Kept, witness: Process) -> None:
    """While another process holds the lock, a request waits rather than decide on what may be about to change."""
    body = b"old 0\n\n" + kept.grow(2).sign()
    with ThreadPoolExecutor(1) as other, (witness.home / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = other.submit(witness.post, body)
        with pytest.raises(TimeoutError):
            waiting.result(0.5)
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert waiting.result(20)[0] == 200


def test_a_witness_that_answers_with_something_else_is_not_believed(kept: Kept) -> None:
    class Liar:
        def __init__(self, lines: bytes) -> None:
            self.lines = lines

        def add_checkpoint(self, *_: object) -> Cosigned | LastSeen:
            return Cosigned(self.lines)

    kept.grow(2).sign()
    verifier = Verifier(NAME, SigningKey.generate().verify_key, 4)
    for lines in (b"", b"\xff", b"hello\n", b"\xe2\x80\x94 witness.example/w1 AAAAAAAAAAAA\n"):
        with pytest.raises(Tampered) as refused:
            ledger.witnessed(kept.store, Liar(lines), verifier)
        assert refused.value.key == "witness.cosignature"
    assert Note.parse(kept.store.heads[2]).lines[0].name == ORIGIN


def test_a_witness_that_is_away(kept: Kept) -> None:
    kept.grow(1).sign()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = HttpWitness(f"http://127.0.0.1:{taken.getsockname()[1]}", timeout=2)
        with pytest.raises(Unreachable):
            ledger.witnessed(kept.store, away, kept.verifier)
    with pytest.raises(BadUsage):
        HttpWitness("ftp://witness.example")


def test_over_files(kept: Kept, home: Path, tool: Tool, tmp_path: Path) -> None:
    head, proof = tmp_path / "head", tmp_path / "proof"
    verifier = Verifier.parse(tool("witness.py", "--home", home, "show-key").out)
    head.write_bytes(kept.grow(4).sign())
    done = tool("witness.py", "--home", home, "cosign", head)
    check_note(Note(Note.parse(head.read_bytes()).text, parse_lines(done.out)), verifier)
    head.write_bytes(kept.grow(5).sign())
    steps = ledger.prove_consistency(kept.store, 4, 9)
    proof.write_text("old 4\n" + "".join(base64.b64encode(step).decode() + "\n" for step in steps))
    assert tool("witness.py", "--home", home, "cosign", head, "--proof", proof).code == 0
    body = b"old 9\n\n" + head.read_bytes()
    assert tool("witness.py", "--home", home, "cosign", "-", stdin=body).code == 0
    assert "stale" in tool("witness.py", "--home", home, "cosign", head, "--proof", proof).err
    head.write_bytes(kept.store.heads[4])
    done = tool("witness.py", "--home", home, "cosign", head)
    assert (done.code, done.out, "refused: rollback: 4 events, but 9" in done.err) == (5, "", True)


def test_the_home_is_private_and_made_once(home: Path, tool: Tool) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert set(modes.values()) == {0o600} and "key" in modes
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert tool("witness.py", "--home", home, "init", NAME).code == 2


@pytest.mark.parametrize(
    "vkey", ["", "x", "a+00000000+AAAA", f"{NAME}+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"]
)
def test_what_is_no_ledgers_key_is_not_followed(home: Path, tool: Tool, vkey: str) -> None:
    assert tool("witness.py", "--home", home, "follow", vkey).code == 2


def test_it_needs_nothing_of_the_hub() -> None:
    for name in ("witness.py", "verify_ledger.py", "verify_receipt.py"):
        assert "egide." not in (TOOLS / name).read_text().replace("docs/", "")
        assert "import egide" not in (TOOLS / name).read_text()
