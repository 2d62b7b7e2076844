"""`egide output`: results that somebody would like to take out: reviewed by two, released once."""

import csv
import io
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run
from egide.cli.show import row

if TYPE_CHECKING:
    from egide.model.records import OutputRow
    from egide.wiring import Hub

app = group()

Output = Annotated[str, typer.Argument(metavar="OUTPUT", help="The output's id.")]


class Decision(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"


@command(app, "list", example="egide output list")
def list_(run: Run) -> Shown:
    """List the outputs and where they stand."""
    from egide.journey.look import output_list

    return Shown({"outputs": output_list(run.hub())})


@command(app, "show", example="egide output show O-1a2b3c4d --content --as reviewer.json", acts=True)
def show(
    run: Run,
    output: Output,
    content: Annotated[bool, typer.Option("--content", help="Its table too: for reviewers.")] = False,
) -> Shown:
    """Show an output's findings and reviews, and to a reviewer its content."""
    from egide.journey.look import output_show
    from egide.journey.out import output_named

    hub = run.hub()
    found = output_show(hub, output)
    if content:
        found["content"] = _content(hub, run, output_named(hub, output))
    return Shown(found)


def _content(hub: "Hub", run: Run, found: "OutputRow") -> list[dict[str, str]]:
    """Raises Denied when who asks is no reviewer."""
    from egide.journey.out import content_for

    return list(csv.DictReader(io.StringIO(content_for(hub, found, run.actor(hub)).decode())))


@command(
    app, "review", example="egide output review O-1a2b3c4d --decision approve --as reviewer.json", acts=True
)
def review(
    run: Run,
    output: Output,
    decision: Annotated[Decision, typer.Option("--decision", help="May it leave?")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: needed to refuse.")] = "",
) -> Shown:
    """Review an output. Two persons, neither its author, must approve this very content."""
    from egide.journey.out import review as act

    hub = run.hub()
    return Shown(row(act(hub, output, decision.value, reason, run.actor(hub))))


@command(app, "release", example="egide output release O-1a2b3c4d --to ./released", acts=True)
def release(
    run: Run,
    output: Output,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="DIR", help="A folder for the file and its receipt; else released-OUTPUT."
        ),
    ] = None,
) -> Shown:
    """Write an approved output and its signed receipt, once. Anyone can check the receipt offline."""
    from egide.cli.files import absent
    from egide.journey.out import RECEIPT, RESULT
    from egide.journey.out import release as act

    hub = run.hub()
    run.actor(hub)
    folder = act(hub, output, absent(to or Path(f"released-{output}")))
    return Shown({"output": output, "folder": folder, "files": [RESULT, RECEIPT]})
