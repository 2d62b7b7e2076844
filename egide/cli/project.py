"""`egide project`: who asks, what committees say, what the authority decides. Each is a signed act."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run
from egide.cli.show import row

app = group()

Project = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's id.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why: needed for anything but a plain yes.")
]


class Opinion(StrEnum):
    FAVOURABLE = "favourable"
    CONDITIONS = "favourable-with-conditions"
    UNFAVOURABLE = "unfavourable"


class Decision(StrEnum):
    GRANT = "grant"
    REFUSE = "refuse"


@command(app, "apply", example="egide project apply application.toml --as ada.json", acts=True)
def apply(
    run: Run,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.toml", exists=True, dir_okay=False, help="What the project asks for."),
    ],
) -> Shown:
    """File a project's application."""
    from egide.journey.access import apply as act
    from egide.journey.access import read_terms

    document = read_terms(file)
    hub = run.hub()
    return Shown(row(act(hub, document, run.actor(hub))))


@command(
    app,
    "opinion",
    example="egide project opinion asthma --decision favourable --as committee.json",
    acts=True,
)
def opinion(
    run: Run,
    project: Project,
    decision: Annotated[Opinion, typer.Option("--decision", help="What the committee says.")],
    reason: Reason = "",
) -> Shown:
    """Give a committee's opinion on the application as filed."""
    from egide.journey.access import give_opinion

    hub = run.hub()
    return Shown(row(give_opinion(hub, project, decision.value, reason, run.actor(hub))))


@command(
    app, "authorise", example="egide project authorise asthma --decision grant --as authority.json", acts=True
)
def authorise(
    run: Run,
    project: Project,
    decision: Annotated[Decision, typer.Option("--decision", help="What the authority decides.")],
    reason: Reason = "",
) -> Shown:
    """Decide on a project that has its opinion."""
    from egide.journey.access import authorise as act

    hub = run.hub()
    return Shown(row(act(hub, project, decision.value, reason, run.actor(hub))))


@command(app, "list", example="egide project list")
def list_(run: Run) -> Shown:
    """List the projects and where they stand."""
    from egide.journey.look import project_list

    return Shown({"projects": project_list(run.hub())})


@command(app, "show", example="egide project show asthma")
def show(run: Run, project: Project) -> Shown:
    """Show a project: what it asked for, who said what, its permits."""
    from egide.journey.look import project_show

    return Shown(project_show(run.hub(), project))
