"""`egide quarantine`: which rows were refused, and why; whole, only for the holder's eyes."""

from pathlib import Path
from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

app = group()

Delivery = Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id.")]


@command(app, "list", example="egide quarantine list")
def list_(
    run: Run,
    delivery: Annotated[
        str | None, typer.Argument(metavar="[DELIVERY]", help="One delivery; else all of them.")
    ] = None,
) -> Shown:
    """Count refused rows by delivery, table, rule and column."""
    from egide.journey.look import quarantine_list

    return Shown({"quarantine": quarantine_list(run.hub(), delivery)})


@command(app, "show", example="egide quarantine show cnam-2024-03 --table ER_PRS_F --limit 20")
def show(
    run: Run,
    delivery: Delivery,
    table: Annotated[str | None, typer.Option("--table", metavar="T", help="One table only.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many rows.")] = 100,
) -> Shown:
    """Say for each refused row its file, line, column and rule. No value is shown."""
    from egide.journey.look import quarantine_show

    return Shown({"rows": quarantine_show(run.hub(), delivery, table=table, limit=limit)})


@command(app, "export", example="egide quarantine export cnam-2024-03 --to refused.age --recipient age1...")
def export(
    run: Run,
    delivery: Delivery,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The encrypted file to write.")],
    recipient: Annotated[
        str,
        typer.Option("--recipient", metavar="AGE", help="The holder's age recipient: only they can open it."),
    ],
) -> Shown:
    """Write the refused rows, whole, encrypted to their holder."""
    from egide.cli.files import absent
    from egide.journey.look import quarantine_export

    return Shown(quarantine_export(run.hub(), delivery, to=absent(to), recipient=recipient))
