"""Acts in processes that can be killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

TESTS = Path(__file__).parents[1]


class Workers:
    """Runs one act at a time, each in a process of its own."""

    def __init__(self, config: Path) -> None:
        self.env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
            "XDG_CONFIG_HOME": str(config),
            "EGIDE_UNATTENDED": "1",
            "EGIDE_LANG": "en",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support_crash.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.env,
        )

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def run(self, act: str, kill_after: float | None = None, **arguments: Any) -> tuple[int, Any]:
        """The act's exit status (-9: killed) and its answer. `kill_after`: seconds until it is killed."""
        self._send({"act": act, "arguments": arguments})
        pid = self._receive()["pid"]
        timer = threading.Timer(kill_after, _kill, [pid]) if kill_after is not None else None
        if timer:
            timer.start()
        ended = self._receive()
        if timer:
            timer.cancel()
            timer.join()
        return ended["status"], ended["answer"]

    def done(self, act: str, **arguments: Any) -> Any:
        """The answer of an act that must end well."""
        status, answer = self.run(act, **arguments)
        assert status == 0, f"{act} ended with {status}"
        return answer

    def _send(self, asked: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the workers' process ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


def _kill(pid: int) -> None:
    """The zygote has not collected it yet, so the number is still its own."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
