"""How a command ends: one place maps every kind of error to its exit code and its one sentence."""

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import typer

from egide.model.errors import HubError
from egide.model.messages import say

REFUSED, USAGE, INPUT, REACH, TAMPERED = 1, 2, 3, 4, 5  # as the classes of egide.model.errors say
FAULT = 70  # EX_SOFTWARE of sysexits.h: ours to mend
INTERRUPTED = 130
_DISK = {
    errno.ENOSPC: "cli.disk-full",
    errno.EDQUOT: "cli.disk-full",
    errno.EROFS: "cli.read-only",
    errno.EACCES: "cli.no-right",
    errno.EPERM: "cli.no-right",
    errno.EADDRINUSE: "cli.port-taken",
}
_RECORDS = {
    "SQLITE_BUSY": "cli.records-busy",
    "SQLITE_LOCKED": "cli.records-busy",
    "SQLITE_READONLY": "cli.read-only",
    "SQLITE_FULL": "cli.disk-full",
    "SQLITE_CORRUPT": "cli.records-broken",
    "SQLITE_NOTADB": "cli.records-broken",
}


def ended(run: Callable[[], object], arguments: Sequence[str]) -> int:
    """Runs a command and returns its exit code. Nothing is raised, and no traceback is printed unless EGIDE_DEBUG=1."""
    json = "--json" in arguments
    try:
        code = run()
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # SystemExit: how Typer and Rich put a broken pipe
        return _unread()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # the last fence: its text may hold a value, so only its name is said
        if os.environ.get("EGIDE_DEBUG") == "1":
            traceback.print_exc()
        return _say(error, json)
    return _interrupted(json) if code == INTERRUPTED else code if isinstance(code, int) else 0


def complain(sentence: str) -> None:
    """One sentence on standard error."""
    from egide.cli.show import clean

    print(f"egide: {clean(sentence)}", file=sys.stderr)


def _unread() -> int:
    """Whoever read our output left. The work was done before it was printed."""
    _let_go()
    return 0


def _let_go() -> None:
    """Nothing more is written to a standard output that cannot take it, not at the process's end either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _interrupted(json: bool) -> int:
    sentence = say("cli.interrupted")
    complain(sentence)
    return _as_json("cli.interrupted", sentence, INTERRUPTED, json)


def _say(error: Exception, json: bool) -> int:
    key, sentence, code = explained(error)
    if isinstance(error, typer.TyperException):
        print(_usage(error), file=sys.stderr)
    else:
        complain(sentence)
    return _as_json(key, sentence, code, json)


def _as_json(key: str, sentence: str, code: int, json: bool) -> int:
    from egide.cli.show import print_json

    try:
        if json:
            print_json({"error": {"code": key, "message": sentence, "exit": code}})
        sys.stdout.flush()
    except OSError:
        _let_go()
    return code


def explained(error: Exception) -> tuple[str, str, int]:
    """An error's key, its sentence and its exit code."""
    if isinstance(error, HubError):
        return error.key, str(error), error.exit_code
    if isinstance(error, typer.TyperException):
        return "cli.usage", error.format_message(), USAGE
    if isinstance(error, typer.Abort):
        return "cli.no-answer", say("cli.no-answer"), REACH
    if found := _of_records(error):
        return found, say(found, name="records"), TAMPERED if found == "cli.records-broken" else REACH
    if isinstance(error, OSError):
        key = _DISK.get(error.errno or 0, "cli.system")
        return key, say(key, reason=error.strerror or type(error).__name__, name=_name_of(error)), REACH
    if isinstance(error, MemoryError):
        return "cli.memory", say("cli.memory"), REACH
    return "cli.fault", say("cli.fault", kind=type(error).__name__), FAULT


def _name_of(error: OSError) -> str:
    """The last part of the file's name: enough to recognise it."""
    return Path(os.fsdecode(error.filename)).name if isinstance(error.filename, str | bytes) else "?"


def _of_records(error: BaseException) -> str | None:
    """SQLite's own errors, also where the records' library wrapped them: which of our sentences says it."""
    import sqlite3

    for cause in _causes(error):
        if isinstance(cause, sqlite3.Error):
            name = getattr(cause, "sqlite_errorname", "") or ""
            found = [key for start, key in _RECORDS.items() if name.startswith(start)]
            if found or isinstance(cause, sqlite3.OperationalError):
                return found[0] if found else "cli.records-closed"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _usage(error: typer.TyperException) -> str:
    """Typer's own words, with the line that says how the command is used."""
    from egide.cli.show import clean

    said = error.format_message()
    context = getattr(error, "ctx", None)
    if context is None or said.startswith("Usage:"):
        return said
    hint = f"Try '{context.command_path} --help'."
    return f"{context.get_usage()}\n{hint}\negide: {clean(said)}"
