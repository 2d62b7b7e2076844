"""Objects as files: create-only, verified on the way in, durable once `put` returns.

Every step below the root goes through an open folder and refuses symbolic links, so that nobody who can write to the
disk can make the hub read or write elsewhere.
"""

import errno
import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from egide.adapters.disk import make_folder
from egide.adapters.stores.folder.settings import FolderSettings
from egide.adapters.stores.names import NAME, check_name
from egide.model.errors import HubError, Tampered, Unreachable

OBJECTS = "objects"
INCOMING = ".incoming-"
STEP = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderReader:
    """Random access to one file. Closed by `close`, or when the last user lets go of it: a cache may drop a reader
    that another thread still reads from."""

    def __init__(self, handle: int, name: str, store: str) -> None:
        self._handle = handle
        self._name = name
        self._store = store
        self.size = os.fstat(handle).st_size

    def read_at(self, offset: int, length: int) -> bytes:
        self._check(offset, length)
        with _failing(self._store):
            data = os.pread(self._handle, length, offset)
        if len(data) == length:
            return data
        rest = bytearray(length)
        rest[: len(data)] = data
        self.read_into(offset + len(data), memoryview(rest)[len(data) :])
        return bytes(rest)

    def read_into(self, offset: int, into: memoryview) -> None:
        """Fills `into` from `offset`."""
        self._check(offset, len(into))
        with _failing(self._store):
            while len(into):
                got = os.preadv(self._handle, [into], offset)
                if got == 0:
                    raise Tampered("store.altered", name=self._name, store=self._store)
                into, offset = into[got:], offset + got

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def __del__(self) -> None:
        self.close()

    def _check(self, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ValueError("the range leaves the object")


class FolderStore:
    """The `Store` port over a folder, made if it is not there."""

    def __init__(self, settings: FolderSettings) -> None:
        self.name = settings.name
        self._root = settings.path
        self._sure: set[str] = set()  # folders whose own entry this process knows to be on the disk

    def put(self, name: str, source: Path) -> None:
        check_name(name, self.name)
        with _failing(self.name), self._folder(name[:2], make=True) as folder:
            if self._kept(name, folder):
                _hashed(source, name, self.name)
                return
            temporary = f"{INCOMING}{secrets.token_hex(8)}"
            handle = os.open(temporary, _NEW, 0o440, dir_fd=folder)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                _hashed(source, name, self.name, into=handle)
                os.fsync(handle)
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except (OSError, HubError):
                os.unlink(temporary, dir_fd=folder)
                raise
            finally:
                os.close(handle)
            os.fsync(folder)

    def reader(self, name: str) -> FolderReader:
        check_name(name, self.name)
        with _failing(self.name, name), self._folder(name[:2]) as folder:
            handle = os.open(name, _FILE, dir_fd=folder)
        reader = FolderReader(handle, name, self.name)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Tampered("store.link", store=self.name)
        return reader

    def has(self, name: str) -> bool:
        try:
            self.size(name)
        except Tampered as missing:
            if missing.key == "store.missing":
                return False
            raise
        return True

    def size(self, name: str) -> int:
        check_name(name, self.name)
        with _failing(self.name, name), self._folder(name[:2]) as folder:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise Tampered("store.link", store=self.name)
        return found.st_size

    def names(self) -> Iterator[str]:
        return (name for place, name in self._files() if NAME.fullmatch(name) and name[:2] == place)

    def delete(self, name: str) -> None:
        """Does nothing when the object is not there."""
        check_name(name, self.name)
        try:
            with _failing(self.name, name), self._folder(name[:2]) as folder:
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)
        except Tampered as missing:
            if missing.key != "store.missing":
                raise

    def leftovers(self) -> list[str]:
        """Temporary files whose writer is gone, as `<aa>/<file>`."""
        return [f"{place}/{name}" for place, name in self._files() if self._abandoned(place, name)]

    def clean(self) -> list[str]:
        """Removes the leftovers and says which they were."""
        found = self.leftovers()
        for leftover in found:
            place, name = leftover.split("/")
            with _failing(self.name), self._folder(place) as folder:
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)
        return found

    def strangers(self) -> list[str]:
        """What is below `objects` and is neither an object nor a temporary file, as `<aa>/<file>`."""
        return [
            f"{place}/{name}"
            for place, name in self._files()
            if not name.startswith(INCOMING) and not (NAME.fullmatch(name) and name[:2] == place)
        ]

    def probe(self) -> None:
        """Writes and removes a temporary file. Raises Unreachable (read-only, full) when the store takes nothing."""
        with _failing(self.name), self._folder(".", make=True) as folder:
            temporary = f"{INCOMING}{secrets.token_hex(8)}"
            handle = os.open(temporary, _NEW, 0o440, dir_fd=folder)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                os.write(handle, bytes(STEP))
            finally:
                os.unlink(temporary, dir_fd=folder)
                os.close(handle)

    def _files(self) -> Iterator[tuple[str, str]]:
        with _failing(self.name):
            if not (self._root / OBJECTS).is_dir():
                return
            for place, is_folder in _listed(self._root / OBJECTS):
                if not is_folder:
                    yield ".", place
                    continue
                with self._folder(place) as folder:
                    found = _listed(folder)
                yield from ((place, name) for name, _ in found)

    def _abandoned(self, place: str, name: str) -> bool:
        if not name.startswith(INCOMING):
            return False
        with _failing(self.name), self._folder(place) as folder:
            try:
                handle = os.open(name, _FILE, dir_fd=folder)
            except FileNotFoundError:
                return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    def _kept(self, name: str, folder: int) -> bool:
        """Whether the object is there, whole and durable. Raises Tampered when its bytes are wrong."""
        try:
            handle = os.open(name, _FILE, dir_fd=folder)
        except FileNotFoundError:
            return False
        with os.fdopen(handle, "rb", buffering=0) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != name:
                raise Tampered("store.altered", name=name, store=self.name)
            os.fsync(handle)
        os.fsync(folder)
        return True

    @contextmanager
    def _folder(self, place: str, make: bool = False) -> Iterator[int]:
        """The folder `objects/<place>`, open; every step refuses links. FileNotFoundError when it is not there."""
        if make and "" not in self._sure:
            make_folder(self._root, 0o750)
            self._sure.add("")
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for step in (OBJECTS, place):
                handle = _into(handle, step, make and step not in self._sure)
                if make:
                    self._sure.add(step)
            yield handle
        finally:
            os.close(handle)


