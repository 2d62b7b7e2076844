"""Sealed objects as files that our own DuckDB connection reads: `sealed://<object name>.parquet`.

Only segments that a query touches are fetched and decrypted, and each proves itself on the way. Never register this
with a connection that runs a researcher's SQL: whoever can name a file can read it.
"""

import ctypes
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
from fsspec import AbstractFileSystem

from egide.crypto.key import Key
from egide.crypto.seal import Unsealed
from egide.model.errors import HubError, Tampered
from egide.model.sealed import Context
from egide.ports.store import Store

PROTOCOL = "sealed"
MOST_OPEN = 384  # readers kept open: each holds a file, and many systems allow a process 1,024
# For a connection that reads sealed files, before it is locked. Footers are kept, since objects never change; contents
# are not: what DuckDB cached of an object would outlive its key.
SETTINGS = ("SET parquet_metadata_cache = true", "SET enable_external_file_cache = false")
_PATH = re.compile(r"(?:sealed://)?([0-9a-f]{64})\.parquet")
_NEVER_CHANGED = datetime(2000, 1, 1, tzinfo=UTC)

Opening = tuple[Key, Context, int]  # data key, place, plain size from the signed manifest


def path_of(name: str) -> str:
    """What to write in `read_parquet` for an object."""
    return f"{PROTOCOL}://{name}.parquet"


class SealedFile:
    """One open object, as DuckDB reads a file. Cheap: the reader behind it is shared."""

    def __init__(self, files: "SealedFiles", name: str, payload: Unsealed) -> None:
        self._files = files
        self._name = name
        self._payload = payload
        self._at = 0
        self.size = payload.plain_size
        self.closed = False

    def read(self, length: int = -1) -> bytes:
        left = self.size - self._at
        length = left if length < 0 or length > left else length
        try:
            data = self._payload.read_at(self._at, length)
        except HubError as problem:
            self._files.failed(problem)
            raise
        self._at += length
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self.size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


class SealedFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """A read-only file system over a store.

    `resolve` gives an object's key, place and plain size, and raises for objects that may not be read: it is asked
    whenever an object is opened anew. DuckDB turns our errors into its own words, so the first ones are kept here:
    use `surfacing` (or `run`) around everything that reads.
    """

    protocol = PROTOCOL
    cachable = False

    def __init__(self, store: Store, resolve: Callable[[str], Opening], most_open: int = MOST_OPEN) -> None:
        super().__init__()
        self._store = store
        self._resolve = resolve
        self._most_open = most_open
        self._opened: OrderedDict[str, Unsealed] = OrderedDict()
        self._turn = threading.Lock()
        self._failures: list[HubError] = []

    def open(self, path: str, mode: str = "rb", **_: Any) -> SealedFile:
        if mode != "rb":
            raise PermissionError("sealed files are read only")
        name = self._name(path)
        return SealedFile(self, name, self._payload(name))

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "size": self.size(path), "type": "file", "mtime": _NEVER_CHANGED}

    def size(self, path: str) -> int:
        return self._payload(self._name(path)).plain_size

    def modified(self, path: str) -> datetime:
        """An object never changes, so DuckDB may keep its footer for as long as it likes."""
        return _NEVER_CHANGED

    def exists(self, path: str, **_: Any) -> bool:
        return self.isfile(path)

    def isfile(self, path: str) -> bool:
        self._payload(self._name(path))
        return True

    def isdir(self, path: str) -> bool:
        return False

    def glob(self, path: str, **_: Any) -> list[str]:
        """The path itself: names are given in full, never sought by pattern."""
        self._name(path)
        return [path]

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        raise PermissionError("sealed files are not listed")

    def release(self) -> None:
        """Lets go of every open reader and its key, after a shredding for example."""
        with self._turn:
            self._opened.clear()

    def failed(self, problem: HubError) -> None:
        self._failures.append(problem)

    def first_failure(self) -> HubError | None:
        """What was found wrong first, None while all is well."""
        return self._failures[0] if self._failures else None

    @contextmanager
    def surfacing(self) -> Iterator[None]:
        """Raises the first of our own errors behind whatever DuckDB or Arrow raises inside."""
        known = len(self._failures)
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError, RuntimeError):
            if len(self._failures) > known:
                raise self._failures[known] from None
            raise

    def _name(self, path: str) -> str:
        found = _PATH.fullmatch(path)
        if not found:
            raise FileNotFoundError("not a sealed path")
        return found[1]

    def _payload(self, name: str) -> Unsealed:
        with self._turn:
            payload = self._opened.get(name)
            if payload is not None:
                self._opened.move_to_end(name)
                return payload
        payload = self._unseal(name)
        with self._turn:
            self._opened[name] = payload
            while len(self._opened) > self._most_open:
                self._opened.popitem(last=False)  # closes once its last reader is done
        return payload

    def _unseal(self, name: str) -> Unsealed:
        try:
            key, context, plain_size = self._resolve(name)
            return Unsealed(self._store.reader(name), key, context, plain_size, name=name)
        except HubError as problem:
            self.failed(problem)
            raise
        except ValueError:
            wrong = Tampered("seal.broken", name=name)
            self.failed(wrong)
            raise wrong from None


def attach(connection: duckdb.DuckDBPyConnection, files: SealedFiles) -> None:
    """Lets our own connection read `files`, tuned for it. A locked connection keeps the settings that it has."""
    tune_allocator()
    locked = connection.execute("SELECT current_setting('lock_configuration')").fetchone()
    if not locked or not locked[0]:
        for setting in SETTINGS:
            connection.execute(setting)
    connection.register_filesystem(files)


def run(
    connection: duckdb.DuckDBPyConnection, files: SealedFiles, sql: str, parameters: Sequence[object] = ()
) -> pa.Table:
    """The whole answer to our own SQL over sealed files. Raises Tampered or Unreachable naming the object that
    failed, and duckdb.Error for anything else."""
    with files.surfacing():
        return connection.execute(sql, list(parameters)).to_arrow_table()


def tune_allocator() -> None:
    """Makes glibc keep freed blocks instead of handing each back to the kernel: decryption allocates and frees a few
    hundred KiB per read, and page faults then cost more than AES. Best called before threads start."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((_MMAP_THRESHOLD, 1 << 30), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 64 << 20)):
            mallopt(option, value)


_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
