"""A process that has imported everything and no hub: each act runs in a fork of it, to live or to be killed.

One JSON line in: {"act", "arguments"}. Two out: {"pid"} once the act has begun, {"status", "answer"} once it ended.
"""

import atexit
import json
import os
import sys
import traceback
from typing import Any

from support_crash.acts import ACTS


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            _child(asked, write)
        os.close(write)
        print(json.dumps({"pid": pid}), flush=True)
        with os.fdopen(read, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        print(json.dumps({"status": code, "answer": json.loads(answer) if answer else None}), flush=True)


def _child(asked: dict[str, Any], write: int) -> None:
    """Ends the process."""
    code = 1
    try:
        answer = ACTS[asked["act"]](**asked["arguments"])
        with os.fdopen(write, "wb") as pipe:
            pipe.write(json.dumps(answer).encode())
        code = 0
    finally:
        if code:
            traceback.print_exc()
        atexit._run_exitfuncs()  # as an interpreter that ends does; a fork that is left by _exit would not
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
