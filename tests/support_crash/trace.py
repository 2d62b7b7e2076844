"""The system calls of a process that change files, recorded by strace and replayed on a disk that forgets.

Every call that can change a file is recorded. One that the replay does not know, on a file that it watches, is an
error, so that no way of writing goes unseen; and the replay of a whole trace must give the tree that is really there.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support_crash.disk import File, Folder, Node, loaded

LONGEST = 16 << 20  # bytes of one write that the trace shows whole
CALLS = [
    "open",
    "openat",
    "openat2",
    "creat",
    "close",
    "dup",
    "dup2",
    "dup3",
    "lseek",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "sendfile",
    "copy_file_range",
    "splice",
    "truncate",
    "ftruncate",
    "fallocate",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "fsync",
    "fdatasync",
    "sync",
    "syncfs",
    "sync_file_range",
    "msync",
]
_LINE = re.compile(r"(\d+)\s+(\w+)\((.*)\)\s+= (-?\d+|\?)(?:<([^>]*)>)?.*", re.DOTALL)
_FD = re.compile(r"(-?\d+|AT_FDCWD)<([^>]*)>")
_HEX = re.compile(r"\\x([0-9a-f]{2})")


@dataclass(frozen=True)
class Call:
    name: str
    arguments: list[str]
    result: int
    place: str  # the path behind the result, for open


def record(command: list[str], env: dict[str, str], to: Path) -> None:
    """Runs a command to its good end under strace. Raises RuntimeError when it ends otherwise."""
    traced = [
        "strace",
        "-f",
        "-y",
        "-xx",
        "-s",
        str(LONGEST),
        "-e",
        f"trace={','.join(CALLS)}",
        "-o",
        str(to),
    ]
    ended = subprocess.run([*traced, *command], env=env, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"the traced command ended with {ended.returncode}: {ended.stderr[-2000:]}")


def calls(trace: Path) -> Iterator[Call]:
    """The calls that succeeded, in the order in which they ended."""
    waiting: dict[str, str] = {}
    with trace.open(encoding="ascii") as lines:
        for line in lines:
            line = line.rstrip("\n")
            thread, _, said = line.partition(" ")
            said = said.strip()
            if said.endswith("<unfinished ...>"):
                waiting[thread] = said.removesuffix("<unfinished ...>").rstrip()
                continue
            if said.startswith("<..."):
                said = waiting.pop(thread) + said.partition("resumed>")[2]
            found = _LINE.fullmatch(f"{thread} {said}")
            if found and found[4] not in ("?",) and int(found[4]) >= 0:
                yield Call(found[2], found[3].split(", "), int(found[4]), _path(found[5] or ""))


@dataclass
class Replay:
    """The state of the disk below `root` while a trace goes by. `steps` counts the calls that changed or synced."""

    root: Path
    disk: Folder = field(default_factory=Folder)
    steps: int = 0
    returned: int | None = None  # the step after which the act had returned to its caller
    _offsets: dict[int, int] = field(default_factory=dict)
    _appending: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, root: Path, before: Path) -> "Replay":
        """`before`: the tree that was below `root` when the trace began."""
        return cls(root, loaded(before))

    def run(self, trace: Path, marker: Path, seen: Callable[[str], None]) -> None:
        """Replays a trace and calls `seen` with the call's name after each step. `marker` is the file that the act
        made once it had returned."""
        for call in calls(trace):
            if call.name.startswith("open") and call.place == str(marker):
                self.returned = self.steps
            if self._step(call):
                self.steps += 1
                seen(call.name)

    def _step(self, call: Call) -> bool:
        """Whether the call changed or synced something below the root."""
        do = getattr(self, f"_{call.name}", None)
        if do is not None:
            return bool(do(call))
        if any(self._names(_path(m[2])) is not None for a in call.arguments for m in _FD.finditer(a)):
            raise RuntimeError(f"the replay does not know {call.name}")
        return False

    # where things are

    def _names(self, path: str) -> list[str] | None:
        """The steps from the root to a path; None outside it."""
        try:
            return list(Path(path).relative_to(self.root).parts)
        except ValueError:
            return None

    def _folder(self, names: list[str]) -> Folder:
        found: Node = self.disk
        for name in names:
            assert isinstance(found, Folder)
            found = found.names[name]
        assert isinstance(found, Folder)
        return found

    def _node(self, path: str) -> Node | None:
        names = self._names(path)
        if names is None:
            return None
        return self._folder(names[:-1]).names.get(names[-1]) if names else self.disk

    def _place(self, path: str) -> tuple[Folder, str] | None:
        names = self._names(path)
        return (self._folder(names[:-1]), names[-1]) if names else None

    # files

    def _openat(self, call: Call) -> bool:
        flags, descriptor = call.arguments[2], call.result
        self._offsets[descriptor] = 0
        self._appending.discard(descriptor)
        if "O_APPEND" in flags:
            self._appending.add(descriptor)
        place = self._place(call.place)
        if place is None or "O_DIRECTORY" in flags:
            return False
        folder, name = place
        held = folder.names.get(name)
        if held is None and "O_CREAT" in flags:
            folder.change(**{name: File()})
            return True
        if isinstance(held, File) and "O_TRUNC" in flags and held.data:
            held.cut(0)
            return True
        return False

    def _open(self, call: Call) -> bool:
        return self._openat(Call("openat", ["", *call.arguments], call.result, call.place))

    def _write(self, call: Call) -> bool:
        return self._written(call, _bytes(call.arguments[1])[: call.result])

    def _writev(self, call: Call) -> bool:
        whole = b"".join(_bytes(a) for a in call.arguments if "iov_base=" in a)
        return self._written(call, whole[: call.result])

    def _pwrite64(self, call: Call) -> bool:
        file = self._file(call)
        if file is not None:
            file.write(int(call.arguments[3]), _bytes(call.arguments[1])[: call.result])
        return file is not None

    def _written(self, call: Call, data: bytes) -> bool:
        file, descriptor = self._file(call), _number(call.arguments[0])
        if file is None:
            return False
        assert len(data) == call.result, "the trace cut a write short"
        at = len(file.data) if descriptor in self._appending else self._offsets[descriptor]
        file.write(at, data)
        self._offsets[descriptor] = at + len(data)
        return True

    def _file(self, call: Call) -> File | None:
        node = self._node(_path_of(call.arguments[0]))
        return node if isinstance(node, File) else None

    def _ftruncate(self, call: Call) -> bool:
        file = self._file(call)
        if file is not None:
            file.cut(int(call.arguments[1]))
        return file is not None

    def _lseek(self, call: Call) -> bool:
        self._offsets[_number(call.arguments[0])] = call.result
        return False

    def _close(self, call: Call) -> bool:
        return False

    def _fsync(self, call: Call) -> bool:
        node = self._node(_path_of(call.arguments[0]))
        if node is not None:
            node.sync()
        return node is not None

    _fdatasync = _fsync

    # names

    def _mkdirat(self, call: Call) -> bool:
        return self._new(_joined(call.arguments[0], call.arguments[1]), Folder())

    def _mkdir(self, call: Call) -> bool:
        return self._new(_text(call.arguments[0]), Folder())

    def _new(self, path: str, node: Node) -> bool:
        place = self._place(path)
        if place is not None:
            place[0].change(**{place[1]: node})
        return place is not None

    def _unlinkat(self, call: Call) -> bool:
        return self._gone(_joined(call.arguments[0], call.arguments[1]))

    def _unlink(self, call: Call) -> bool:
        return self._gone(_text(call.arguments[0]))

    _rmdir = _unlink

    def _gone(self, path: str) -> bool:
        place = self._place(path)
        if place is not None:
            place[0].change(**{place[1]: None})
        return place is not None

    def _rename(self, call: Call) -> bool:
        return self._moved(_text(call.arguments[0]), _text(call.arguments[1]))

    def _renameat(self, call: Call) -> bool:
        return self._moved(_joined(*call.arguments[:2]), _joined(*call.arguments[2:4]))

    _renameat2 = _renameat

    def _moved(self, old: str, new: str) -> bool:
        source, target = self._place(old), self._place(new)
        if source is None and target is None:
            return False
        assert source and target and source[0] is target[0], "a move between folders is not modelled"
        folder, name = source
        folder.change(**{name: None, target[1]: folder.names[name]})
        return True


def _bytes(argument: str) -> bytes:
    """A string of the trace, all of it in hex: "\\x68\\x69"."""
    found = argument.partition('"')[2].rpartition('"')
    assert not found[2].startswith("..."), "the trace cut a string short"
    return bytes.fromhex(found[0].replace("\\x", ""))


def _text(argument: str) -> str:
    return os.fsdecode(_bytes(argument))


def _path(escaped: str) -> str:
    return os.fsdecode(_HEX.sub(lambda m: chr(int(m[1], 16)), escaped).encode("latin-1"))


def _path_of(argument: str) -> str:
    found = _FD.match(argument)
    return _path(found[2]) if found else ""


def _number(argument: str) -> int:
    found = _FD.match(argument)
    return int(found[1]) if found else int(argument)


def _joined(folder: str, name: str) -> str:
    return str(Path(_path_of(folder)) / _text(name))
