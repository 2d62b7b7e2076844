"""`egide catalogue`: what the hub holds, since when, from whom. Nothing small is counted."""

from pathlib import Path
from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

app = group()


@command(app, "list", example="egide catalogue list")
def list_(run: Run) -> Shown:
    """List the datasets."""
    from egide.journey.catalogue import catalogue_list

    return Shown({"datasets": catalogue_list(run.hub())})


@command(app, "show", example="egide catalogue show snds-cnam-c0/ER_PRS_F/EXE_SOI_DTD")
def show(
    run: Run,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="DATASET, DATASET/TABLE or DATASET/TABLE/COLUMN.")
    ],
) -> Shown:
    """Show a dataset, a table or a column with its profile."""
    from egide.journey.catalogue import catalogue_show

    return Shown(catalogue_show(run.hub(), name))


@command(app, "search", example='egide catalogue search "date de soins"')
def search(
    run: Run,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="In French or in English.")],
) -> Shown:
    """Search tables, columns and codes; accents and typos are forgiven."""
    from egide.journey.catalogue import catalogue_search
    from egide.model.messages import language

    return Shown({"hits": catalogue_search(run.hub(), " ".join(words), language())})


@command(app, "export", example="egide catalogue export catalogue.json")
def export(
    run: Run, file: Annotated[Path, typer.Argument(metavar="FILE", help="The JSON file to write.")]
) -> Shown:
    """Write the whole catalogue as one file that may be published."""
    from egide.cli.files import absent
    from egide.journey.catalogue import catalogue_export

    return Shown(catalogue_export(run.hub(), absent(file)))