def _listed(folder: Path | int) -> list[tuple[str, bool]]:
    """Names in order, and which of them are folders."""
    with os.scandir(folder) as entries:
        return sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)


def _into(folder: int, step: str, make: bool) -> int:
    """Goes one folder down and closes the one left. On failure `folder` stays open."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(step, 0o750, dir_fd=folder)
        os.fsync(folder)  # also when another process made it and died before it was on the disk
    below = os.open(step, _FOLDER, dir_fd=folder)
    os.close(folder)
    return below


def _hashed(source: Path, name: str, store: str, into: int | None = None) -> None:
    """Reads all of `source`, copying it when asked. Raises Tampered unless its SHA-256 is `name`."""
    digest, buffer = hashlib.sha256(), bytearray(STEP)
    view = memoryview(buffer)
    with os.fdopen(os.open(source, _FILE), "rb", buffering=0) as file:
        while got := file.readinto(buffer):
            digest.update(view[:got])
            rest = view[:got]
            while into is not None and len(rest):
                rest = rest[os.write(into, rest) :]
    if digest.hexdigest() != name:
        raise Tampered("store.altered", name=name, store=store)


@contextmanager
def _failing(store: str, name: str | None = None) -> Iterator[None]:
    """Turns the system's errors into the hub's. `name`: the object that should be there."""
    try:
        yield
    except OSError as problem:
        raise _error(problem, store, name) from None


def _error(problem: OSError, store: str, name: str | None) -> HubError:
    match problem.errno:
        case errno.ENOENT if name is not None:
            return Tampered("store.missing", name=name, store=store)
        case errno.ELOOP | errno.ENOTDIR | errno.EISDIR:
            return Tampered("store.link", store=store)
        case errno.ENOSPC | errno.EDQUOT:
            return Unreachable("store.full", store=store)
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return Unreachable("store.readonly", store=store)
    return Unreachable("store.unreachable", store=store, reason=problem.strerror or "")
