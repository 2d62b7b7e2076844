"""The ledger's signed heads, in formats others already read: C2SP signed-note, tlog-checkpoint, tlog-cosignature.

The hub signs a checkpoint (type 0x01: Ed25519 over the text). A witness cosigns it (type 0x04: Ed25519 over a header,
a time and the text), and so says: this is the longest history I have seen of this ledger, and it only ever grew.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from egide.crypto.sign import SigningKey, VerifyKey, decode_base64
from egide.model.errors import BadInput, Tampered

SIGNED, COSIGNED = 0x01, 0x04  # C2SP signed-note, "Signature types"
_DASH = "\u2014 "
_LARGEST = 64 * 1024
_MOST_SIGNATURES = 64


@dataclass(frozen=True, slots=True)
class Verifier:
    """A named public key for notes. `str()` gives the C2SP verifier key: name+hash+base64."""

    name: str
    key: VerifyKey
    kind: int = SIGNED

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() for c in self.name):
            raise BadInput("ledger.note-name")

    @property
    def key_hash(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self._encoded).digest()[:4]

    @property
    def _encoded(self) -> bytes:
        return bytes([self.kind]) + self.key.raw

    def __str__(self) -> str:
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(self._encoded).decode()}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """Raises BadInput with key ledger.verifier-malformed."""
        try:
            name, key_hash, encoded = text.strip().split("+", 2)
            kind, *raw = decode_base64(encoded)
        except ValueError as problem:
            raise BadInput("ledger.verifier-malformed") from problem
        found = cls(name, VerifyKey(bytes(raw)), kind)
        if kind not in (SIGNED, COSIGNED) or found.key_hash.hex() != key_hash:
            raise BadInput("ledger.verifier-malformed")
        return found

    def check(self, text: str, signature: bytes) -> None:
        """Raises Tampered with key sign.wrong."""
        if self.kind == SIGNED:
            return self.key.verify(signature, text.encode())
        if len(signature) != 72:
            raise Tampered("sign.wrong")
        return self.key.verify(signature[8:], _cosigned_text(text, int.from_bytes(signature[:8], "big")))


@dataclass(frozen=True, slots=True)
class Line:
    """One signature line of a note."""

    name: str
    key_hash: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64.b64encode(self.key_hash + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it. Nothing in it is to be believed before `check_note`."""

    text: str
    lines: tuple[Line, ...]

    def __bytes__(self) -> bytes:
        return f"{self.text}\n{''.join(map(str, self.lines))}".encode()

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Raises BadInput with key ledger.note-malformed."""
        try:
            whole = data.decode("utf-8")
            text, separator, signatures = whole.rpartition("\n\n")
            lines = parse_lines(signatures)
            if (
                len(data) > _LARGEST
                or not separator
                or not lines
                or any(c < " " and c != "\n" for c in whole)
            ):
                raise ValueError("not a signed note")
        except ValueError as problem:
            raise BadInput("ledger.note-malformed") from problem
        return cls(text + "\n", lines)

    def signed_by(self, verifier: Verifier) -> bool:
        return any((line.name, line.key_hash) == (verifier.name, verifier.key_hash) for line in self.lines)

    def with_lines(self, more: Sequence[Line]) -> "Note":
        """Adds signatures; one by a key that had already signed replaces the earlier."""
        newer = {(line.name, line.key_hash): line for line in (*self.lines, *more)}
        return Note(self.text, tuple(newer.values()))


def parse_lines(text: str) -> tuple[Line, ...]:
    """Signature lines, each ending in a newline. Raises ValueError."""
    if text and not text.endswith("\n"):
        raise ValueError("a signature line ends in a newline")
    found = tuple(_line(line) for line in text.split("\n")[:-1])
    if len(found) > _MOST_SIGNATURES:
        raise ValueError("too many signatures")
    return found


def _line(text: str) -> Line:
    name, _, encoded = text.removeprefix(_DASH).partition(" ")
    data = decode_base64(encoded)
    if not text.startswith(_DASH) or not name or "+" in name or len(data) < 5:
        raise ValueError("not a signature line")
    return Line(name, data[:4], data[4:])


def sign_note(text: str, name: str, key: SigningKey) -> Note:
    """Raises BadInput when the name cannot stand in a note."""
    signer = Verifier(name, key.verify_key)
    return Note(text, (Line(name, signer.key_hash, key.sign(text.encode())),))


def cosign(text: str, name: str, key: SigningKey, time: int) -> Line:
    """A cosignature/v1 made at `time` (POSIX seconds)."""
    signer = Verifier(name, key.verify_key, COSIGNED)
    return Line(name, signer.key_hash, time.to_bytes(8, "big") + key.sign(_cosigned_text(text, time)))


def _cosigned_text(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def check_note(note: Note, verifier: Verifier) -> None:
    """`verifier`'s key signed this text. Raises Tampered: ledger.note-unsigned, or ledger.note-altered."""
    theirs = [line for line in note.lines if (line.name, line.key_hash) == (verifier.name, verifier.key_hash)]
    if not theirs:
        raise Tampered("ledger.note-unsigned", name=verifier.name)
    try:
        for line in theirs:
            verifier.check(note.text, line.signature)
    except Tampered as problem:
        raise Tampered("ledger.note-altered", name=verifier.name) from problem


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a ledger: whose, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Raises BadInput with key ledger.note-malformed; also for extension lines, which nobody could audit."""
        try:
            origin, size, root, _ = text.split("\n")
            found = cls(origin, int(size), decode_base64(root))
        except ValueError as problem:
            raise BadInput("ledger.note-malformed") from problem
        if not origin or found.size < 0 or len(found.root) != 32 or str(found) != text:
            raise BadInput("ledger.note-malformed")
        return found


def open_checkpoint(data: bytes, verifier: Verifier) -> Checkpoint:
    """The head that `verifier` signed, for the origin of that name.

    Raises BadInput for what is no checkpoint, Tampered when the key did not sign it or the origin is another's.
    """
    note = Note.parse(data)
    check_note(note, verifier)
    head = Checkpoint.parse(note.text)
    if verifier.kind == SIGNED and head.origin != verifier.name:
        raise Tampered("ledger.other-origin", origin=head.origin)
    return head
