"""Bad inputs: everything that was tried by hand on the command line, written down so that it is tried each day.

A case prepares a place, says what to run there, and what must come of it. docs/bad-input.md is written from its run.
"""

from support_crash.bad import content, delivered, machine, manifest
from support_crash.bad.case import CASES, Case

ORDER = [chapter.GROUP for chapter in (delivered, content, manifest, machine)]
CASES.sort(key=lambda c: ORDER.index(c.group))
__all__ = ["CASES", "Case"]
