"""A fresh ledger with its key, and the standalone tools as processes."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from ledger_kit import TOOLS, Kept, Ran
from memory_ledger import MemoryLedger

from egide.crypto.sign import SigningKey


@pytest.fixture
def kept() -> Kept:
    return Kept(MemoryLedger(), SigningKey.generate())


@pytest.fixture
def tool() -> Callable[..., Ran]:
    """Runs a standalone tool as its own process, without the hub's package on its path."""

    def run(name: str, *arguments: object, stdin: bytes = b"") -> Ran:
        done = subprocess.run(
            [sys.executable, "-P", "-s", str(TOOLS / name), *map(str, arguments)],
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
