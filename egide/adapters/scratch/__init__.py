"""Temporary files of a process, in one folder that says by a lock whether the process still lives.

A kill leaves the folder behind and lets go of the lock: so what a crash left can be told from what a running delivery
or query still needs, whatever the process ids were.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Scratch:
    """The scratch folders below `parent`: ours, and those that nobody holds any more."""

    def __init__(self, parent: Path) -> None:
        self.parent = parent

    @cached_property
    def own(self) -> Path:
        """This process's folder, made at first use, removed when it ends in peace. Raises OSError."""
        self.parent.mkdir(mode=0o700, exist_ok=True)
        while True:
            path = Path(tempfile.mkdtemp(prefix="process-", dir=self.parent))
            handle = os.open(path, _FOLDER)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is(path, handle):  # else a cleaner came between the making and the lock
                atexit.register(_leave, path, os.getpid())
                return path
            os.close(handle)

    def abandoned(self) -> list[str]:
        """Names below the parent whose process is gone. Files never belong to a process."""
        if not self.parent.is_dir():
            return []
        return [p.name for p in sorted(self.parent.iterdir()) if not _held(p)]

    def remove(self, name: str) -> None:
        """Removes an abandoned entry. Does nothing when it is in use or gone."""
        path = self.parent / Path(name).name
        if path.is_symlink() or path.is_file():
            path.unlink(missing_ok=True)
        elif path.is_dir() and not _held(path):
            shutil.rmtree(path)


def _held(path: Path) -> bool:
    if path.is_symlink() or not path.is_dir():
        return False
    try:
        handle = os.open(path, _FOLDER)
    except FileNotFoundError:  # its process ended just now, in peace
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _is(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _leave(path: Path, maker: int) -> None:
    """A forked child ends without taking its parent's folder away."""
    if os.getpid() == maker:
        shutil.rmtree(path, ignore_errors=True)
