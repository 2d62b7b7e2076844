"""Signed notes, checkpoints and cosignatures against what other implementations wrote."""

import pytest

from egide.crypto.note import (
    COSIGNED,
    Checkpoint,
    Note,
    Verifier,
    check_note,
    cosign,
    open_checkpoint,
    parse_lines,
    sign_note,
)
from egide.crypto.sign import SigningKey, decode_base64
from egide.model.errors import BadInput, Tampered

# The example of golang.org/x/mod/sumdb/note, with its published keys.
GO_SECRET = decode_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_NOTE = (
    GO_TEXT
    + "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

# A checkpoint of a public certificate log, signed by it (also with a type that we ignore) and by a public witness.
LOG = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
WITNESS = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
PUBLIC_NOTE = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

\u2014 arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
\u2014 arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
\u2014 remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
"""


def test_we_sign_as_go_does() -> None:
    key = SigningKey.from_bytes(GO_SECRET)
    assert bytes(sign_note(GO_TEXT, "PeterNeumann", key)).decode() == GO_NOTE
    assert str(Verifier("PeterNeumann", key.verify_key)) == GO_VERIFIER


def test_we_read_what_go_signed() -> None:
    note = Note.parse(GO_NOTE.encode())
    check_note(note, Verifier.parse(GO_VERIFIER))
    assert (note.text, bytes(note)) == (GO_TEXT, GO_NOTE.encode())


def test_a_public_checkpoint_and_its_public_witness() -> None:
    head = open_checkpoint(PUBLIC_NOTE.encode(), Verifier.parse(LOG))
    assert head.size == 1432088532
    assert open_checkpoint(PUBLIC_NOTE.encode(), Verifier.parse(WITNESS)) == head
    assert str(Verifier.parse(WITNESS)) == WITNESS


@pytest.mark.parametrize("verifier", [LOG, WITNESS])
def test_a_public_checkpoint_altered_is_refused(verifier: str) -> None:
    with pytest.raises(Tampered):
        open_checkpoint(PUBLIC_NOTE.replace("1432088532", "1432088533").encode(), Verifier.parse(verifier))


def test_a_cosignature_says_when() -> None:
    key, text = SigningKey.generate(), str(Checkpoint("hub.example/ledger", 3, bytes(32)))
    line = cosign(text, "witness.example/w1", key, 1_700_000_000)
    verifier = Verifier("witness.example/w1", key.verify_key, COSIGNED)
    check_note(Note(text, (line,)), verifier)
    assert int.from_bytes(line.signature[:8], "big") == 1_700_000_000
    later = line.__class__(line.name, line.key_hash, (1_700_000_001).to_bytes(8, "big") + line.signature[8:])
    with pytest.raises(Tampered):
        check_note(Note(text, (later,)), verifier)


def test_a_note_without_the_awaited_signature_is_refused() -> None:
    note = sign_note("text\n", "a", SigningKey.generate())
    with pytest.raises(Tampered) as refused:
        check_note(note, Verifier("a", SigningKey.generate().verify_key))
    assert refused.value.key == "ledger.note-unsigned"


def test_another_ledgers_checkpoint_is_refused() -> None:
    key = SigningKey.generate()
    note = sign_note(str(Checkpoint("other.example", 0, bytes(32))), "hub.example", key)
    with pytest.raises(Tampered) as refused:
        open_checkpoint(bytes(note), Verifier("hub.example", key.verify_key))
    assert refused.value.key == "ledger.other-origin"


def test_a_newer_cosignature_replaces_the_older() -> None:
    hub, witness = SigningKey.generate(), SigningKey.generate()
    note = sign_note("text\n", "hub", hub)
    twice = note.with_lines([cosign("text\n", "w", witness, 1)]).with_lines(
        [cosign("text\n", "w", witness, 2)]
    )
    assert len(twice.lines) == 2
    assert twice.lines[0] == note.lines[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        GO_NOTE.encode()[:-1],
        GO_NOTE.replace("\u2014", "-").encode(),
        GO_NOTE.replace("AM=", "AN=").encode(),  # another spelling of the same base64
        GO_NOTE.replace("problem is", "problem\tis").encode(),
        b"\xff" + GO_NOTE.encode(),
        GO_NOTE.replace("PeterNeumann ", "Peter+Neumann ").encode(),
        GO_NOTE.encode() + b"x" * 70_000,
    ],
)
def test_a_malformed_note_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        Note.parse(data)


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n",
        "a\n01\n{r}\n",
        "a\n-1\n{r}\n",
        "a\n1\nAAAA\n",
        "\n1\n{r}\n",
        "a\n1\n{r}\nmore\n",
        "a\n1 \n{r}\n",
        "a\n1\n{r}",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Checkpoint.parse(text.format(r="A" * 43 + "="))


@pytest.mark.parametrize(
    "text", ["", "a", "a+b", GO_VERIFIER[:-4], GO_VERIFIER.replace("c74f20a3", "c74f20a4"), "x" + GO_VERIFIER]
)
def test_a_malformed_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Verifier.parse(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\u2003b"])
def test_a_name_that_cannot_stand_in_a_note(name: str) -> None:
    with pytest.raises(BadInput):
        sign_note("text\n", name, SigningKey.generate())


def test_no_flood_of_signatures() -> None:
    with pytest.raises(ValueError, match="too many"):
        parse_lines("\u2014 a AAAAAAAA\n" * 65)
