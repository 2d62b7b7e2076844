"""The commands as they are listed: promised names, shared options, examples, and nothing heavy before it is needed."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from egide.cli import main
from egide.cli.app import COMMANDS, app
from egide.cli.manual import commands, help_of, leaves, manual

ROOT = Path(__file__).parents[3]
HEAVY = (
    "django",
    "duckdb",
    "pyarrow",
    "numpy",
    "sqlglot",
    "cryptography",
    "pydantic",
    "rich",
    "jinja2",
    "egide.journey",
    "egide.wiring",
    "egide.portal",
    "egide.registry",
)
# DESIGN 8, as far as it is built.
PROMISED = """
init demo serve status doctor | synth snds | account add | account list | holder add | holder list | pseudonymise
deliver | quarantine list | quarantine show | quarantine export | catalogue list | catalogue show | catalogue search
catalogue export | snapshot list | snapshot show | snapshot diff | snapshot verify | project apply | project opinion
project authorise | project list | project show | permit issue | permit show | permit explain | permit amend
permit revoke | query | output list | output show | output review | output release | ledger show | ledger prove
ledger verify | ledger export | ledger witness | key list | backup create | backup restore | backup verify
person object
"""
ACTS = {
    "project apply",
    "project opinion",
    "project authorise",
    "permit issue",
    "permit amend",
    "permit revoke",
    "query",
    "output review",
    "output release",
    "pseudonymise",
}


def promised() -> set[str]:
    names = set()
    for line in PROMISED.strip().splitlines():
        for part in line.split("|"):
            words = part.split()
            groups = bool(words) and COMMANDS.get(words[0]) is not None and COMMANDS[words[0]].group
            names |= {" ".join(words)} if groups else set(words)
    return names


def options_of(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def loaded_after(code: str) -> list[str]:
    """Which heavy modules a fresh interpreter holds after running the code."""
    script = f"{code}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stderr.split()


def test_the_promised_commands_are_there() -> None:
    assert promised() <= {name for name, _ in leaves()}


def test_help_loads_nothing_heavy() -> None:
    assert loaded_after("from egide.cli import main; assert main(['--help']) == 0") == []


def test_the_help_of_every_command_loads_nothing_heavy() -> None:
    tree = "from egide.cli.manual import commands, help_of\n"
    assert loaded_after(f"{tree}assert len([help_of(n, c) for n, c in commands()]) > 50") == []


def test_loading_is_seen_where_it_happens() -> None:
    assert "egide.wiring" in loaded_after(
        "from egide.cli import main; assert main(['status', '--home', '/nowhere']) == 2"
    )


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda v: v if isinstance(v, str) else "")
def test_every_help_has_an_example_that_its_own_command_understands(name: str, command: Any) -> None:
    text = help_of(name, command)
    assert "Example:" in text
    example = text.split("Example:")[1].strip()
    words = shlex.split(example.split(" < ")[0].split(" > ")[0])
    assert words[0] == "egide" and " ".join(words[1:]).startswith(name)
    found = root = get_command(app)
    rest = words[1:]
    while hasattr(found, "commands"):
        found, rest = found.commands[rest[0]], rest[1:]
    asked = [word for word in rest if word.startswith("--")]
    assert set(asked) <= options_of(found)
    required = {p.opts[0] for p in found.params if p.required and p.param_type_name == "option"}
    assert required <= set(asked)
    assert root is not found


@pytest.mark.parametrize(("name", "command"), list(leaves()), ids=lambda v: v if isinstance(v, str) else "")
def test_every_command_has_the_shared_options_and_says_what_it_does(name: str, command: Any) -> None:
    assert {"--json", "--home"} <= options_of(command)
    assert ("--as" in options_of(command)) is (name in ACTS or name == "output show")
    assert command.help.endswith((".", "?")) or "\n" in command.help
    assert all(p.help for p in command.params if p.param_type_name == "option")


@pytest.mark.parametrize("name", [n for n, p in COMMANDS.items() if not p.group])
def test_the_listed_summary_is_the_command_s_own_first_line(name: str) -> None:
    own = get_command(app).commands[name].help.splitlines()[0]
    assert COMMANDS[name].summary in own


def test_typing_nothing_is_asking_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: egide")


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    import egide

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"egide {egide.__version__}\n"


def test_the_written_manual_is_what_the_commands_say_now() -> None:
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == manual()


def sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads((ROOT / "egide/model/messages/cli.toml").read_text("utf-8"))["cli"]


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    code = "\n".join(p.read_text("utf-8") for p in (ROOT / "egide/cli").glob("*.py"))
    used = set(re.findall(r"""["']cli\.([a-z-]+)["']""", code))
    words = {
        word
        for line in re.findall(r'f"cli\.\{w\}"\) for w in \(([^)]*)\)', code)
        for word in re.findall(r'"([a-z-]+)"', line)
    }
    verdicts = {f"verdict-{v}" for v in ("accepted", "dry-run", "unchanged")}
    assert used | words | verdicts == sentences().keys() | {"usage"}


def test_both_languages_say_the_same_facts() -> None:
    for key, said in sentences().items():
        facts = [sorted(re.findall(r"{(\w+)}", said[lang])) for lang in ("fr", "en")]
        assert facts[0] == facts[1], key
