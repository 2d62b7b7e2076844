"""Runs a case and says what came of it, in words that do not change from run to run."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support_crash.bad.case import EGIDE, Case, Run
from support_crash.bad.place import Place
from support_crash.workers import Workers

PATIENCE = 300.0  # seconds
_CHANGING = (
    (re.compile(r", in [0-9.]+ s"), ", in … s"),
    (re.compile(r"(@\d+:)[0-9a-f]{16}"), r"\1…"),
    (re.compile(r"process-\w{8}"), "process-…"),
)


@dataclass(frozen=True)
class Outcome:
    case: Case
    code: int
    out: str
    err: str
    new: tuple[str, ...]  # what the hub keeps now and did not before: kinds of things, never names

    @property
    def printed(self) -> str:
        return self.out + self.err

    def told(self) -> str:
        """What a person saw: the sentences, without frames and notices of other things."""
        lines = [*self.err.splitlines(), *self.out.splitlines()]
        kept = [_line(line) for line in lines if not re.fullmatch(r"[\s┏━┳┓┡╇┩└┴┘─]*", line)]
        return " / ".join(line for line in kept if line)


def attempt(case: Case, made: Path, folder: Path, workers: Workers, *, real: bool) -> Outcome:
    """Tries a case in a place of its own. `real`: the installed command, not its entry in a process made ready."""
    folder.mkdir()
    place = Place(made, folder, Path(workers.env["XDG_CONFIG_HOME"]))
    run = case.prepare(place)
    before = place.kept() if not case.keeps else {}
    command = [*run.arguments] if "--home" in run.arguments else [*run.arguments, "--home", str(place.home)]
    env = {"COLUMNS": "300", "NO_COLOR": "1", **run.env}
    if run.alone and not real:
        answer = workers.done("typed", arguments=command, env=env)
        code, out, err = answer["code"], answer["out"], answer["err"]
    else:
        code, out, err = _process(run, place, command, {**workers.env, **env})
    after = place.kept() if not case.keeps else {}
    new = tuple(kind for kind in before if before[kind] != after[kind])
    shown = [text.replace(str(place.root), "") for text in (out, err)]
    place.close()
    return Outcome(case, code, *shown, new)


def _process(run: Run, place: Place, command: list[str], env: dict[str, str]) -> tuple[int, str, str]:
    typed = [EGIDE, *command]
    if run.around:
        typed = ["unshare", "-rm", "sh", "-euc", run.around, "sh", *typed]
        env = {**env, "HUB": str(place.home)}
    if run.beside is None:
        ended = _run(typed, env)
    else:
        with run.beside(place, env):
            ended = _run(typed, env)
    return ended.returncode, ended.stdout, ended.stderr


def _run(typed: list[str], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        typed, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
    )


def _line(line: str) -> str:
    """A table's row as its cells; the tables of accepted rows are left to the report."""
    if "┃" in line or re.match(r"│ \w+ +│ +\d+ │ +\d+ │", line):
        return ""
    for pattern, instead in _CHANGING:
        line = pattern.sub(instead, line)
    return " ".join(line.replace("│", " ").split())
