"""Each kind of error has its exit code and its one sentence; with --json one object says it too."""

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from egide.cli import main
from egide.cli.ending import ended, explained
from egide.model.errors import BadInput, BadUsage, Denied, HubError, Tampered, Unreachable

FAMILIES: list[tuple[Exception, int, str]] = [
    (HubError("hub.closed"), 1, "hub.closed"),
    (Denied("hub.nothing-here", name="X"), 1, "hub.nothing-here"),
    (BadUsage("hub.absent"), 2, "hub.absent"),
    (BadInput("delivery.no-folder"), 3, "delivery.no-folder"),
    (Unreachable("hub.passphrase-missing"), 4, "hub.passphrase-missing"),
    (Tampered("box.broken", place="P"), 5, "box.broken"),
    (OSError(errno.ENOSPC, "No space left on device"), 4, "cli.disk-full"),
    (OSError(errno.EROFS, "Read-only file system", "a/b"), 4, "cli.read-only"),
    (PermissionError(errno.EACCES, "Permission denied", "a/b"), 4, "cli.no-right"),
    (OSError(errno.EADDRINUSE, "Address already in use"), 4, "cli.port-taken"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), 4, "cli.system"),
    (MemoryError(), 4, "cli.memory"),
    (ZeroDivisionError("2940175023013 lives here"), 70, "cli.fault"),
]


def raising(error: BaseException) -> Callable[[], object]:
    def run() -> object:
        raise error

    return run


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGIDE_LANG", "en")
    monkeypatch.delenv("EGIDE_DEBUG", raising=False)


@pytest.mark.parametrize(("error", "code", "key"), FAMILIES, ids=lambda v: getattr(v, "key", ""))
def test_a_family_has_its_code(
    error: Exception, code: int, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(raising(error), []) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("egide: ") and said.err.count("\n") == 1
    assert "Traceback" not in said.err and "2940175023013" not in said.err


@pytest.mark.parametrize(("error", "code", "key"), FAMILIES, ids=lambda v: getattr(v, "key", ""))
def test_json_says_the_error_in_one_object(
    error: Exception, code: int, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(raising(error), ["status", "--json"]) == code
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "error": {"code": key, "message": said.err.removeprefix("egide: ").rstrip("\n"), "exit": code}
    }


def test_the_sentence_is_in_the_reader_s_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EGIDE_LANG", "fr")
    ended(raising(BadUsage("hub.absent")), [])
    assert "commencez par" in capsys.readouterr().err


def test_only_who_asks_sees_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EGIDE_DEBUG", "1")
    assert ended(raising(ZeroDivisionError("inside")), []) == 70
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(raising(KeyboardInterrupt()), ["--json"]) == 130
    said = capsys.readouterr()
    assert "interrupted" in said.err
    assert json.loads(said.out)["error"]["exit"] == 130


def test_a_steering_character_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    ended(raising(Denied("hub.nothing-here", name="\x1b[2Jgone")), [])
    assert "\x1b" not in capsys.readouterr().err


def broken_records(tmp_path: Path) -> sqlite3.Error:
    (tmp_path / "x").write_bytes(b"not a database at all" * 300)
    return failing(tmp_path / "x", "SELECT * FROM sqlite_master")


def read_only_records(tmp_path: Path) -> sqlite3.Error:
    sqlite3.connect(tmp_path / "y").execute("CREATE TABLE t (a)").connection.close()
    return failing(f"file:{tmp_path / 'y'}?mode=ro", "INSERT INTO t VALUES (1)")


def busy_records(tmp_path: Path) -> sqlite3.Error:
    other = sqlite3.connect(tmp_path / "z")
    other.execute("CREATE TABLE t (a)")
    other.commit()
    other.execute("BEGIN EXCLUSIVE")
    try:
        return failing(tmp_path / "z", "INSERT INTO t VALUES (1)")
    finally:
        other.close()


def absent_records(tmp_path: Path) -> sqlite3.Error:
    return failing(tmp_path / "no" / "such", "SELECT 1")


def failing(path: object, sql: str) -> sqlite3.Error:
    with pytest.raises(sqlite3.Error) as caught:
        sqlite3.connect(str(path), timeout=0, uri=str(path).startswith("file:")).execute(sql)
    return caught.value


@pytest.mark.parametrize(
    ("make", "key", "code"),
    [
        (broken_records, "cli.records-broken", 5),
        (read_only_records, "cli.read-only", 4),
        (busy_records, "cli.records-busy", 4),
        (absent_records, "cli.records-closed", 4),
    ],
)
def test_what_ails_the_records_is_told_apart(
    make: Callable[[Path], sqlite3.Error], key: str, code: int, tmp_path: Path
) -> None:
    assert explained(make(tmp_path))[::2] == (key, code)


def test_an_error_that_the_records_library_wrapped_is_recognised(tmp_path: Path) -> None:
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = busy_records(tmp_path)
    assert explained(wrapped)[0] == "cli.records-busy"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["nonsense"],
        ["status", "--nonsense"],
        ["query"],
        ["query", "SELECT 1"],
        ["permit", "issue", "--project", "P", "--terms", "/no/such/file"],
        ["account", "add", "x", "--role", "emperor"],
        ["ledger", "show", "--from", "-1"],
        ["ledger", "prove", "many"],
        ["synth", "snds", "o", "--people", "9", "--years", "soon", "--seed", "1"],
        ["deliver", "/no/such/folder", "--holder", "cnam"],
        ["deliver", "/tmp", "--holder", "cnam", "--class", "C9"],
    ],
    ids=" ".join,
)
def test_a_command_that_makes_no_sense_is_bad_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    plain = capsys.readouterr()
    assert plain.out == "" and "egide: " in plain.err and "Traceback" not in plain.err
    assert main([*arguments, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["exit"] == 2


def test_no_hub_is_bad_usage_with_options_on_either_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ["--json", "--home", str(tmp_path), "status"],
        ["status", "--home", str(tmp_path), "--json"],
    ):
        assert main(arguments) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "hub.absent"


COMMAND = [sys.executable, "-c", "import sys; from egide.cli import main; sys.exit(main())"]


def test_a_reader_that_leaves_is_no_failure() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run([*COMMAND, "--help"], stdout=closed, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_output_that_cannot_be_written_is_said() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 4
    assert "space" in done.stderr and "Traceback" not in done.stderr


def test_closed_streams_change_nothing_else() -> None:
    def close() -> None:
        os.close(1)
        os.close(2)

    assert subprocess.run([*COMMAND, "--help"], preexec_fn=close).returncode == 0


def test_ctrl_c_ends_a_command_with_one_sentence(tmp_path: Path) -> None:
    out = tmp_path / "out"
    endless = ["synth", "snds", str(out), "--people", "9000000", "--years", "2014-2035", "--seed", "1"]
    with subprocess.Popen(
        [*COMMAND, *endless],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background ignores it
    ) as run:
        deadline = time.monotonic() + 60
        while not (out / "IR_BEN_R.csv").exists():
            assert time.monotonic() < deadline and run.poll() is None
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert said[0] == "" and said[1].count("\n") == 1 and "interrupted" in said[1]
