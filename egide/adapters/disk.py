"""What a disk must be told so that files and folders outlive a power cut: a name is only there once its folder is.

POSIX gives a file's bytes to `fsync` of the file, and its name to `fsync` of the folder that holds it.
"""

import os
from pathlib import Path


def make_folder(folder: Path, mode: int) -> None:
    """Makes a folder and those above it, each on the disk before the next. Does nothing harmful when they are there.
    Raises OSError."""
    if not folder.parent.exists():
        make_folder(folder.parent, mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def write_new(path: Path, data: bytes) -> None:
    """A new file for its owner's eyes alone, durable on return. Raises OSError, FileExistsError when it is there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """The names in a folder, as they are now, are on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
