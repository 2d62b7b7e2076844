"""How a function becomes a command: the options that all share, its example, and one answer in one of two forms."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from egide.cli.options import AS_HELP, HOME_HELP, JSON_HELP, SETTINGS, Run

if TYPE_CHECKING:
    from rich.console import Console

    from egide.model.errors import HubError

Home = Annotated[Path | None, typer.Option("--home", metavar="DIR", help=HOME_HELP)]
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]
As = Annotated[
    Path | None,
    typer.Option("--as", metavar="FILE", envvar="EGIDE_IDENTITY", show_envvar=False, help=AS_HELP),
]


@dataclass(frozen=True)
class Shown:
    """A command's answer. `view` draws it for a person; without one its fields are listed. `problem`: the answer is
    whole, and it is bad news that sets the exit code. `then` runs once the answer is out (a server, say)."""

    data: dict[str, Any]
    view: "Callable[[Console], None] | None" = None
    problem: "HubError | None" = None
    then: Callable[[], None] | None = None


Body = Callable[..., Shown]


def group() -> typer.Typer:
    """A group of commands, or a module of single ones."""
    made = typer.Typer(
        rich_markup_mode=None,
        no_args_is_help=True,
        add_completion=False,
        context_settings=SETTINGS,
    )
    made.callback()(_nothing)
    return made


def _nothing() -> None:
    """Keeps Typer from taking the only command of a group for the group itself."""


def command(app: typer.Typer, name: str, *, example: str, acts: bool = False) -> Callable[[Body], Body]:
    """Registers `body(run, ...)`. Its docstring is its help, `example` a line that works; `acts`: somebody signs."""

    def register(body: Body) -> Body:
        app.command(name, help=inspect.getdoc(body), epilog=f"\b\nExample:\n  {example}")(
            _callback(body, acts)
        )
        return body

    return register


def _callback(body: Body, acts: bool) -> Callable[..., None]:
    def call(ctx: typer.Context, **given: Any) -> None:
        before = ctx.find_root().obj or {"home": None, "json": False}
        home, json = given.pop("home"), given.pop("json")
        run = Run(home or before["home"], json or before["json"], given.pop("identity", None))
        _answer(run, body(run, **given))

    own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]
    shared = [_option("identity", As, None)] if acts else []
    shared += [_option("home", Home, None), _option("json", Json, False)]
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    signature = inspect.Signature([context, *own, *shared])
    call.__signature__ = signature  # type: ignore[attr-defined]  # what Typer reads the options from
    call.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return call


def _option(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _answer(run: Run, shown: Shown) -> None:
    from egide.cli.show import print_json, print_view

    if run.json:
        print_json(shown.data, shown.problem)
    else:
        print_view(shown.data, shown.view)
    if shown.problem is not None:
        from egide.cli.ending import complain

        complain(str(shown.problem))
        raise typer.Exit(shown.problem.exit_code)
    if shown.then is not None:
        shown.then()
