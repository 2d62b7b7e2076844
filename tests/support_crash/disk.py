"""A disk that forgets: files and folders as a program made them, and what is left of them when the power goes.

The strict disk is the worst that POSIX allows and still calls durable: a file's bytes are those of its last `fsync`,
a name is there, gone or moved only if its folder was synced since. The lenient disk keeps, beyond that, any subset of
the changes that were not synced, in blocks of 4 KiB: disks reorder. A rename inside one folder happens whole or not,
as on every journalled file system. Shared-memory files of the database are never kept: its own recovery makes them.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Union

BLOCK = 4096
FORGOTTEN = "-shm"


@dataclass(eq=False)
class File:
    """`synced` is None until the first sync: a name may outlive a crash whose bytes did not."""

    data: bytearray = field(default_factory=bytearray)
    synced: bytes | None = None
    pending: list[tuple[int, bytes]] = field(default_factory=list)  # (offset, bytes); (size, b"") cuts

    def write(self, offset: int, data: bytes) -> None:
        _place(self.data, offset, data)
        for at in range(0, len(data), BLOCK):
            self.pending.append((offset + at, data[at : at + BLOCK]))

    def cut(self, size: int) -> None:
        _cut(self.data, size)
        self.pending.append((size, b""))

    def sync(self) -> None:
        self.synced = bytes(self.data)
        self.pending.clear()

    def some(self, draw: random.Random) -> bytes:
        """What was synced, and some of the rest."""
        data = bytearray(self.synced or b"")
        for offset, piece in self.pending:
            if draw.random() < 0.5:
                _place(data, offset, piece) if piece else _cut(data, offset)
        return bytes(data)


Names = dict[str, "Node"]


@dataclass(eq=False)
class Folder:
    names: Names = field(default_factory=dict)
    synced: Names = field(default_factory=dict)
    pending: list[dict[str, Union["Node", None]]] = field(
        default_factory=list
    )  # changes: name -> node or gone

    def change(self, **to: Union["Node", None]) -> None:
        self.pending.append(to)
        _apply(self.names, to)

    def sync(self) -> None:
        self.synced = dict(self.names)
        self.pending.clear()

    def some(self, draw: random.Random) -> Names:
        names = dict(self.synced)
        for change in self.pending:
            if draw.random() < 0.5:
                _apply(names, change)
        return names


Node = File | Folder


class Memory(Protocol):
    """What a crash leaves of a file and of a folder."""

    def file(self, file: File) -> bytes: ...
    def folder(self, folder: Folder) -> Names: ...


class Strict:
    def file(self, file: File) -> bytes:
        return file.synced or b""

    def folder(self, folder: Folder) -> Names:
        return folder.synced


@dataclass
class Lenient:
    draw: random.Random

    def file(self, file: File) -> bytes:
        return file.some(self.draw)

    def folder(self, folder: Folder) -> Names:
        return folder.some(self.draw)


class Killed:
    """No power cut at all: the system keeps everything, only the process is gone."""

    def file(self, file: File) -> bytes:
        return bytes(file.data)

    def folder(self, folder: Folder) -> Names:
        return folder.names


def left(folder: Folder, memory: Memory, below: str = "") -> dict[str, bytes | None]:
    """The tree after a crash, by relative path; None for a folder."""
    tree: dict[str, bytes | None] = {}
    for name, node in sorted(memory.folder(folder).items()):
        path = f"{below}{name}"
        if isinstance(node, Folder):
            tree[path] = None
            tree |= left(node, memory, f"{path}/")
        elif not name.endswith(FORGOTTEN):
            tree[path] = memory.file(node)
    return tree


def loaded(folder: Path) -> Folder:
    """A real folder, as of now and durable."""
    made = Folder()
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            made.names[path.name] = loaded(path)
        else:
            data = path.read_bytes()
            made.names[path.name] = File(bytearray(data), data)
    made.sync()
    return made


def laid_out(tree: dict[str, bytes | None], folder: Path) -> Path:
    """Writes a tree of `left` into a new folder. Rights are not modelled: everything is its owner's alone."""
    folder.mkdir(mode=0o700)
    for path, data in tree.items():
        if data is None:
            (folder / path).mkdir(mode=0o700)
        else:
            (folder / path).write_bytes(data)
            (folder / path).chmod(0o600)
    return folder


def _place(data: bytearray, offset: int, piece: bytes) -> None:
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(piece)] = piece


def _cut(data: bytearray, size: int) -> None:
    del data[size:]
    data.extend(bytes(size - len(data)))


def _apply(names: Names, change: dict[str, Node | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node
