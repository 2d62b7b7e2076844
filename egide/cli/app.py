"""The list of commands. A command's module is imported when it is called, so that help is there at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from egide.cli.options import HOME_HELP, JSON_HELP, SETTINGS


@dataclass(frozen=True)
class Place:
    """Where a command is: its module, what it does in a line, and whether it holds commands itself."""

    module: str
    summary: str
    group: bool = False


COMMANDS = {
    "init": Place("start", "Make a hub: keys, records, store, the owner's account, holder cnam."),
    "demo": Place("demo", "Take invented persons through the whole hub, then show its pages."),
    "serve": Place("demo", "Show the hub's pages on this machine, until Ctrl-C."),
    "status": Place("look", "Say what the hub holds."),
    "doctor": Place("look", "Look for what is wrong: leftovers, orphans, weak set-ups."),
    "synth": Place("synth", "Invent deliveries.", group=True),
    "account": Place("account", "Enrol persons and services.", group=True),
    "holder": Place("holder", "Register organisations that deliver.", group=True),
    "pseudonymise": Place("deliver", "At the holder: write a signed, encrypted package without identifiers."),
    "deliver": Place("deliver", "Take a delivery in: verify, check, pseudonymise, seal, catalogue."),
    "quarantine": Place("quarantine", "See which rows were refused, and why.", group=True),
    "catalogue": Place("catalogue", "See what the hub holds, since when, from whom.", group=True),
    "snapshot": Place("snapshot", "List, compare and verify datasets as they were.", group=True),
    "project": Place("project", "Apply, give an opinion, authorise.", group=True),
    "permit": Place("permit", "Issue, explain, amend and revoke permits.", group=True),
    "query": Place("query", "Ask a question in SQL within a permit."),
    "output": Place("output", "Review results and release them, once.", group=True),
    "ledger": Place("ledger", "Show, prove, verify and export what was recorded.", group=True),
    "key": Place("key", "See the hub's keys.", group=True),
    "backup": Place("backup", "Create, verify and restore sealed backups of the records.", group=True),
    "person": Place("person", "Persons' rights: objection.", group=True),
}


class Modules(Mapping[str, Any]):
    """Commands by name; looking one up imports its module."""

    def __getitem__(self, name: str) -> Any:
        place = COMMANDS[name]
        app: typer.Typer = import_module(f"egide.cli.{place.module}").app
        if place.group:
            group = get_group(app)
            group.name, group.help = name, place.summary
            group.epilog = next(iter(group.commands.values())).epilog
            return group
        made = get_command(app)
        return made.commands[name] if isinstance(made, TyperGroup) else made

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class LazyGroup(TyperGroup):
    """A group that lists its commands without importing them."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        self.commands = Modules()  # type: ignore[assignment]  # nothing is ever added to it

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in COMMANDS.items()])


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,  # Rich's help costs 150 ms of imports
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
    epilog="\b\nExample:\n  egide demo --people 1000 --no-serve",
)


def _version(asked: bool) -> None:
    if asked:
        from egide import __version__

        typer.echo(f"egide {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    home: Annotated[Path | None, typer.Option("--home", metavar="DIR", help=HOME_HELP)] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Égide: a health data hub whose host is blind.

    Exit codes: 0 done, 1 refused by a rule, 2 bad usage, 3 bad input, 4 out of reach, 5 tampering detected.
    EGIDE_LANG=fr or en chooses the language of messages.
    """
    ctx.obj = {"home": home, "json": json}
