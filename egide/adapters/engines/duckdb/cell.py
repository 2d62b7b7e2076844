"""The walls of the worker process, put up by itself before it reads the researcher's SQL.

Rlimits always hold. A namespace without network and Landlock (https://docs.kernel.org/userspace-api/landlock.html)
are added where the kernel grants them to an ordinary process: DuckDB's table functions include some that follow raw
pointers, so what guards the hub from a fallen engine has to stand outside the engine.
"""

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

NEWUSER, NEWNET = 0x10000000, 0x40000000
PDEATHSIG, DUMPABLE, NO_NEW_PRIVS = 1, 4, 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, READ_FILE, READ_DIR = 1, 4, 8
ALL_RIGHTS = (1 << 13) - 1  # the thirteen file rights of Landlock's first version
LIBRARY_RIGHTS = EXECUTE | READ_FILE | READ_DIR  # mapping a shared library needs the first
TEMP_RIGHTS = ALL_RIGHTS & ~EXECUTE
PATH_BENEATH = 1
HEADROOM = (
    3 << 30
)  # bytes of address space beyond the engine's limit: libraries, thread stacks, Arrow's buffers
# libraries, and where DuckDB reads at import how much memory and how many cores it has
SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/ssl/openssl.cnf",
    "/proc",
    "/sys",
    "/dev/urandom",
)


def close_early(folder: Path | None) -> frozenset[str]:
    """No network, and no file but those of Python, the libraries and the temp folder. To be called before anything is
    imported that starts a thread: the kernel grants the namespace to a process of one thread, and binds Landlock to
    the calling thread and those it starts. Returns the names of the walls that stand."""
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PDEATHSIG, 9), (DUMPABLE, 0), (NO_NEW_PRIVS, 1)):
        libc.prctl(option, value, 0, 0, 0)
    walls = {"no network"} if libc.unshare(NEWUSER | NEWNET) == 0 else set()
    code = (sys.prefix, sys.base_prefix, *sys.path, str(Path(__file__).parents[3]), *SYSTEM)
    roots = [(Path(p), LIBRARY_RIGHTS) for p in dict.fromkeys(code) if p and Path(p).exists()]
    if _landlock(libc, roots + _temp(folder)):
        walls.add("few files")
    return frozenset(walls)


def close(memory: int, temp: int, folder: Path | None) -> frozenset[str]:
    """No file at all but the temp folder's, and the rlimits. To be called once everything is loaded."""
    libc = ctypes.CDLL(None, use_errno=True)
    os.chdir("/")
    for which, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, temp if folder else 0),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_AS, memory + HEADROOM),
    ):
        resource.setrlimit(which, (value, value))
    return frozenset({"limits", "no files"} if _landlock(libc, _temp(folder)) else {"limits"})


def _temp(folder: Path | None) -> list[tuple[Path, int]]:
    return [(folder, TEMP_RIGHTS)] if folder else []


def _landlock(libc: ctypes.CDLL, allowed: Iterable[tuple[Path, int]]) -> bool:
    rights = ctypes.create_string_buffer(struct.pack("=Q", ALL_RIGHTS), 8)
    ruleset = libc.syscall(CREATE_RULESET, rights, 8, 0)
    if ruleset < 0:
        return False
    try:
        granted = all(_allow(libc, ruleset, path, what) for path, what in allowed)
        return granted and libc.syscall(RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> bool:
    """A right to list folders may not be given on a file."""
    wanted = rights if path.is_dir() else rights & (EXECUTE | READ_FILE)
    handle = os.open(path, os.O_PATH)
    try:
        rule = ctypes.create_string_buffer(struct.pack("=Qi", wanted, handle), 12)
        return bool(libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0) == 0)
    finally:
        os.close(handle)
