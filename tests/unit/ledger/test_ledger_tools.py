"""The standalone verifier of exports, as a process of its own: an export, whole and spoilt in every way."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_kit import ORIGIN, Kept, Ran, plain
from memory_ledger import MemoryLedger

from egide.crypto.note import COSIGNED, Checkpoint, Note, Verifier, cosign, sign_note
from egide.crypto.sign import SigningKey, digest
from egide.model.errors import BadUsage, Tampered
from egide.model.event import Event, EventKind
from egide.stages import ledger

Tool = Callable[..., Ran]
AT = "2026-01-02T03:04:05Z"


def all_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def check(tool: Tool, kept: Kept, folder: Path, *more: object) -> Ran:
    return tool("verify_ledger.py", folder, "--key", kept.verifier, *more)


@pytest.mark.parametrize("size", [1, 5, 255, 256, 257, 600])
def test_an_export_verifies(kept: Kept, tool: Tool, tmp_path: Path, size: int) -> None:
    kept.grow(size).sign()
    assert ledger.export(kept.store, tmp_path / "out") == size
    done = check(tool, kept, tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    root = ledger.verify(kept.store, ORIGIN, kept.key.verify_key).root
    assert json.loads(done.out) == {"size": size, "root": base64.b64encode(root).decode(), "sound": True}


def test_the_folder_is_laid_out_as_tlog_tiles(kept: Kept, tmp_path: Path) -> None:
    kept.grow(600).sign()
    kept.grow(2)  # not under a checkpoint: not exported
    ledger.export(kept.store, tmp_path)
    assert all_files(tmp_path) == [
        "checkpoint",
        "checkpoints/600",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]
    assert (tmp_path / "tile/0/000").stat().st_size == 8192


def test_an_export_shows_no_fact(kept: Kept, tmp_path: Path) -> None:
    ledger.append(
        kept.store, Event(EventKind.QUERIED, AT, {"account": "CANARY-NAME", "sql": "CANARY-SQL"}), plain
    )
    kept.sign()
    ledger.export(kept.store, tmp_path)
    assert not [name for name in all_files(tmp_path) if b"CANARY" in (tmp_path / name).read_bytes()]


def test_only_into_an_empty_folder_and_only_what_is_signed(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(BadUsage):
        ledger.export(kept.store, tmp_path)
    kept.grow(2).sign()
    (tmp_path / "x").touch()
    with pytest.raises(BadUsage):
        ledger.export(kept.store, tmp_path)


def test_a_hole_is_not_exported(kept: Kept, tmp_path: Path) -> None:
    kept.grow(5).sign()
    del kept.store.rows[2]
    with pytest.raises(Tampered) as refused:
        ledger.export(kept.store, tmp_path)
    assert refused.value.facts == {"index": 2}


def test_a_flipped_byte_in_any_file_is_named(kept: Kept, tool: Tool, tmp_path: Path) -> None:
    kept.grow(300).sign()
    ledger.export(kept.store, tmp_path / "out")
    for name in all_files(tmp_path / "out"):
        path = tmp_path / "out" / name
        good = path.read_bytes()
        for place in {0, len(good) // 3, len(good) // 2, len(good) - 2}:
            path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
            done = check(tool, kept, tmp_path / "out")
            if not name.startswith("checkpoints/"):  # older heads are for `--older`
                assert (done.code, done.out) == (5, ""), (name, place, done)
                assert "tampered: " + ("tile/" if name.startswith("tile") else "checkpoint") in done.err
        path.write_bytes(good)
    assert check(tool, kept, tmp_path / "out").code == 0


def test_a_history_rewritten_under_an_old_checkpoint_is_named(kept: Kept, tool: Tool, tmp_path: Path) -> None:
    """Leaves and every tile agree with one another; only the signed root does not."""
    other = Kept(MemoryLedger(), kept.key).grow(300)
    other.store.heads[300] = kept.grow(300).sign()
    ledger.export(other.store, tmp_path)
    done = check(tool, kept, tmp_path)
    assert (done.code, "the 300 events do not lead to the signed root" in done.err) == (5, True)


def spoil_swap(folder: Path) -> None:
    path = folder / "tile/entries/000.p/5"
    data = path.read_bytes()
    first = 2 + int.from_bytes(data[:2], "big")
    second = first + 2 + int.from_bytes(data[first : first + 2], "big")
    path.write_bytes(data[first:second] + data[:first] + data[second:])


def spoil_remove(folder: Path) -> None:
    path = folder / "tile/entries/000.p/5"
    data = path.read_bytes()
    path.write_bytes(data[2 + int.from_bytes(data[:2], "big") :])


def spoil_lose(folder: Path) -> None:
    (folder / "tile/0/000.p/5").unlink()


def spoil_add(folder: Path) -> None:
    with (folder / "tile/entries/000.p/5").open("ab") as file:
        file.write(b"\x00\x02{}")


def spoil_cut(folder: Path) -> None:
    path = folder / "tile/entries/000.p/5"
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (spoil_swap, "event 0 does not match"),
        (spoil_remove, "not 5 whole events"),
        (spoil_lose, "missing"),
        (spoil_add, "not 5 whole events"),
        (spoil_cut, "not 5 whole events"),
    ],
)
def test_a_spoilt_export_is_named(
    kept: Kept, tool: Tool, tmp_path: Path, spoil: Callable[[Path], None], named: str
) -> None:
    kept.grow(5).sign()
    ledger.export(kept.store, tmp_path)
    spoil(tmp_path)
    done = check(tool, kept, tmp_path)
    assert done.code == 5
    assert named in done.err


def test_an_older_checkpoint_tells_forks_and_roll_backs(kept: Kept, tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "older").write_bytes(kept.grow(5).sign())
    kept.grow(4).sign()
    ledger.export(kept.store, tmp_path / "out")
    assert check(tool, kept, tmp_path / "out", "--older", tmp_path / "older").code == 0
    for size, named in (
        (5, "forked: the events do not extend"),
        (9, "forked: two roots"),
        (10, "rolled back"),
    ):
        other = sign_note(str(Checkpoint(ORIGIN, size, digest(b"x")[:32].encode())), ORIGIN, kept.key)
        (tmp_path / "other").write_bytes(bytes(other))
        done = check(tool, kept, tmp_path / "out", "--older", tmp_path / "other")
        assert done.code == 5
        assert named in done.err


def test_the_wrong_key_or_no_cosignature(kept: Kept, tool: Tool, tmp_path: Path) -> None:
    kept.grow(3).sign()
    witness = SigningKey.generate()
    verifier = Verifier("w.example", witness.verify_key, COSIGNED)
    ledger.export(kept.store, tmp_path / "bare")
    assert "not signed by w.example" in check(tool, kept, tmp_path / "bare", "--witness", verifier).err
    note = Note.parse(kept.store.heads[3])
    kept.store.heads[3] = bytes(note.with_lines([cosign(note.text, "w.example", witness, 1)]))
    ledger.export(kept.store, tmp_path / "cosigned")
    assert check(tool, kept, tmp_path / "cosigned", "--witness", verifier).code == 0
    other = tool(
        "verify_ledger.py", tmp_path / "bare", "--key", Verifier(ORIGIN, SigningKey.generate().verify_key)
    )
    assert (other.code, other.out) == (5, "")
    assert tool("verify_ledger.py", tmp_path / "bare", "--key", "nonsense").code == 2
    assert tool("verify_ledger.py", tmp_path / "nowhere", "--key", kept.verifier).code == 2


# ---- receipts
