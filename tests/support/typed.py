"""`egide` as a process of its own, in a build made for a proof.

    python typed.py '{"spool": 100000, "sealing": true}' deliver FOLDER --holder chose
    python typed.py '{"spool": 100000, "sealing": true}' init --then status --card

`spool` is how many bytes of rows stay in memory before they are spilled. `sealing: false` is the build that must not
pass: the cipher's one call is taken out, everything else is as it is.
"""

import json
import sys

from egide.cli import main
from egide.crypto import stream
from egide.journey import intake

THEN = "--then"


def without_cipher(self: stream.SegmentWriter, plain: stream.Buffer, last: bool) -> None:
    self._sink(bytes(plain) + bytes(stream.TAG))
    self._index += 1
    self._room = stream.PLAIN_SEGMENT


def read_without_cipher(self: stream.SegmentReader, raw: memoryview, start: int, stop: int) -> list[bytes]:
    header = stream.HEADER if start == 0 else 0
    ends = [min((n + 1) * stream.SEGMENT - header, len(raw)) for n in range(stop - start)]
    return [bytes(raw[at : end - stream.TAG]) for at, end in zip([0, *ends], ends, strict=False)]


def run() -> int:
    build = json.loads(sys.argv[1])
    intake.SPOOL_BYTES = build["spool"]
    if not build["sealing"]:
        stream.SegmentWriter._encrypt = without_cipher  # type: ignore[method-assign]
        stream.SegmentReader._decrypted = read_without_cipher  # type: ignore[method-assign]
    for command in commands(sys.argv[2:]):
        if code := main(command):
            return code
    return 0


def commands(words: list[str]) -> list[list[str]]:
    """Several commands may share the process, to spare their start: `--then` stands between them."""
    found: list[list[str]] = [[]]
    for word in words:
        if word == THEN:
            found.append([])
        else:
            found[-1].append(word)
    return found


if __name__ == "__main__":
    sys.exit(run())
