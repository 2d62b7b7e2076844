"""The same journeys from a terminal: thin commands, each a file of its own that is read only when it is called."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code (DESIGN 8): 0 done, 1 refused by a rule, 2 bad usage, 3 bad input,
    4 a host or key out of reach, 5 tampering detected; 70 for a fault of ours, 130 when interrupted."""
    from egide.cli.app import app
    from egide.cli.ending import ended

    given = list(sys.argv[1:] if arguments is None else arguments)
    return ended(lambda: app(given or ["--help"], prog_name="egide", standalone_mode=False), given)
