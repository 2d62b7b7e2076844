"""`egide person`: persons' rights."""

from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

app = group()


@command(app, "object", example="egide person object - --dataset snds-cnam < objections.csv")
def object_(
    run: Run,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help='One person a line, as their holder names them; "-": standard input.'
        ),
    ],
    dataset: Annotated[
        str, typer.Option("--dataset", metavar="D", help="The dataset that holds their rows.")
    ],
) -> Shown:
    """Add persons to the exclusion list, from the next query on. No line is repeated anywhere."""
    from egide.cli.files import lines_of
    from egide.journey.rights import object_ as act

    return Shown(act(run.hub(), lines_of(file), dataset=dataset))
