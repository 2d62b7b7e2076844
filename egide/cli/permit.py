"""`egide permit`: what the authority granted and the machine enforces."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run
from egide.cli.show import row

if TYPE_CHECKING:
    from rich.console import Console

app = group()

Permit = Annotated[str, typer.Argument(metavar="PERMIT", help="The permit's id.")]
Terms = Annotated[
    Path,
    typer.Option("--terms", metavar="FILE.toml", exists=True, dir_okay=False, help="The permit's terms."),
]


@command(
    app,
    "issue",
    example="egide permit issue --project asthma --terms terms.toml --as authority.json",
    acts=True,
)
def issue(
    run: Run,
    project: Annotated[str, typer.Option("--project", metavar="P", help="The authorised project.")],
    terms: Terms,
) -> Shown:
    """Issue a permit within what was asked and authorised."""
    from egide.journey.access import issue as act
    from egide.journey.access import read_terms
    from egide.model.errors import BadUsage

    document = read_terms(terms)
    if document.setdefault("project", project) != project:
        raise BadUsage("cli.other-project", project=project)
    hub = run.hub()
    return Shown(row(act(hub, document, run.actor(hub))))


@command(app, "show", example="egide permit show P-1a2b3c4d")
def show(run: Run, permit: Permit) -> Shown:
    """Show a permit's terms, state and signature."""
    from egide.journey.look import permit_show

    return Shown(permit_show(run.hub(), permit))


@command(app, "explain", example="egide permit explain P-1a2b3c4d")
def explain(run: Run, permit: Permit) -> Shown:
    """Say why a column or a person's rows are absent."""
    from egide.journey.look import permit_explain

    found = permit_explain(run.hub(), permit)
    return Shown(found, lambda console: _draw(console, found))


def _draw(console: "Console", found: dict[str, Any]) -> None:
    from egide.cli.show import clean, table_of
    from egide.model.messages import say

    words = [say(f"cli.{w}") for w in ("column", "shown", "why")]
    for table in found["tables"]:
        rows = [[c["column"], say("cli.yes" if c["shown"] else "cli.no"), c["why"]] for c in table["columns"]]
        console.print(table_of(words, rows, table["table"]))
    for line in found["rows"]:
        console.out(clean(line))


@command(
    app, "amend", example="egide permit amend P-1a2b3c4d --terms terms-2.toml --as authority.json", acts=True
)
def amend(run: Run, permit: Permit, terms: Terms) -> Shown:
    """Put another permit in this one's place, which points back to it."""
    from egide.journey.access import amend as act
    from egide.journey.access import read_terms

    document = read_terms(terms)
    hub = run.hub()
    return Shown(row(act(hub, permit, document, run.actor(hub))))


@command(
    app,
    "revoke",
    example='egide permit revoke P-1a2b3c4d --reason "the study ended early" --as authority.json',
    acts=True,
)
def revoke(
    run: Run,
    permit: Permit,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
) -> Shown:
    """End a permit at once: the next query is refused."""
    from egide.journey.access import revoke as act

    hub = run.hub()
    return Shown(row(act(hub, permit, reason, run.actor(hub))))
