"""The keyring file at rest and in use: private, replaced whole, shared safely by processes that change it.

A change takes the lock beside the file, reads what another process may have written meanwhile, and replaces the
file by rename. Reads notice a replaced file by its identity and time, so a destroyed key is gone everywhere at once.
"""

import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from egide.crypto.key import Key
from egide.crypto.keyring_file import (
    LARGEST,
    Contents,
    Cost,
    Lock,
    kek_name,
    read_keyring,
    reread_keyring,
    salt_of,
    write_keyring,
)
from egide.crypto.wrap import unwrap, wrap
from egide.model.errors import BadUsage, Tampered, Unreachable
from egide.model.sealed import WrappedKey

_NAME = re.compile(r"[a-z0-9]+(/[\w.:+ -]{1,120}){1,3}")
_DATASET = re.compile(r"[\w.:+-]{1,120}")


class FileKeys:
    """The `Keys` port over a file. Made by `make` or `open`; holds the secrets in memory while it lives."""

    def __init__(self, path: Path, lock: Lock, contents: Contents, seen: tuple[int, ...]) -> None:
        self._path = path
        self._lock = lock
        self._contents = contents
        self._seen = seen
        self.hub = contents.hub

    @classmethod
    def make(cls, path: Path, passphrase: bytes, hub: str, cost: Cost | None = None) -> "FileKeys":
        """Makes an empty keyring. Raises BadUsage when there is one or the passphrase is empty, Unreachable when it
        cannot be written."""
        if not passphrase:
            raise BadUsage("keys.empty_passphrase")
        with _alone(path):
            if path.exists():
                raise BadUsage("keys.exists", name=path.name)
            lock, contents = Lock.of(passphrase, cost or Cost()), Contents(hub)
            _replace(path, write_keyring(contents, lock))
            return cls(path, lock, contents, _identity(path))

    @classmethod
    def open(cls, path: Path, passphrase: bytes) -> "FileKeys":
        """Raises Unreachable (absent, wrong passphrase, open to others) or Tampered (damaged)."""
        data, seen = _read(path)
        contents, lock = read_keyring(data, passphrase, path.name)
        return cls(path, lock, contents, seen)

    def wrap(self, dataset: str, key: Key) -> WrappedKey:
        version = self.kek_version(dataset)
        kek = self._now().key(kek_name(dataset, version))
        return wrap(key, kek, hub=self.hub, dataset=dataset, kek_version=version)

    def unwrap(self, row: WrappedKey, hub: str | None = None) -> Key:
        kek = self._now().key(kek_name(row.dataset, row.kek_version))
        return unwrap(row, kek, hub=hub or self.hub)

    def kek_version(self, dataset: str) -> int:
        latest = self._now().latest
        if dataset not in latest:
            raise Unreachable("keys.missing", name=f"kek/{dataset}")
        return latest[dataset]

    def rotate(self, dataset: str) -> int:
        if not _DATASET.fullmatch(dataset):
            raise BadUsage("keys.name", name=dataset)
        return self._change(lambda now: now.with_next_kek(dataset)).latest[dataset]

    def destroy(self, dataset: str, version: int) -> None:
        self.forget(kek_name(dataset, version))

    def create(self, name: str) -> Key:
        return self._change(lambda now: _new(now, name)).key(name)

    def secret(self, name: str, create: bool = False) -> Key:
        if create and name not in self._now().secrets:
            self._change(lambda now: now if name in now.secrets else _new(now, name))
        return self._now().key(name)

    def forget(self, name: str) -> None:
        self._change(lambda now: now.without(name))

    def signing_seed(self, name: str) -> Key:
        if not name.startswith("sign/"):
            raise BadUsage("keys.name", name=name)
        return self.secret(name)

    def deposit(self, name: str, text: str) -> None:
        self._change(lambda now: _deposited(now, name, text))

    def text(self, name: str) -> str:
        texts = self._now().texts
        if name not in texts:
            raise Unreachable("keys.missing", name=name)
        return texts[name]

    def names(self) -> tuple[str, ...]:
        now = self._now()
        return tuple(sorted((*now.secrets, *now.texts)))

    def change_passphrase(self, passphrase: bytes) -> None:
        """The same secrets under another passphrase and salt. Copies of the old file still open with the old one."""
        if not passphrase:
            raise BadUsage("keys.empty_passphrase")
        lock = Lock.of(passphrase, self._lock.cost)
        with _alone(self._path):
            self._refresh()
            self._write(self._contents, lock)

    def _now(self) -> Contents:
        if _identity(self._path) != self._seen:
            self._refresh()
        return self._contents

    def _refresh(self) -> None:
        data, seen = _read(self._path)
        if salt_of(data) != self._lock.salt:
            raise Unreachable("keys.passphrase", file=self._path.name)
        self._contents, self._seen = reread_keyring(data, self._lock, self._path.name), seen

    def _change(self, change: Callable[[Contents], Contents]) -> Contents:
        with _alone(self._path):
            self._refresh()
            changed = change(self._contents)
            if changed is not self._contents:
                self._write(changed, self._lock)
            return self._contents

    def _write(self, contents: Contents, lock: Lock) -> None:
        _replace(self._path, write_keyring(contents, lock))
        self._contents, self._lock, self._seen = contents, lock, _identity(self._path)


def _new(now: Contents, name: str) -> Contents:
    _check_free(now, name)
    return now.with_new(name)


def _deposited(now: Contents, name: str, text: str) -> Contents:
    _check_free(now, name)
    return now.with_text(name, text)


def _check_free(now: Contents, name: str) -> None:
    if not _NAME.fullmatch(name) or name.startswith("kek/"):
        raise BadUsage("keys.name", name=name)
    if name in now.secrets or name in now.texts:
        raise BadUsage("keys.exists", name=name)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Holds the lock beside the file. The lock file stays: removing it would let two processes hold two locks."""
    with _failing(path):
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(path.with_name(path.name + ".lock"), flags, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(path: Path) -> tuple[bytes, tuple[int, ...]]:
    with _failing(path):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            data = file.read(LARGEST + 1)
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise Unreachable("keys.open_to_others", file=path.name)
    if len(data) > LARGEST:
        raise Tampered("keys.damaged", file=path.name)
    return data, _identity_of(found)


def _replace(path: Path, data: bytes) -> None:
    """Durable and whole: a crash leaves the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with _failing(path):
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            temporary.rename(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _identity(path: Path) -> tuple[int, ...]:
    with _failing(path):
        return _identity_of(path.lstat())


def _identity_of(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


@contextmanager
def _failing(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise Unreachable("keys.absent", file=path.name) from None
    except OSError as problem:
        raise Unreachable("keys.unreachable", file=path.name, reason=problem.strerror) from None
