"""The ledger as C2SP tlog-tiles: a folder of plain files that `tools/verify_ledger.py` or any such client can check."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from egide.model.errors import BadUsage, Tampered
from egide.ports.ledger import LedgerStore
from egide.stages.ledger.record import last_head

WIDTH = 256  # hashes or entries in a full tile
_STEP = 8  # tree levels between two tile levels: WIDTH = 2 ** _STEP


def export(store: LedgerStore, folder: Path) -> int:
    """Writes checkpoint, tile/ and tile/entries/ up to the last signed head; returns its size.

    The entries are the public leaves. Older heads stand under checkpoints/SIZE, beside what tlog-tiles asks for.
    Raises BadUsage when the folder is not empty or nothing is signed yet, Tampered when a row is missing.
    """
    found = last_head(store)
    if found is None:
        raise BadUsage("ledger.no-checkpoint")
    if folder.exists() and any(folder.iterdir()):
        raise BadUsage("ledger.folder-not-empty", path=folder)
    note, head = found
    _write_entries(store, folder / "tile" / "entries", head.size)
    _write_hashes(store, folder / "tile", head.size)
    for size, older in store.checkpoints():
        _write(folder / "checkpoints" / str(size), older)
    _write(folder / "checkpoint", bytes(note))
    return head.size


def _write_entries(store: LedgerStore, folder: Path, size: int) -> None:
    rows = _whole(store.leaves(0, size), size, "ledger.leaf-missing")
    for number, block in enumerate(_blocks(rows)):
        data = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in block)
        _write(folder / _tile_name(number, len(block)), data)


def _write_hashes(store: LedgerStore, folder: Path, size: int) -> None:
    level = 0
    while count := size >> (_STEP * level):
        rows = _whole(store.nodes(_STEP * level, 0, count), count, "ledger.node-missing", level=_STEP * level)
        for number, block in enumerate(_blocks(rows)):
            _write(folder / str(level) / _tile_name(number, len(block)), b"".join(block))
        level += 1


def _whole(rows: Iterator[tuple[int, bytes]], count: int, key: str, **facts: object) -> Iterator[bytes]:
    expected = 0
    for index, data in rows:
        if index != expected:
            break
        yield data
        expected += 1
    if expected != count:
        raise Tampered(key, index=expected, **facts)


def _blocks(rows: Iterator[bytes]) -> Iterator[list[bytes]]:
    while block := list(islice(rows, WIDTH)):
        yield block


def _tile_name(number: int, width: int) -> str:
    """tlog-tiles: three digits an element, all but the last begun with x, and .p/W on a partial tile."""
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03d}")
    return "/".join(parts) + ("" if width == WIDTH else f".p/{width}")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
