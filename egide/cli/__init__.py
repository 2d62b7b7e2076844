"""The same journeys from a terminal: thin commands, each a file of its own that is read only when it is called."""

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code (DESIGN 8): 0 done, 1 refused by a rule, 2 bad usage, 3 bad input,
    4 a host or key out of reach, 5 tampering detected; 70 for a fault of ours, 130 when interrupted."""
    from egide.cli.app import app
    from egide.cli.ending import ended

    _have_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    return ended(lambda: app(given or ["--help"], prog_name="egide", standalone_mode=False), given)


def _have_streams() -> None:
    """Whoever started us may have closed a stream: what is written to it is lost, and nothing else goes wrong."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
